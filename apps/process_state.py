"""Tells whether a process that a note names runs, is stopped, is a zombie, or is no more."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import psutil

SAME_START = 1.0
"""Two readings of when a process started differ by less than this; a process that took over its number by more."""


class ProcessState(StrEnum):
    """What a process is doing, as far as its operating system knows."""

    RUNS = "runs"
    STOPPED = "stopped"
    ZOMBIE = "zombie"
    GONE = "gone"


def process_facts(pid: int) -> dict[str, Any]:
    """Return what a note keeps of a process, so that it is recognised: its number and when it started."""
    return {"pid": pid, "started": psutil.Process(pid).create_time()}


def state_of(note: Mapping[str, Any]) -> ProcessState:
    """Return the state of the process of a note. See ``process_facts``."""
    try:
        process = psutil.Process(int(note["pid"]))
        if abs(process.create_time() - float(note.get("started", process.create_time()))) >= SAME_START:
            return ProcessState.GONE
        status = process.status()
    except psutil.NoSuchProcess:
        return ProcessState.GONE
    if status in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
        return ProcessState.ZOMBIE
    return ProcessState.STOPPED if status in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP) else ProcessState.RUNS
