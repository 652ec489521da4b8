"""Numbered files in a folder: each is written once and whole, the newest valid one counts, a broken one is named."""

import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

FOLDER = "models"
"""The folder of a store's home in which what was learned is kept."""


class BrokenError(ValueError):
    """A file that is not what it should be; its text is a code: ``damaged``, ``other_format``."""


@dataclass(frozen=True, slots=True)
class Newest(Generic[T]):
    """The newest valid one, the name of its file, and the files that were passed over, with the reason."""

    found: T | None
    name: str = ""
    broken: tuple[tuple[str, str], ...] = ()


def folder_of(home: Path) -> Path:
    """Where a store keeps what was learned."""
    return home / FOLDER


def newest(home: Path, sort: str, ending: str, read: Callable[[bytes], T]) -> Newest[T]:
    """The newest file of a sort that can be read."""
    broken: list[tuple[str, str]] = []
    for path in reversed(_files(home, sort, ending)):
        try:
            about = path.stat()
            return Newest(_read(path, about.st_mtime_ns, about.st_size, read), path.name, tuple(broken))
        except BrokenError as error:
            broken.append((path.name, str(error)))
        except OSError:
            broken.append((path.name, "unreadable"))
    return Newest(None, "", tuple(broken))


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int, _size: int, read: Callable[[bytes], T]) -> T:
    return read(path.read_bytes())


def put(home: Path, sort: str, ending: str, content: bytes) -> Path:
    """Write the next one: whole or not at all, for its owner alone; of two writers each gets a number of his own."""
    folder = folder_of(home)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=folder, prefix=".draft-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        while True:
            path = folder / f"{sort}-{_number_after(home, sort, ending):04}{ending}"
            try:
                path.hardlink_to(draft)
            except FileExistsError:
                continue
            return path
    finally:
        Path(draft).unlink()


def _number_after(home: Path, sort: str, ending: str) -> int:
    files = _files(home, sort, ending)
    return _number(files[-1]) + 1 if files else 1


def _files(home: Path, sort: str, ending: str) -> list[Path]:
    """Those of a sort, the oldest first."""
    written = re.compile(rf"{re.escape(sort)}-\d+{re.escape(ending)}")
    try:
        found = [path for path in folder_of(home).iterdir() if written.fullmatch(path.name)]
    except OSError:
        return []
    return sorted(found, key=_number)


def _number(path: Path) -> int:
    return int(re.findall(r"-(\d+)", path.name)[-1])
