"""An entry script as its users write it."""

import json

from scorer import Scorer


def init():
    global scorer
    scorer = Scorer()


def run(raw_data):
    return {"result": scorer.json(json.loads(raw_data)["data"])}
