"""When an engine ends: with its front, and not before; what the script has started ends with it."""

import os
import select
import signal
import socket
import threading

#: A terminal or an orchestrator sends these to all, but only the front knows what is still to be answered.
_OF_THE_FRONT = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def leave_signals_to_the_front() -> None:
    before = {name: signal.getsignal(name) for name in _OF_THE_FRONT}
    for name in _OF_THE_FRONT:
        # a handler and not SIG_IGN, which programs that the script starts would inherit
        signal.signal(name, lambda *_: None)

    def restore() -> None:
        for name, handler in before.items():
            signal.signal(name, handler)
        admit()

    def hold() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, _OF_THE_FRONT)

    def admit() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _OF_THE_FRONT)

    # a pool of processes ends its workers by signal, be it in their first moment
    os.register_at_fork(before=hold, after_in_parent=admit, after_in_child=restore)


def lead_a_process_group() -> None:
    """So that whoever kills the engine can kill what the script has started with it."""
    try:
        os.setpgid(0, 0)
    except OSError:
        pass  # it leads a session already


def end_with_the_front(pipe: socket.socket) -> None:
    """Ends the process as soon as the front is gone, even in the middle of a run, so that none outlives its front."""

    def watch() -> None:
        # the script's time limit is for the main thread
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        poll = select.poll()
        # no event is asked for: what remains is that the other end is closed both ways
        poll.register(pipe.fileno(), 0)
        poll.poll()
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(0)

    threading.Thread(target=watch, name="front-watch", daemon=True).start()
