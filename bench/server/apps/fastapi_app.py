"""FastAPI, uvicorn and ONNX Runtime, put together by hand."""

from fastapi import FastAPI, Request
from pydantic import BaseModel
from scorer import Scorer

app = FastAPI()
scorer = Scorer()


class Input(BaseModel):
    data: list


@app.get("/health")
async def health():
    return "ok"


@app.post("/score")
def score(body: Input):
    return {"result": scorer.json(body.data)}


@app.post("/raw")
async def raw(request: Request):
    return {"result": scorer.raw(await request.body())}
