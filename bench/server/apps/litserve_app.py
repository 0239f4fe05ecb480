"""LitServe: one worker; or as many as asked, with batches of up to 16."""

import os
from typing import Annotated

import litserve as ls
import numpy as np
from fastapi import Body
from scorer import Scorer

WORKERS = int(os.environ["WORKERS"])
BATCH = int(os.environ["BATCH"])


class Json(ls.LitAPI):
    def setup(self, device):
        self.scorer = Scorer()

    def decode_request(self, request):
        return np.array(request["data"], np.float32)

    def batch(self, inputs):
        return np.concatenate(inputs)

    def predict(self, x):
        return self.scorer(x)

    def unbatch(self, output):
        return list(output[:, None] if output.ndim > 1 else output)

    def encode_response(self, output):
        return {"result": output.tolist()}


class Raw(Json):
    def decode_request(self, request: Annotated[bytes, Body()]):
        return request

    def predict(self, x):
        return np.array(self.scorer.raw(x))


if __name__ == "__main__":
    batching = {"max_batch_size": BATCH, "batch_timeout": 0.005} if BATCH > 1 else {}
    api = Raw() if os.environ.get("RAW") else Json(**batching)
    ls.LitServer(api, accelerator="cpu", workers_per_device=WORKERS, timeout=60).run(
        host="127.0.0.1", port=int(os.environ["PORT"]), num_api_servers=WORKERS, generate_client_file=False
    )
