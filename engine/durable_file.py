"""Write small files that must be whole or absent: secret, key, what the clock said."""

import os
import tempfile
from pathlib import Path


def write_durably(file: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace a file by one with this content: after a crash it is the old one or the new one, whole and synced.

    Raises ``OSError``; then the file is as it was.
    """
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            os.fchmod(out.fileno(), mode)
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        unfinished.replace(file)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Make created and renamed files of the folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
