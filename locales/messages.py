"""The messages of one language, read from the files of its catalogue as they are wanted.

Note [Read as wanted]: a command shows a few dozen of five thousand messages, and to parse all files takes it a
fifteenth of its time. The lines that begin tables, and the keys before the first of them, tell what the keys of a file
begin with; so a file is parsed when a key is wanted that it may hold. No key is in two files: a test holds it.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

TABLE = re.compile(r"^\[([\w.]+)\]", re.MULTILINE)
TOP_KEY = re.compile(r'^"?(\w+)', re.MULTILINE)


class Messages(Mapping[str, str]):
    """The messages of the ``*.toml`` files of a folder, by key. See Note [Read as wanted]."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, str] = {}

    @cached_property
    def _unread(self) -> dict[Path, str]:
        """The texts of the files that were not parsed yet."""
        return {path: path.read_text("utf-8") for path in sorted(self._folder.glob("*.toml"))}

    @cached_property
    def _files(self) -> Mapping[str, list[Path]]:
        """The files that may hold keys which begin with these names."""
        files: dict[str, list[Path]] = {}
        for path, text in self._unread.items():
            for name in begins(text):
                files.setdefault(name, []).append(path)
        return files

    def __getitem__(self, key: str) -> str:
        if key not in self._known:
            for name in accumulate(key.split("."), "{}.{}".format):
                self._parse(self._files.get(name, ()))
        return self._known[key]

    def __iter__(self) -> Iterator[str]:
        self._parse([*self._unread])
        return iter(self._known)

    def __len__(self) -> int:
        self._parse([*self._unread])
        return len(self._known)

    def _parse(self, paths: Iterable[Path]) -> None:
        for path in paths:
            if (text := self._unread.get(path)) is not None:
                self._known |= flat(tomllib.loads(text))
                self._unread.pop(path, None)  # last: another thread must not miss a message meanwhile


def begins(text: str) -> set[str]:
    """Return the names with which the keys of a file begin: those of its tables, and of the keys before them."""
    first = TABLE.search(text)
    return {*TABLE.findall(text), *TOP_KEY.findall(text[: first.start()] if first else text)}


def flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield each message of a parsed file with its whole key."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
