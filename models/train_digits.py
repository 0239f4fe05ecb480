"""Trains the handwritten-digits classifier of the quickstart and writes it as ONNX.

    python -m venv venv && venv/bin/pip install -r models/requirements.txt
    venv/bin/python models/train_digits.py

Writes beside itself: digits.onnx, digits-samples.json (request bodies of rows that training never saw) and
digits-labels.json (their true labels, in the same order). Run twice, it writes the same bytes.
"""

import json
import os
from pathlib import Path

# One thread: floating-point sums, and so the weights, then do not depend on the number of cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from onnxruntime import InferenceSession
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

HERE = Path(__file__).parent
SEED = 7
REQUIRED_ACCURACY = 0.97
SAMPLES = 48
# Opset 17 (2022) is read by every ONNX Runtime since 1.12.
OPSET = {"": 17, "ai.onnx.ml": 3}


def train(pixels, labels):
    """Pixels are 0 to 16; scaled to 0 to 1 inside the model, so that callers send them as they are."""
    model = make_pipeline(
        MinMaxScaler(),
        MLPClassifier(hidden_layer_sizes=(96,), alpha=0.3, max_iter=400, random_state=SEED),
    )
    model.fit(pixels, labels)
    # Weight decay leaves weights of 1e-40 behind pixels that are always blank; such denormal numbers are slow to multiply.
    for weights in model[-1].coefs_:
        weights[np.abs(weights) < 1e-6] = 0
    return model


def export(model):
    """One input `image` [N, 64]; outputs `label` [N] and `probabilities` [N, 10], both tensors."""
    onnx_model = to_onnx(
        model,
        name="digits",
        initial_types=[("image", FloatTensorType([None, 64]))],
        # A ZipMap would make the probabilities a sequence of maps, which few runtimes can return.
        options={id(model): {"zipmap": False}},
        target_opset=OPSET,
    )
    for tensor in [*onnx_model.graph.input, *onnx_model.graph.output]:
        tensor.type.tensor_type.shape.dim[0].dim_param = "N"  # how many images; unnamed otherwise
    onnx_model.doc_string = "Handwritten digits, 8x8 pixels of 0 to 16, row by row"
    return onnx_model.SerializeToString(deterministic=True)


def main():
    digits = load_digits()
    train_pixels, test_pixels, train_labels, test_labels = train_test_split(
        digits.data.astype(np.float32), digits.target, test_size=0.25, random_state=SEED, stratify=digits.target
    )
    model = train(train_pixels, train_labels)
    content = export(model)

    # What is judged is the exported file, as it will be served.
    session = InferenceSession(content, providers=["CPUExecutionProvider"])
    predicted, probabilities = session.run(["label", "probabilities"], {"image": test_pixels})
    accuracy = float((predicted == test_labels).mean())
    drift = float(np.abs(probabilities - model.predict_proba(test_pixels)).max())
    print(f"held-out accuracy {accuracy:.4f} on {len(test_labels)} rows; ONNX and scikit-learn differ by {drift:.1e} at most")
    if accuracy < REQUIRED_ACCURACY:
        raise SystemExit(f"held-out accuracy {accuracy:.4f} is below {REQUIRED_ACCURACY}")

    (HERE / "digits.onnx").write_bytes(content)
    bodies = [{"image": [[int(pixel) for pixel in row]]} for row in test_pixels[:SAMPLES]]
    write_rows("digits-samples.json", bodies)
    write_rows("digits-labels.json", [int(label) for label in test_labels[:SAMPLES]])
    print(f"digits.onnx: {len(content)} bytes; {SAMPLES} samples")


def write_rows(name, rows):
    """One row a line: readable, and small in a diff."""
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    (HERE / name).write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
