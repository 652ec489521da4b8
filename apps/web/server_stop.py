"""Acts as soon as the server of this process is told to stop.

Note [Streams and a stop]: a server that stops waits for the answers that it has begun, and only then ends the lifespan
of the application. A stream of events has no end of its own, so the wait would last as long as it may. The signal is
therefore handled here, too; the server's own handler follows.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def on_stop(act: Callable[[], None]) -> Iterator[None]:
    """Within the block, call ``act`` in the running event loop when a signal tells the process to stop.

    A server in another thread than the main one is told by no signal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop, before = asyncio.get_running_loop(), {number: signal.getsignal(number) for number in SIGNALS}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)
        following: Any = before[signal.Signals(number)]
        if callable(following):
            following(number, frame)

    for number in SIGNALS:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
