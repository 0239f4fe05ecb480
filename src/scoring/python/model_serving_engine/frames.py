"""The messages between front and engine: two lengths (unsigned 32 bit, little endian), a head as JSON, a body of bytes."""

import json
import os
import select
import signal
import socket
import struct
import threading
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Optional, Tuple

_PREFIX = struct.Struct("<II")

#: Below this size a copy costs less than another system call.
_ONE_CALL_BYTES = 64 * 1024

_encode_head = json.JSONEncoder(separators=(",", ":")).encode


class FrameChannel:
    """Reads messages on one thread, sends them from any."""

    def __init__(self, sock: socket.socket) -> None:
        # programs that the script starts must not keep the pipe
        sock.set_inheritable(False)
        sock.setblocking(True)
        self.socket = sock
        self._sending = threading.RLock()
        self._arrivals = select.poll()
        self._arrivals.register(sock.fileno(), select.POLLIN)
        self._forked = False
        os.register_at_fork(after_in_child=self._leave_to_parent)

    def read(self) -> Optional[Tuple[Dict[str, Any], bytes]]:
        """The next message, its body received in place; None once the front has closed its end."""
        prefix = self._exactly(_PREFIX.size)
        if prefix is None:
            return None
        head_bytes, body_bytes = _PREFIX.unpack(prefix)
        if head_bytes + body_bytes <= _ONE_CALL_BYTES:
            both = self._exactly(head_bytes + body_bytes)
            head, body = (None, None) if both is None else (both[:head_bytes], both[head_bytes:])
        else:
            head, body = self._exactly(head_bytes), self._exactly(body_bytes)
        if head is None or body is None:
            return None
        return json.loads(str(head, "utf-8")), body

    def has_message(self) -> bool:
        """Whether `read` would find something, be it the end."""
        return bool(self._arrivals.poll(0))

    def send(self, head: Dict[str, Any], body: bytes = b"") -> None:
        """
        Sends a message whole. The process ends where that fails: the front is gone, or an exception out of a signal has cut
        the message in two, and nothing after it could be understood. In a process that the script has forked it does nothing.
        """
        head_json = _encode_head(head).encode("ascii")
        prefix = _PREFIX.pack(len(head_json), len(body))
        if self._forked:
            return
        with self._sending:
            try:
                if len(body) <= _ONE_CALL_BYTES:
                    self.socket.sendall(b"".join((prefix, head_json, body)))
                else:
                    self.socket.sendall(prefix + head_json)
                    self.socket.sendall(body)
            except BaseException as error:  # noqa: B036 - see above
                os._exit(0 if isinstance(error, ConnectionError) else 1)

    def send_from_script(self, head: Dict[str, Any], body: bytes = b"") -> None:
        """Like `send`, while a script runs: its time limit, an exception out of a signal, must not cut a message in two."""
        with _alarm_held_back():
            self.send(head, body)

    def _leave_to_parent(self) -> None:
        self._forked = True
        self.socket.close()

    def _exactly(self, count: int) -> Optional[bytes]:
        if count == 0:
            return b""
        received = self.socket.recv(count, socket.MSG_WAITALL)
        if len(received) == count:
            return received
        # a signal came in between, or the end
        parts = [received]
        missing = count - len(received)
        while missing > 0 and parts[-1]:
            parts.append(self.socket.recv(missing, socket.MSG_WAITALL))
            missing -= len(parts[-1])
        return b"".join(parts) if missing == 0 else None


@contextmanager
def _alarm_held_back() -> Iterator[None]:
    # not by a signal mask: another thread would take the signal, and its handler runs on the main one all the same
    handler = signal.getsignal(signal.SIGALRM)
    if not callable(handler) or threading.current_thread() is not threading.main_thread():
        yield
        return
    missed = []
    signal.signal(signal.SIGALRM, lambda *alarm: missed.append(alarm))
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, handler)
        if missed:
            handler(*missed[0])
