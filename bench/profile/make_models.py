"""Makes the accuracy benchmark's models, with fixed seeds, and varied inputs for each.

    python make_models.py <folder>

Writes <folder>/<model>/{model.onnx, inputs.<json|jsonl|csv|npy>}; entry scripts lie beside this file and get inputs only.
Where the model can be run here, its answers are compared: a model that answers all inputs alike would hide a fault.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

SAMPLES = 32


class Graph:
    """Nodes and weights of a model, added one after the other; each method returns the name of what it computes."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes = []
        self.weights = []

    def weight(self, *shape, scale=1.0):
        return self.constant(self.random.standard_normal(shape, dtype=np.float32) * np.float32(scale))

    def constant(self, values):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def op(self, kind, *inputs, **attributes):
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def dense(self, x, size, width):
        return self.op("Gemm", x, self.weight(size, width, scale=size**-0.5), self.weight(width, scale=0.1))

    def convolution(self, x, channels, width, kernel, **attributes):
        fan_in = channels * int(np.prod(kernel))
        weights = self.weight(width, channels, *kernel, scale=(2 / fan_in) ** 0.5)
        pads = [k // 2 for k in kernel] * 2
        return self.op("Relu", self.op("Conv", x, weights, self.weight(width, scale=0.1), pads=pads, **attributes))

    def save(self, folder, takes, result, shape):
        """`takes` is (name, element type, shape); the model answers `result` as `scores`."""
        self.nodes.append(helper.make_node("Identity", [result], ["scores"]))
        graph = helper.make_graph(
            self.nodes,
            "bench",
            [helper.make_tensor_value_info(*takes)],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, shape)],
            self.weights,
        )
        opset = [helper.make_opsetid("", 17)]
        onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), folder / "model.onnx")


def write_json(folder, bodies):
    (folder / "inputs.json").write_text(json.dumps(bodies))


def tiny(folder):
    """10 -> 64 -> 3, as a tabular model has it: the server costs more than the model."""
    g = Graph(1)
    scores = g.dense(g.op("Relu", g.dense("x", 10, 64)), 64, 3)
    g.save(folder, ("x", TensorProto.FLOAT, ["batch", 10]), scores, ["batch", 3])
    write_json(folder, [{"x": row[None].round(4).tolist()} for row in g.random.standard_normal((SAMPLES, 10))])


def mlp(folder):
    """128 -> 512 -> 256 -> 10, the smallest whose layers ONNX Runtime shares among threads; for the comparison of session options."""
    g = Graph(12)
    x = g.op("Relu", g.dense(g.op("Relu", g.dense("x", 128, 512)), 512, 256))
    g.save(folder, ("x", TensorProto.FLOAT, ["batch", 128]), g.dense(x, 256, 10), ["batch", 10])
    write_json(folder, [{"x": row[None].round(4).tolist()} for row in g.random.standard_normal((SAMPLES, 128))])


