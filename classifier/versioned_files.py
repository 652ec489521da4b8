"""Numbered files in a folder: each is written once and as a whole; the newest valid one is in use."""

import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import Generic, TypeVar

T = TypeVar("T")

FOLDER = "models"
"""The folder of a store's home that holds models, trees and kept examples."""


LARGEST = 500_000_000
"""The largest file that is read, in bytes."""


class BrokenError(ValueError):
    """A file that cannot be used; its text is a code: ``damaged``, ``other_format``."""


@dataclass(frozen=True, slots=True)
class NewestVersion(Generic[T]):
    """The newest valid content and the name of its file; the newer files that were skipped, each with the reason."""

    found: T | None
    name: str = ""
    broken: tuple[tuple[str, str], ...] = ()


def folder_of(home: Path) -> Path:
    """Return the folder of a store's models."""
    return home / FOLDER


def newest(home: Path, sort: str, ending: str, read: Callable[[bytes], T]) -> NewestVersion[T]:
    """Return the newest file of a sort that ``read`` accepts. ``read`` raises ``BrokenError``."""
    broken: list[tuple[str, str]] = []
    for path in reversed(_files(home, sort, ending)):
        try:
            status = path.stat()
            if not S_ISREG(status.st_mode) or status.st_size > LARGEST:
                raise BrokenError("unreadable")
            return NewestVersion(_read(path, status.st_mtime_ns, status.st_size, read), path.name, tuple(broken))
        except BrokenError as error:
            broken.append((path.name, str(error)))
        except OSError:
            broken.append((path.name, "unreadable"))
    return NewestVersion(None, "", tuple(broken))


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int, _size: int, read: Callable[[bytes], T]) -> T:
    return read(path.read_bytes())


def put(home: Path, sort: str, ending: str, content: bytes) -> Path:
    """Write the next version, readable by its owner alone; of two concurrent writers each gets its own number."""
    folder = folder_of(home)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=folder, prefix=".draft-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        while True:
            path = folder / f"{sort}-{_next_number(home, sort, ending):04}{ending}"
            try:
                path.hardlink_to(draft)
            except FileExistsError:
                continue
            return path
    finally:
        Path(draft).unlink()


def _next_number(home: Path, sort: str, ending: str) -> int:
    files = _files(home, sort, ending)
    return _number(files[-1]) + 1 if files else 1


def _files(home: Path, sort: str, ending: str) -> list[Path]:
    """Return the files of a sort, oldest first."""
    name = re.compile(rf"{re.escape(sort)}-\d+{re.escape(ending)}")
    try:
        files = [path for path in folder_of(home).iterdir() if name.fullmatch(path.name)]
    except OSError:
        return []
    return sorted(files, key=_number)


def _number(path: Path) -> int:
    return int(re.findall(r"-(\d+)", path.name)[-1])
