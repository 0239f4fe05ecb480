"""The environment that Microsoft's server and the script see."""

import os
import sys
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Dict, Iterator

_DEFAULTS = {
    # answers are nobody's business but the caller's
    "APP_INSIGHTS_LOG_RESPONSE_ENABLED": "false",
    # ONNX Runtime reports its use from Linux by default
    "ORT_DISABLE_TELEMETRY": "1",
    # Python's own default would let a request run for an hour
    "SCORING_TIMEOUT_MS": "60000",
}

#: What the front does for every runtime: done here as well, it would be done twice. A debugger would hold up the start.
_FRONT_ONLY = ("AML_CORS_ORIGINS", "AML_APP_INSIGHTS_KEY", "AZUREML_DEBUG_PORT")

#: The name that works, and the one that the documentation gives.
_COLLECTION_NAMES = ("AML_MDC_STORAGE_ENABLED", "AML_MODEL_DC_STORAGE_ENABLED")

_EXPORTER = "azure.monitor.opentelemetry.exporter"


def prepare_environment(load: Dict[str, Any]) -> None:
    """From the front's `load`: before anything of Microsoft's server is imported, which reads all of it once."""
    env = os.environ
    env["AML_APP_ROOT"] = os.path.abspath(load["appRoot"])
    env["AZUREML_ENTRY_SCRIPT"] = load["script"]
    if load.get("modelDir"):
        env["AZUREML_MODEL_DIR"] = load["modelDir"]
    for name, value in _DEFAULTS.items():
        env.setdefault(name, value)
    for name in _FRONT_ONLY:
        env.pop(name, None)
    env["AML_APP_INSIGHTS_ENABLED"] = "false"
    collect = next((env[name] for name in _COLLECTION_NAMES if name in env), None)
    if collect is not None:
        env.update(dict.fromkeys(_COLLECTION_NAMES, collect))
    _announce_version()
    # a script opens its files as it did in Azure ML: relative to where it lies
    if os.path.isdir(env["AML_APP_ROOT"]):
        os.chdir(env["AML_APP_ROOT"])


@contextmanager
def telemetry_left_out() -> Iterator[None]:
    """
    While Microsoft's server imports its Application Insights client, which the front makes idle: the exporter and its Azure
    libraries take half of the start and a third of the memory. A script that imports the exporter gets it.
    """
    exporter = ModuleType(_EXPORTER)
    exporter.AzureMonitorLogExporter = exporter.AzureMonitorTraceExporter = None  # type: ignore[attr-defined]
    if _EXPORTER in sys.modules:
        yield
        return
    sys.modules[_EXPORTER] = exporter
    try:
        yield
    finally:
        del sys.modules[_EXPORTER]


def _announce_version() -> None:
    if os.environ.get("SERVER_VERSION_LOG_RESPONSE_ENABLED", "true").lower() != "true":
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        os.environ.setdefault("HTTP_X_MS_SERVER_VERSION", "azmlinfsrv/" + version("azureml-inference-server-http"))
    except PackageNotFoundError:
        pass
