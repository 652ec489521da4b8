"""Runs a module until it ends or until the process that holds our standard input is gone.

A supervisor killed outright has no last word; the end of its pipe reaches us all the same.
Usage: python -m apps.supervised_child MODULE ARGUMENT...
"""

import os
import runpy
import signal
import sys
import threading
import time

PATIENCE_SECONDS = 15.0


def _end_with_the_pipe() -> None:
    # Read past Python's own buffer object, which would be locked when the interpreter shuts down.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE_SECONDS)
    os.killpg(os.getpid(), signal.SIGKILL)


def main() -> None:
    threading.Thread(target=_end_with_the_pipe, daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
