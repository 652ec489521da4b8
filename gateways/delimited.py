"""Split the lines of a text file into the rows of a table, with a limit on their length and a checked header."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from gateways.problems import Problem, Unreadable, excerpt

ROW_LIMIT = 4 << 20
"""The longest row of a text file, in characters; a longer one has most likely lost a closing quote."""


class Lines:
    """The lines of an open file; ``row`` is the number of the current row, from 1. Raises ``Unreadable``."""

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
        if not line:
            raise StopIteration
        return line

    def rewind(self) -> None:
        """Start again at the first line."""
        self._handle.seek(0)

    def next_row(self) -> None:
        """Begin the next row, with its own limit."""
        self.row += 1
        self._spent = 0


def records(lines: Lines, separator: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Yield each row's number and cells. Raises ``Unreadable`` for a quote that is not closed or stands amid a cell."""
    csv.field_size_limit(max(csv.field_size_limit(), ROW_LIMIT))
    try:
        for record in csv.reader(lines, delimiter=separator, strict=True):
            yield lines.row, record
            lines.next_row()
    except csv.Error as error:
        unfinished = "unexpected end" in str(error)
        code = "bad_file.unterminated_quote" if unfinished else "bad_file.stray_quote"
        raise Unreadable(Problem(lines.row, None, code)) from error


def checked_header(names: Sequence[str], row: int, needed: Iterable[str]) -> list[str]:
    """Return the column names, trimmed. Raises ``Unreadable`` if a needed one is missing or repeated."""
    header = [name.strip() for name in names]
    problems = [
        Problem(row, column, code, {"column": excerpt(column)})
        for column in sorted(needed)
        for code, wrong in (
            ("bad_file.missing_column", column not in header),
            ("bad_file.duplicated_column", header.count(column) > 1),
        )
        if wrong
    ]
    if problems:
        raise Unreadable(*problems)
    return header
