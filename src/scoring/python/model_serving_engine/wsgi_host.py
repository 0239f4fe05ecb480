"""Answers requests with a WSGI application, one at a time, on the main thread: there the script's time limit works."""

import json
import traceback
from time import perf_counter
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

from .environ import EnvironBuilder
from .frames import FrameChannel
from .output import ScriptOutput

#: The front frames the answer by itself.
_OF_THE_WIRE = frozenset(("content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "trailer"))

_FAILED_HEADER = "x-ms-run-function-failed"
_FAILED_BODY = json.dumps(
    {"message": "An unexpected error occurred in scoring script. Check the logs for more info."}
).encode()
#: How Microsoft's server begins its answer to a run that took too long: it has the status of any failure.
_TIMED_OUT = b'{"message": "Scoring timeout after '
_FAILED_HEADERS = ["Content-Type", "application/json", _FAILED_HEADER, "True"]

_NOTHING_SENT, _PIECES_SENT, _ALL_SENT = range(3)

WsgiApp = Callable[[Dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class WsgiHost:
    def __init__(self, app: WsgiApp, environs: EnvironBuilder, channel: FrameChannel, output: ScriptOutput) -> None:
        self._app = app
        self._environs = environs
        self._channel = channel
        self._output = output

    def serve(self) -> None:
        """Answers until the front closes its end."""
        while True:
            message = self._channel.read()
            if message is None:
                return
            # a stream may have ended before the front's cancel arrived
            if message[0]["type"] != "score":
                continue
            self._output.scoring = True
            try:
                Exchange(self._channel, self._output).run(self._app, self._environs.build(message[0]["items"][0], message[1]))
            finally:
                self._output.scoring = False


class Exchange:
    """One request's answer: in one message where its length is known and it is all there, else piece by piece."""

    def __init__(self, channel: FrameChannel, output: ScriptOutput) -> None:
        self._channel = channel
        self._output = output
        self._started = perf_counter()
        self._state = _NOTHING_SENT
        self._status = 500
        self._headers: List[str] = []
        self._run_failed = False
        self._length: Optional[int] = None

    def run(self, app: WsgiApp, environ: Dict[str, Any]) -> None:
        broken = False
        try:
            self._answer(app(environ, self._start_response))
        except BaseException as error:  # noqa: B036 - sys.exit() in a script must not end the engine
            self._output.log("error", "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip())
            broken = True
        if self._state == _PIECES_SENT:
            self._channel.send({"type": "end", "runFailed": broken, "engineMs": self._elapsed_ms()})
        elif self._state == _NOTHING_SENT:
            self._status, self._headers, self._run_failed = 500, _FAILED_HEADERS, True
            self._send_whole(_FAILED_BODY)

    def _start_response(self, status: str, headers: List[Tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        self._status = int(status[:3])
        flat = self._headers = []
        for name, value in headers:
            known = name.lower()
            if known == "content-length":
                self._length = int(value)
            if known == _FAILED_HEADER:
                self._run_failed = value == "True"
            if known not in _OF_THE_WIRE:
                flat += (name, value)
        return _no_write

    def _answer(self, pieces: Iterable[bytes]) -> None:
        try:
            rest = filter(None, pieces)
            first = next(rest, b"")
            if not first or len(first) == self._length:
                self._send_whole(first)
            else:
                self._send_pieces(first, rest)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def _send_whole(self, body: bytes) -> None:
        self._state = _ALL_SENT
        if self._run_failed and self._status == 500 and body.startswith(_TIMED_OUT):
            self._status = 504
        answer = {
            "status": self._status,
            "headers": self._headers,
            "bytes": len(body),
            "runFailed": self._run_failed,
            "engineMs": self._elapsed_ms(),
        }
        self._channel.send({"type": "answers", "items": [answer]}, body)

    def _send_pieces(self, first: bytes, rest: Iterable[bytes]) -> None:
        self._state = _PIECES_SENT
        self._channel.send({"type": "begin", "status": self._status, "headers": self._headers})
        self._channel.send({"type": "piece"}, first)
        for piece in rest:
            # the only message that comes before the end: nobody wants the rest
            if self._channel.has_message():
                return
            self._channel.send({"type": "piece"}, piece)

    def _elapsed_ms(self) -> float:
        return round((perf_counter() - self._started) * 1000, 3)


def _no_write(_data: bytes) -> None:
    raise NotImplementedError("WSGI's write() is not supported: return the body from the application")
