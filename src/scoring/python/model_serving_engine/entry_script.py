"""Loads an entry script into Microsoft's server, and says in a person's words why it could not be."""

import logging
import os
import sys
import traceback
from typing import Any, Dict, NamedTuple, Optional

from .environment import prepare_environment, telemetry_left_out
from .environ import EnvironBuilder
from .output import ScriptOutput
from .raw_requests import accept_undeclared_raw_requests, takes_raw_requests
from .wsgi_host import WsgiApp

#: The package and version that the engine is made for.
SERVER_PACKAGE = "azureml-inference-server-http==1.5.1"
_SERVER_MODULE = "azureml_inference_server_http"

_SWAGGER_VERSIONS = ("2", "3", "3.1")

#: The end of a traceback says what went wrong; a message is read in a log.
_TRACEBACK_LINES = 15


class EntryScriptFailed(Exception):
    """The script cannot be served; the message is for the operator."""


class LoadedScript(NamedTuple):
    app: WsgiApp
    #: Swagger documents as JSON text, by version; one that the script's types cannot be told in is missing.
    swagger: Dict[str, str]
    #: Whether `run` takes requests as they come.
    raw: bool


def load_entry_script(load: Dict[str, Any], output: ScriptOutput) -> LoadedScript:
    """Imports the script and runs its `init()`. Raises EntryScriptFailed."""
    prepare_environment(load)
    script = _script_file()
    try:
        app = _import_app(output)
    except EntryScriptFailed:
        output.show_held_back()
        raise
    except SystemExit as refusal:
        output.show_held_back()
        raise EntryScriptFailed(_reason(refusal, script)) from refusal
    output.drop_held_back()
    user_script = app.azml_blueprint.user_script
    accept_undeclared_raw_requests(user_script)
    return LoadedScript(app, _swagger(app), takes_raw_requests(user_script))


def _script_file() -> str:
    root, name = os.environ["AML_APP_ROOT"], os.environ["AZUREML_ENTRY_SCRIPT"]
    file = os.path.join(root, name)
    if not os.path.isfile(file):
        there = ", ".join(sorted(os.listdir(root))[:20]) if os.path.isdir(root) else ""
        raise EntryScriptFailed(
            f"The entry script {name} is not in {root}, which holds {there or 'nothing'}. "
            "Name it relative to the source directory."
        )
    return file


def _import_app(output: ScriptOutput) -> Any:
    try:
        from azureml_inference_server_http.print_log_hook import set_print_logger_redirect

        with output.without_false_alarms():
            from azureml_inference_server_http.server import config

        # a logging.json beside the script says itself where everything goes
        if not getattr(config, "loaded", False):
            output.take_over_server_log(_log_level())
            set_print_logger_redirect()
        with telemetry_left_out():
            from azureml_inference_server_http.server import appinsights_client  # noqa: F401
        from azureml_inference_server_http.server.entry import app
    except ModuleNotFoundError as missing:
        raise EntryScriptFailed(_missing_package(missing)) from missing
    except Exception as error:
        # of the package itself: it turns whatever a script raises into its own exit
        details = "".join(traceback.format_exception_only(type(error), error)).strip()
        raise EntryScriptFailed(
            f"azureml-inference-server-http does not work with the packages beside it: {details}. "
            "Install it with the versions of the constraints.txt that lies beside engine.py."
        ) from error
    return app


def _log_level() -> int:
    level = logging.getLevelName(os.environ.get("AZUREML_LOG_LEVEL", "").upper())
    return level if isinstance(level, int) else logging.WARNING


def _missing_package(missing: ModuleNotFoundError) -> str:
    python = f"{sys.executable} ({sys.version.split()[0]})"
    if (missing.name or "").partition(".")[0] == _SERVER_MODULE:
        return (
            f"The Python at {python} has no package azureml-inference-server-http, which runs entry scripts. "
            f"Install it there: {sys.executable} -m pip install {SERVER_PACKAGE}"
        )
    return (
        f"The Python at {python} has no module {missing.name}, which azureml-inference-server-http needs. "
        f"Install the package again: {sys.executable} -m pip install --upgrade --force-reinstall {SERVER_PACKAGE}"
    )


def _reason(refusal: SystemExit, script: str) -> str:
    """Microsoft's server logs why it refuses and exits: the exception that it was handling is the reason."""
    name = os.environ["AZUREML_ENTRY_SCRIPT"]
    error: Optional[BaseException] = refusal.__context__
    of_the_script: Optional[BaseException] = getattr(error, "user_ex", None)
    if error is None:
        return f"azureml-inference-server-http ended with exit code {refusal.code}; its log says why."
    if of_the_script is None:
        return f"The entry script {name} cannot be served: {_plain(error)}"
    details = _traceback_from(of_the_script, script)
    if type(error).__name__ != "UserScriptImportException":
        return f"The entry script {name} failed in init():\n{details}"
    if isinstance(of_the_script, ModuleNotFoundError):
        return (
            f"The entry script {name} imports {of_the_script.name}, which is not installed. "
            f"Add its package to the requirements or the conda file.\n{details}"
        )
    return f"The entry script {name} cannot be imported:\n{details}"


def _plain(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _traceback_from(error: BaseException, script: str) -> str:
    """The traceback from the script's first line on: how it was called says nothing."""
    trace = error.__traceback__
    while trace is not None and os.path.abspath(trace.tb_frame.f_code.co_filename) != os.path.abspath(script):
        trace = trace.tb_next
    lines = "".join(traceback.format_exception(type(error), error, trace)).rstrip().split("\n")
    return "\n".join(lines[-_TRACEBACK_LINES:])


def _swagger(app: WsgiApp) -> Dict[str, str]:
    texts = ((version, _get(app, f"?version={version}")) for version in _SWAGGER_VERSIONS)
    return {version: text for version, text in texts if text is not None}


def _get(app: WsgiApp, query: str) -> Optional[str]:
    request = {"method": "GET", "path": "/swagger.json", "query": query, "headers": {}}
    statuses = []
    body = b"".join(app(EnvironBuilder(raw=True).build(request, b""), lambda status, *_: statuses.append(status)))
    return body.decode() if statuses[0].startswith("200") else None
