"""
Engine of the scoring server for Python entry scripts.

The server starts it with the pipe between the two as file descriptor 3; it ends when that pipe does.
"""

import os
import sys

if sys.version_info < (3, 9):
    sys.stderr.write(
        "The scoring server runs entry scripts with Python 3.9 to 3.13, but %s is %d.%d. "
        "Install a newer Python, or name one in MODEL_SERVING_PYTHON.\n" % ((sys.executable,) + sys.version_info[:2])
    )
    sys.exit(3)

# the modules of an entry script may have any name: ours are found through their package only
_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [_HERE] + [entry for entry in sys.path if entry != _HERE]
from model_serving_engine.main import main  # noqa: E402

sys.path.remove(_HERE)

if __name__ == "__main__":
    sys.exit(main())
