"""Life of an engine process: load what the front says, answer one request after another, end with the front."""

import gc
import socket
import sys

from . import shims
from .entry_script import EntryScriptFailed, load_entry_script
from .environ import EnvironBuilder
from .frames import FrameChannel
from .lifetime import end_with_the_front, lead_a_process_group, leave_signals_to_the_front
from .output import ScriptOutput
from .wsgi_host import WsgiHost

#: The descriptor of the pipe between an engine and its front; the first three are the standard ones.
ENGINE_PIPE = 3

#: Exit code of an engine whose script cannot be served, as azureml-inference-server-http has it.
CANNOT_SERVE = 3


def main() -> int:
    try:
        channel = FrameChannel(socket.socket(fileno=ENGINE_PIPE))
    except OSError:
        sys.stderr.write("engine.py is started by the scoring server: npx model-serving serve score.py\n")
        return CANNOT_SERVE
    lead_a_process_group()
    leave_signals_to_the_front()
    end_with_the_front(channel.socket)
    output = ScriptOutput(channel)
    shims.install(channel)

    message = channel.read()
    if message is None:
        return 0
    try:
        script = load_entry_script(message[0], output)
    except EntryScriptFailed as failure:
        channel.send({"type": "failed", "message": str(failure)})
        return CANNOT_SERVE
    channel.send(
        {"type": "loaded", "service": {"models": [], "script": {"swagger": script.swagger, "raw": script.raw}}}
    )

    # what is loaded stays: the collector need not walk through it again and again
    gc.collect()
    gc.freeze()
    WsgiHost(script.app, EnvironBuilder(raw=script.raw), channel, output).serve()
    return 0
