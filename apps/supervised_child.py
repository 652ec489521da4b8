"""Runs a module until it ends, or until the process that holds its standard input has ended.

A supervisor that is killed cannot stop its children, but its end of the pipe is closed.
Usage: python -m apps.supervised_child MODULE ARGUMENT...
"""

import os
import runpy
import signal
import sys
import threading
import time

STOP_SECONDS = 15.0


def _stop_with_pipe() -> None:
    # Read the descriptor itself: sys.stdin's buffer would be locked when the interpreter shuts down.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os.killpg(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Run the module that the arguments name."""
    threading.Thread(target=_stop_with_pipe, daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
