"""Folders for unfinished files: one that a killed process left behind is removed by the next that works there."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

PREFIX = ".closeloop-"


@contextlib.contextmanager
def scratch(parent: Path) -> Generator[Path]:
    """Make a folder in ``parent`` for the block, after removing those of processes that are gone."""
    sweep(parent)
    folder, lock = _claimed(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep(parent: Path) -> None:
    """Remove the folders that no process holds: the kernel releases the lock of one that was killed."""
    for folder in parent.glob(f"{PREFIX}*"):
        if (lock := _lock(folder)) is None:
            continue
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _claimed(parent: Path) -> tuple[Path, int]:
    """Make a folder and hold its lock; a sweep of another process may remove it before the lock is held."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        if (lock := _lock(folder)) is None:
            continue
        if folder.is_dir():
            return folder, lock
        os.close(lock)


def _lock(folder: Path) -> int | None:
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock
