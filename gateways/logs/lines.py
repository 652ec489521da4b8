"""The lines of a text file, no longer for one row than a row may be, and without what no text holds."""

from collections.abc import Iterator
from typing import TextIO

from gateways.problems import Problem, Unreadable
from gateways.tables import ROW_LIMIT


class Lines:
    """The lines of an open file; ``row`` is the one that is being read, from 1. Raises ``Unreadable``."""

    def __init__(self, handle: TextIO) -> None:
        self._handle = handle
        self._spent = 0
        self.row = 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._handle.readline(ROW_LIMIT - self._spent + 1)
        self._spent += len(line)
        if self._spent > ROW_LIMIT:
            raise Unreadable(Problem(self.row, None, "bad_file.row_too_long", {"limit": ROW_LIMIT}))
        if "\0" in line:
            raise Unreadable(Problem(self.row, None, "bad_file.nul"))
        if not line:
            raise StopIteration
        return line

    def begin_again(self) -> None:
        """From the first line, for whoever has looked at it."""
        self._handle.seek(0)

    def next_row(self) -> None:
        """The row is whole; a new one begins."""
        self.row += 1
        self._spent = 0
