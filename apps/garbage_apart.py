"""Runs a module with its garbage collected in a thread of its own.

Usage: python -m apps.garbage_apart MODULE ARGUMENT...

Note [A server that waits for itself]: Prefect's server on SQLite stood still for a minute, now and then, with two
transactions at once. One waits in a thread for the write lock of the other, for up to 60 seconds, and holds the mutex
of its connection meanwhile. If the event loop's thread then happens to collect garbage in which an old cursor of that
connection lies, it waits for the mutex, and the transaction that holds the lock never goes on. So the event loop's
thread collects no garbage: another thread does, and only it waits.
"""

import gc
import runpy
import sys
import threading
import time

YOUNG_SECONDS = 1.0
ALL_EVERY = 60
"""After so many collections of young objects, all objects are collected."""


def collect_apart() -> None:
    """Stop automatic garbage collection, and collect in a thread. See Note [A server that waits for itself]."""
    gc.disable()
    threading.Thread(target=_collect, name="garbage", daemon=True).start()


def _collect() -> None:
    rounds = 0
    while True:
        time.sleep(YOUNG_SECONDS)
        rounds += 1
        gc.collect(2 if rounds % ALL_EVERY == 0 else 1)


def main() -> None:
    """Run the module that the arguments name."""
    collect_apart()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
