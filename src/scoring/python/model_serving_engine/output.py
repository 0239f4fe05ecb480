"""What a script prints and logs: lines of the front's log, with the request that they belong to."""

import logging
import os
import sys
from contextlib import contextmanager
from typing import Iterator, List

from .frames import FrameChannel


class ScriptOutput:
    """
    While a request is scored, a line is a `log` message, so that the front knows which request it is about and in which
    order it came. Before and between requests it is a line on the standard streams.
    """

    def __init__(self, channel: FrameChannel) -> None:
        self._channel = channel
        self.scoring = False
        os.register_at_fork(after_in_child=self._leave_to_parent)
        for stream in (sys.stdout, sys.stderr):
            # half a character or a lone surrogate in a log line must not fail a request
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
        # what a script logs without having configured logging
        logging.lastResort = _FrontHandler(self, sys.stderr, logging.WARNING)
        self._held_back: List[str] = []

    def _leave_to_parent(self) -> None:
        # a forked process has the standard streams
        self.scoring = False

    def log(self, level: str, message: str) -> None:
        self._channel.send_from_script({"type": "log", "level": level, "message": message})

    @contextmanager
    def without_false_alarms(self) -> Iterator[None]:
        """Microsoft's server takes its own environment variables for unknown keys of a configuration file, and warns of them."""
        server = logging.getLogger("azmlinfsrv")
        server.setLevel(logging.ERROR)
        try:
            yield
        finally:
            if server.level == logging.ERROR:
                server.setLevel(logging.NOTSET)

    def take_over_server_log(self, level: int) -> None:
        """
        Directs the log of azureml-inference-server-http here. Its own lines below `level` are kept for the case that loading
        fails, and later left out: the front logs requests. What the script prints is always shown.
        """
        server = logging.getLogger("azmlinfsrv")
        server.handlers = [_FrontHandler(self, sys.stderr, level), _HeldBack(self._held_back, level)]
        printed = logging.getLogger("azmlinfsrv.print")
        printed.handlers = [_FrontHandler(self, sys.stdout, logging.NOTSET)]
        printed.addFilter(lambda record: record.msg != "Initializing logger")
        printed.propagate = False
        # the front sends the telemetry
        logging.getLogger("azmlinfsrv.trace").setLevel(logging.CRITICAL)

    def show_held_back(self) -> None:
        for line in self._held_back:
            print(line, file=sys.stderr)
        self.drop_held_back()

    def drop_held_back(self) -> None:
        """Loaded: from now on lines below the level are not even made."""
        self._held_back.clear()
        server = logging.getLogger("azmlinfsrv")
        for handler in server.handlers:
            if isinstance(handler, _HeldBack):
                server.removeHandler(handler)
                server.setLevel(handler.below)
                logging.getLogger("azmlinfsrv.print").setLevel(logging.INFO)


class _FrontHandler(logging.Handler):
    def __init__(self, output: ScriptOutput, stream, level: int) -> None:
        super().__init__(level)
        self._output = output
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        # no exception is held: the script's time limit may arrive here, too
        line = self.format(record)
        if self._output.scoring:
            level = "error" if record.levelno >= logging.ERROR else "warning" if record.levelno >= logging.WARNING else "info"
            self._output.log(level, line)
        elif not self._stream.closed:
            self._stream.write(line + "\n")


class _HeldBack(logging.Handler):
    def __init__(self, lines: List[str], below: int) -> None:
        super().__init__()
        self._lines = lines
        self.below = below

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < self.below:
            self._lines.append(self.format(record))
