"""Write a small file whole or not at all: it is on the disk under its name, or what was there before still is."""

import contextlib
import os
from pathlib import Path

PRIVATE = 0o600


def write_whole(file: Path, content: bytes, mode: int = PRIVATE) -> None:
    """Write a file for its owner alone; it is durable when this returns.

    A process that is killed leaves at most a file ``.part``, which the next one overwrites.
    """
    unfinished = file.with_name(f"{file.name}.part")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(handle, "wb") as out:
            os.fchmod(handle, mode)
            out.write(content)
            out.flush()
            os.fsync(handle)
        unfinished.replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
    sync_folder(file.parent)


def sync_folder(place: Path) -> None:
    """Make created, renamed and removed files of the folder durable."""
    folder = os.open(place, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
