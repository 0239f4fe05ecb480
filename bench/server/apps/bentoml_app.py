"""BentoML: one worker; or as many as asked, with adaptive batching."""

import os
from pathlib import Path
from typing import Annotated

import bentoml
import numpy as np
from scorer import Scorer

BATCH = int(os.environ["BATCH"])
batching = {"batchable": True, "max_batch_size": BATCH} if BATCH > 1 else {}


@bentoml.service(workers=int(os.environ["WORKERS"]), traffic={"timeout": 60})
class Bench:
    def __init__(self):
        self.scorer = Scorer()

    @bentoml.api(**batching)
    def predict(self, data: np.ndarray) -> np.ndarray:
        return self.scorer(np.asarray(data, np.float32))

    @bentoml.api
    def raw(self, data: Annotated[Path, bentoml.validators.ContentType("application/octet-stream")], /) -> list:
        return self.scorer.raw(data.read_bytes())
