"""MLServer: a custom runtime behind its v2 JSON route."""

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse
from scorer import Scorer


class Model(MLModel):
    async def load(self):
        self.scorer = Scorer()
        return True

    async def predict(self, payload):
        array = NumpyCodec.decode_input(payload.inputs[0]).astype("float32", copy=False)
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("output", self.scorer(array))])
