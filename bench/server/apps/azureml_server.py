"""Starts azmlinfsrv on the loopback address, for which it has no option."""

from azureml_inference_server_http import constants

constants.DEFAULT_HOST = "127.0.0.1"

from azureml_inference_server_http.amlserver import run  # noqa: E402

run()
