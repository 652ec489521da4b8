"""Runs flows in tests as a simulation runs them: blocking work is done in the thread of the event loop."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from flows.work import in_this_thread

T = TypeVar("T")


def run_in_one_thread(flow: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end and return its result; use ``asyncio.run`` where a test is about concurrency."""
    before = in_this_thread.set(True)
    try:
        return asyncio.run(flow)
    finally:
        in_this_thread.reset(before)
