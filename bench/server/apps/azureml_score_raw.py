"""The same for raw bytes."""

from azureml_inference_server_http.api.aml_request import rawhttp
from scorer import Scorer


def init():
    global scorer
    scorer = Scorer()


@rawhttp
def run(request):
    return {"result": scorer.raw(request.get_data())}
