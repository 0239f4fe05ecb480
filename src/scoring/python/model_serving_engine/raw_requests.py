"""Scripts that take requests as they come, said or unsaid."""

import dis
import inspect
from typing import Any

#: What a request has and a string, which `run` would get otherwise, has not.
_ONLY_A_REQUEST_HAS = frozenset(("method", "full_path", "get_data", "get_json", "headers", "args", "files", "form"))


def takes_raw_requests(user_script: Any) -> bool:
    return type(user_script.input_parser).__name__ == "RawRequestInput"


def accept_undeclared_raw_requests(user_script: Any) -> None:
    """
    Azure ML's own CORS sample uses the request and forgot `@rawhttp`. A `run` that asks its argument for what only a request
    has could never work with a string, so it is given the request.
    """
    if type(user_script.input_parser).__name__ != "JsonStringInput":
        return
    from azureml_inference_server_http.server.input_parsers import RawRequestInput

    name = user_script.input_parser.parameter_name
    if _uses_as_request(inspect.unwrap(user_script.get_run_function()), name):
        user_script.input_parser = RawRequestInput(name)


def _uses_as_request(run: Any, parameter: str) -> bool:
    if not hasattr(run, "__code__"):
        return False
    previous = None
    for instruction in dis.get_instructions(run):
        attribute = instruction.opname in ("LOAD_ATTR", "LOAD_METHOD") and instruction.argval in _ONLY_A_REQUEST_HAS
        if attribute and previous is not None and previous.opname.startswith("LOAD_FAST") and previous.argval == parameter:
            return True
        previous = instruction
    return False
