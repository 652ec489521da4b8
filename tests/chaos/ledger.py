"""The outside ledger: what was acknowledged, one synced line each, in a file that no store knows of."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A command that was answered. ``seq`` is 0 for a refusal, whose code stands in ``refused``."""

    key: str
    move: str
    number: str = ""
    seq: int = 0
    refused: str = ""


class Ledger:
    """Lines are written after the answer came and never changed; a line torn by a kill was not acknowledged."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, entry: Acknowledged) -> None:
        """Durable when this returns."""
        line = f"\n{json.dumps(asdict(entry))}\n"  # the first break parts it from a line that was torn
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line.encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    def read(self) -> list[Acknowledged]:
        """Every whole line, in order."""
        if not self._path.exists():
            return []
        return [Acknowledged(**told) for told in whole_lines(self._path.read_text("utf-8", "replace"))]


def whole_lines(text: str) -> list[dict[str, Any]]:
    """The JSON objects among the lines; what was torn, and what stands before an object on its line, is left out."""
    found: list[dict[str, Any]] = []
    for line in text.splitlines():
        start = line.rfind('{"key": ')
        try:
            found += [json.loads(line[start:])] if start >= 0 else []
        except ValueError:
            continue
    return found