def trees(folder):
    """200 trees of scikit-learn; its inputs are a table of one column, as Azure ML v1 took them."""
    x, y = make_classification(4000, 20, n_informative=12, n_classes=3, random_state=7)
    forest = RandomForestClassifier(200, max_depth=12, random_state=7, n_jobs=2).fit(x.astype(np.float32), y)
    converted = to_onnx(
        forest,
        initial_types=[("x", FloatTensorType([None, 20]))],
        options={"zipmap": False},
        target_opset=17,
    )
    onnx.save(converted, folder / "model.onnx")
    with open(folder / "inputs.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["body"])
        rows.writerows([json.dumps({"x": x[64 * i : 64 * i + 64].round(4).tolist()})] for i in range(SAMPLES))


def convolutions(folder, seed, side, widths):
    """3×3 convolutions, halving the image each time; images come as a `.npy` file."""
    g = Graph(seed)
    x, channels = "image", 3
    for width in widths:
        x = g.convolution(x, channels, width, (3, 3))
        x = g.convolution(x, width, width, (3, 3), strides=[2, 2])
        channels = width
    pooled = g.op("Flatten", g.op("GlobalAveragePool", x))
    g.save(folder, ("image", TensorProto.FLOAT, ["batch", 3, side, side]), g.dense(pooled, channels, 10), ["batch", 10])
    images = g.random.standard_normal((8, 1, 3, side, side)) * g.random.uniform(0.2, 2, (8, 1, 1, 1, 1))
    np.save(folder / "inputs.npy", images.reshape(8, 3, side, side).astype(np.float32))


def conv_small(folder):
    convolutions(folder, 3, 96, (40, 80, 160))


def conv_medium(folder):
    convolutions(folder, 4, 192, (48, 96, 192, 192))


def dense_300mb(folder):
    """Nearly all cost is in reading the weights, and loading needs more memory than running."""
    g = Graph(5)
    sizes = [256, 4096, 4352, 4096, 4352, 4096]
    x = "x"
    for size, width in zip(sizes, sizes[1:]):
        x = g.op("Relu", g.dense(x, size, width))
    g.save(folder, ("x", TensorProto.FLOAT, ["batch", 256]), g.dense(x, 4096, 10), ["batch", 10])
    write_json(folder, [{"x": row[None].round(4).tolist()} for row in g.random.standard_normal((SAMPLES, 256))])


def transformer(folder):
    """Four encoder blocks, 64 tokens of 256 numbers, four heads."""
    g, tokens, width, heads, words = Graph(6), 64, 256, 4, 1000
    size = width // heads
    split = g.constant(np.array([1, tokens, heads, size]))
    joined = g.constant(np.array([1, tokens, width]))
    norm = lambda x: g.op("LayerNormalization", x, g.constant(np.ones(width, np.float32)), g.constant(np.zeros(width, np.float32)))
    project = lambda x, a, b: g.op("MatMul", x, g.weight(a, b, scale=a**-0.5))
    head = lambda x, perm: g.op("Transpose", g.op("Reshape", project(x, width, width), split), perm=perm)

    x = g.op("Gather", g.weight(words, width), "tokens")
    for _ in range(4):
        query, key, value = head(x, [0, 2, 1, 3]), head(x, [0, 2, 3, 1]), head(x, [0, 2, 1, 3])
        scaled = g.op("Mul", g.op("MatMul", query, key), g.constant(np.float32(size**-0.5)))
        attended = g.op("MatMul", g.op("Softmax", scaled, axis=-1), value)
        attended = g.op("Reshape", g.op("Transpose", attended, perm=[0, 2, 1, 3]), joined)
        x = norm(g.op("Add", x, project(attended, width, width)))
        hidden = g.op("Relu", project(x, width, 4 * width))
        x = norm(g.op("Add", x, project(hidden, 4 * width, width)))
    scores = g.dense(g.op("ReduceMean", x, axes=[1], keepdims=0), width, 5)
    g.save(folder, ("tokens", TensorProto.INT64, [1, tokens]), scores, [1, 5])
    write_json(folder, [{"tokens": row[None].tolist()} for row in g.random.integers(0, words, (SAMPLES, tokens))])


def dynamic(folder):
    """Signals of 200 to 1000 values: the longest costs about five times the shortest. One body a line."""
    g = Graph(7)
    x = g.convolution("signal", 1, 96, (9,))
    for _ in range(6):
        x = g.convolution(x, 96, 96, (9,))
    pooled = g.op("Flatten", g.op("GlobalAveragePool", x))
    g.save(folder, ("signal", TensorProto.FLOAT, [1, 1, "length"]), g.dense(pooled, 96, 4), [1, 4])
    lengths = np.linspace(200, 1000, SAMPLES).astype(int)
    bodies = [{"signal": (g.random.standard_normal((1, 1, n)) * g.random.uniform(0.5, 2)).round(3).tolist()} for n in lengths]
    (folder / "inputs.jsonl").write_text("\n".join(map(json.dumps, bodies)))


def strings(folder):
    """TF-IDF of texts and a logistic regression."""
    random = np.random.default_rng(8)
    words = np.array(["".join(random.choice(list("abcdefghijklmnop"), 6)) for _ in range(3000)])
    texts = [" ".join(random.choice(words[k % 3 * 800 : k % 3 * 800 + 1400], 60)) for k in range(600)]
    pipeline = make_pipeline(TfidfVectorizer(token_pattern="[a-z]+", lowercase=False), LogisticRegression())
    pipeline.fit(texts, np.arange(600) % 3)
    types = [("text", StringTensorType([None, 1]))]
    vectorizer = pipeline.steps[0][1]
    options = {id(pipeline): {"zipmap": False}, id(vectorizer): {"tokenexp": "[a-z]+"}}
    onnx.save(to_onnx(pipeline, initial_types=types, options=options, target_opset=17), folder / "model.onnx")
    write_json(folder, [{"text": [[text] for text in texts[18 * i : 18 * i + 18]]} for i in range(SAMPLES)])


def python_script(folder):
    """Pictures as rows of whole numbers for `scripts/pictures.py`."""
    random = np.random.default_rng(9)
    write_json(folder, [{"picture": random.integers(0, 256, (160, 160)).tolist()} for _ in range(SAMPLES)])


def slow_first(folder):
    """Questions for `scripts/lazy_index.js`."""
    random = np.random.default_rng(10)
    write_json(folder, [{"vector": random.standard_normal(48).round(4).tolist()} for _ in range(SAMPLES)])


def bodies_of(folder):
    for file in folder.glob("inputs.*"):
        text = None if file.suffix == ".npy" else file.read_text()
        if file.suffix == ".npy":
            return [{"image": image[None]} for image in np.load(file)]
        if file.suffix == ".csv":
            return [json.loads(row[0]) for row in list(csv.reader(text.splitlines()))[1:]]
        return [json.loads(line) for line in text.splitlines()] if file.suffix == ".jsonl" else json.loads(text)


def check_answers_differ(folder):
    session = ort.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    element = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(string)": object}
    takes, last = session.get_inputs()[0], session.get_outputs()[-1].name
    bodies = bodies_of(folder)[:4]
    answers = [session.run([last], {takes.name: np.asarray(body[takes.name], element[takes.type])})[0] for body in bodies]
    if any(np.allclose(answers[0], other) for other in answers[1:]) or not all(np.isfinite(a).all() for a in answers):
        raise SystemExit(f"{folder.name} answers different inputs alike, or not with numbers: {answers}")


MODELS = (tiny, mlp, trees, conv_small, conv_medium, dense_300mb, transformer, dynamic, strings, python_script, slow_first)


def main(root):
    for make in MODELS:
        folder = root / make.__name__.replace("_", "-")
        folder.mkdir(parents=True, exist_ok=True)
        make(folder)
        if (folder / "model.onnx").exists():
            check_answers_differ(folder)


main(Path(sys.argv[1]))
