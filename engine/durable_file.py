"""Write a small file whole or not at all: it is on the disk under its name, or what was there before still is."""

import contextlib
import fcntl
import os
from pathlib import Path

PRIVATE = 0o600


def write_whole(file: Path, content: bytes, mode: int = PRIVATE) -> None:
    """Write a file, by default for its owner alone; it is durable when this returns.

    A process that is killed leaves at most a file ``.part``, which the next one overwrites. Raises ``OSError``; then
    the file is as it was.
    """
    unfinished = file.with_name(f"{file.name}.part")
    handle = _opened_alone(unfinished, mode)
    try:
        with os.fdopen(handle, "wb") as out:
            os.fchmod(handle, mode)
            out.truncate()
            out.write(content)
            out.flush()
            os.fsync(handle)
            unfinished.replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
    sync_folder(file.parent)


def _opened_alone(unfinished: Path, mode: int) -> int:
    """Open the file while no other process writes it: two would spoil each other's content."""
    while True:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT, mode)
        fcntl.flock(handle, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), unfinished.stat()):
                return handle
        os.close(handle)  # whoever held it has given it its name meanwhile


def private_opener(name: str, flags: int) -> int:
    """Open a file as ``open`` does; one that is created is for its owner alone."""
    return os.open(name, flags, PRIVATE)


def sync_folder(place: Path) -> None:
    """Make created, renamed and removed files of the folder durable."""
    folder = os.open(place, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
