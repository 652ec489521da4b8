"""The ledger of acknowledged commands: one synced line each, in a file outside the store."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A command that was answered. For a refusal, ``seq`` is 0 and ``refused`` holds the code."""

    key: str
    move: str
    number: str = ""
    seq: int = 0
    refused: str = ""


class Ledger:
    """Lines are written after the answer arrived and never changed; a line torn by a kill was not acknowledged."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, entry: Acknowledged) -> None:
        """Append an entry, durable when this returns."""
        line = f"\n{json.dumps(asdict(entry))}\n"  # the first line break separates it from a torn line
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line.encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    def read(self) -> list[Acknowledged]:
        """Return the entries of all whole lines, in order."""
        if not self._path.exists():
            return []
        return [Acknowledged(**entry) for entry in whole_lines(self._path.read_text("utf-8", "replace"))]


def whole_lines(text: str) -> list[dict[str, Any]]:
    """Return the JSON objects of the lines; torn lines, and text before an object on its line, are left out."""
    objects: list[dict[str, Any]] = []
    for line in text.splitlines():
        start = line.rfind('{"key": ')
        try:
            objects += [json.loads(line[start:])] if start >= 0 else []
        except ValueError:
            continue
    return objects
