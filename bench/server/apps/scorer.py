"""What every Python server here calls: one ONNX Runtime session, one thread, the model's first output."""

import os

import numpy as np
import onnxruntime as ort

IMAGE_SHAPE = (1, 3, 224, 224)


class Scorer:
    def __init__(self):
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        model = os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.onnx")
        self.session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.outputs = [self.session.get_outputs()[0].name]

    def __reduce__(self):
        # a session cannot travel to a worker process; what makes one can
        return Scorer, ()

    def __call__(self, array):
        return self.session.run(self.outputs, {"data": array})[0]

    def json(self, nested):
        return self(np.array(nested, np.float32)).tolist()

    def raw(self, body):
        return self(np.frombuffer(body, np.float32).reshape(IMAGE_SHAPE)).tolist()
