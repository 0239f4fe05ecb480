"""From a message's request to WSGI's environ (PEP 3333)."""

import os
import sys
from io import BytesIO
from typing import Any, Dict, Optional
from urllib.parse import unquote_to_bytes

#: The front has read the body and knows its length; these say how it came over the wire.
_OF_THE_WIRE = frozenset(("content-length", "transfer-encoding", "connection", "keep-alive", "expect", "upgrade", "te"))

_FORM = "application/x-www-form-urlencoded"

#: Header names come from callers: no more than these are remembered.
_MAX_KNOWN_NAMES = 500


class EnvironBuilder:
    """
    Builds the environ of each request; what all have in common is made once.

    A script that takes its input as text or JSON (`raw=False`) gets a POST without a content type, or with the one that
    `curl -d` sends unasked, as `application/json`: Flask would take the body for a form and give the script nothing.
    """

    def __init__(self, *, raw: bool) -> None:
        self._raw = raw
        self._keys: Dict[str, Optional[str]] = {"content-type": "CONTENT_TYPE"}
        https = bool(os.environ.get("MODEL_SERVING_TLS_DIR"))
        self._base: Dict[str, Any] = {
            "SCRIPT_NAME": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "443" if https else "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_SOFTWARE": "model-serving",
            "REMOTE_ADDR": "",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https" if https else "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            # the stream ends where the body does, so that it is read as it is, in one piece
            "wsgi.input_terminated": True,
        }

    def build(self, request: Dict[str, Any], body: bytes) -> Dict[str, Any]:
        environ = self._base.copy()
        method, path, query = request["method"], request["path"], request["query"]
        environ["REQUEST_METHOD"] = method
        environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path
        environ["QUERY_STRING"] = query[1:]
        environ["RAW_URI"] = environ["REQUEST_URI"] = path + query
        keys = self._keys
        for name, value in request["headers"].items():
            key = keys[name] if name in keys else self._key(name)
            if key is not None:
                environ[key] = value if type(value) is str else ", ".join(value)
        # BytesIO shares the bytes that it is made of
        environ["wsgi.input"] = BytesIO(body)
        if body or method != "GET":
            environ["CONTENT_LENGTH"] = str(len(body))
        if method == "POST" and not self._raw:
            content_type = environ.get("CONTENT_TYPE", "")
            if not content_type or content_type.lower().startswith(_FORM):
                environ["CONTENT_TYPE"] = "application/json"
        return environ

    def _key(self, name: str) -> Optional[str]:
        # WSGI cannot tell x_a from x-a: a name with an underscore could pass for one that the front has checked
        dropped = name in _OF_THE_WIRE or "_" in name
        key = None if dropped else "HTTP_" + name.upper().replace("-", "_")
        if len(self._keys) < _MAX_KNOWN_NAMES:
            self._keys[name] = key
        return key
