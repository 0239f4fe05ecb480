"""KServe's model server: v1 JSON, and v2 with the binary extension for raw bytes."""

import os

import kserve
import uvicorn
from kserve import InferOutput, InferRequest, InferResponse
from scorer import Scorer

configure = uvicorn.Config.__init__
uvicorn.Config.__init__ = lambda self, *args, **options: configure(self, *args, **{**options, "host": "127.0.0.1"})


class Model(kserve.Model):
    def load(self):
        self.scorer = Scorer()
        self.ready = True

    async def predict(self, payload, headers=None, response_headers=None):
        if not isinstance(payload, InferRequest):
            return {"predictions": self.scorer.json(payload["instances"])}
        result = self.scorer(payload.inputs[0].as_numpy())
        output = InferOutput("output", list(result.shape), "FP32", result.ravel().tolist())
        return InferResponse(payload.id, self.name, [output])


if __name__ == "__main__":
    model = Model("bench")
    model.load()
    kserve.ModelServer(
        http_port=int(os.environ["PORT"]), workers=int(os.environ["WORKERS"]), enable_grpc=False
    ).start([model])
