"""Makes the benchmark's models with fixed seeds; for each, 32 inputs and what onnxruntime answers to them.

    python make_models.py <folder>

Writes <folder>/<model>/{model.onnx, input.f32, expected.f32}; the .f32 files are little-endian float32, inputs one after the other.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier

SAMPLES = 32


def tensor(name, values):
    return numpy_helper.from_array(np.ascontiguousarray(values, np.float32), name)


def model(nodes, inputs, outputs, initializers=()):
    def value(name, shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    graph = helper.make_graph(nodes, "bench", [value(*inputs)], [value(*outputs)], list(initializers))
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    return made


def small(random):
    """10 -> 64 -> 3, as a tabular model has it."""
    nodes = [
        helper.make_node("Gemm", ["data", "w1", "b1"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "w2", "b2"], ["scores"]),
    ]
    weights = [
        tensor("w1", random.standard_normal((10, 64)) / 3),
        tensor("b1", random.standard_normal(64)),
        tensor("w2", random.standard_normal((64, 3)) / 8),
        tensor("b2", random.standard_normal(3)),
    ]
    return model(nodes, ("data", ["batch", 10]), ("scores", ["batch", 3]), weights), (1, 10)


def image(_random):
    """The mean of each channel: the work is in moving the image, not in the model."""
    nodes = [helper.make_node("ReduceMean", ["data"], ["means"], axes=[2, 3], keepdims=0)]
    return model(nodes, ("data", [1, 3, 224, 224]), ("means", [1, 3])), (1, 3, 224, 224)


def products(random):
    """Twelve chained products: the work is in the model, and a batch costs little more than one row."""
    names = ["data"] + [f"x{i}" for i in range(1, 13)]
    nodes = [helper.make_node("MatMul", [names[i], f"w{i}"], [names[i + 1]]) for i in range(12)]
    nodes.append(helper.make_node("ReduceMean", [names[12]], ["mean"], axes=[1], keepdims=1))
    weights = [tensor(f"w{i}", random.standard_normal((1024, 1024)) / 32) for i in range(12)]
    return model(nodes, ("data", ["batch", 1024]), ("mean", ["batch", 1]), weights), (1, 1024)


def trees(_random):
    """A forest as scikit-learn's users export it: with the ZipMap, a sequence of maps, at its end."""
    x, y = make_classification(4000, 20, n_informative=12, n_classes=3, random_state=7)
    forest = RandomForestClassifier(100, max_depth=8, random_state=7).fit(x.astype(np.float32), y)
    converted = to_onnx(forest, x[:1].astype(np.float32), target_opset=17)
    converted.graph.input[0].name = "data"
    for node in converted.graph.node:
        for i, name in enumerate(node.input):
            if name == "X":
                node.input[i] = "data"
    assert any(node.op_type == "ZipMap" for node in converted.graph.node)
    return converted, (1, 20)


def main(root):
    for make in (small, image, products, trees):
        random = np.random.default_rng(7)
        made, shape = make(random)
        folder = root / make.__name__
        folder.mkdir(parents=True, exist_ok=True)
        onnx.save(made, folder / "model.onnx")
        inputs = random.standard_normal((SAMPLES, *shape)).astype("<f4")
        session = ort.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
        output = session.get_outputs()[0].name
        expected = [session.run([output], {"data": x})[0].astype("<f4").ravel() for x in inputs]
        inputs.tofile(folder / "input.f32")
        np.concatenate(expected).tofile(folder / "expected.f32")


main(Path(sys.argv[1]))
