"""Split the lines of a text file into the rows of a table: the separator, a limit on a row's length, quotes."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import TextIO

from gateways.headers import best_row, names_in
from gateways.problems import AddNote, FileNote, Problem, Unreadable

ROW_LIMIT = 4 << 20
"""The longest row of a text file, in characters; a longer one has most likely lost a closing quote."""
COLUMN_LIMIT = 16_384
"""The most columns: those of a spreadsheet."""
SEPARATORS = (",", ";", "\t", "|")
SAMPLE = 1 << 16
"""The characters from which the separator is inferred."""
_SEP_LINE = re.compile(r'\ufeff?"?sep=([^\w"\r\n])"?,*[ \t]*(?:[\r\n]|$)', re.IGNORECASE)
"""The line with which Excel is told the separator."""


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

    def next_row(self) -> None:
        """Begin the next row, with its own limit."""
        self.row += 1
        self._spent = 0


def records(lines: Lines, separator: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Yield each row's number and cells. Raises ``Unreadable`` for a quote that is not closed or stands amid a cell."""
    csv.field_size_limit(max(csv.field_size_limit(), ROW_LIMIT))
    try:
        for record in csv.reader(lines, delimiter=separator, strict=True):
            if len(record) > COLUMN_LIMIT:
                raise Unreadable(Problem(lines.row, None, "bad_file.too_many_columns", {"limit": COLUMN_LIMIT}))
            yield lines.row, record
            lines.next_row()
    except csv.Error as error:
        unfinished = "unexpected end" in str(error)
        code = "bad_file.unterminated_quote" if unfinished else "bad_file.stray_quote"
        raise Unreadable(Problem(lines.row, None, code)) from error


def delimited_rows(
    handle: TextIO, separator: str | None, needed: frozenset[str], note: AddNote
) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and cells of each row of an open text file.

    Without a ``separator``, it is that of a ``sep=`` line, else the one that yields the ``needed`` columns, else the
    one that yields rows of equal length; it is noted unless it is a comma. Raises ``Unreadable``.
    """
    sample = handle.read(SAMPLE)
    handle.seek(0)
    named = _SEP_LINE.match(sample)
    chosen = separator or (named[1] if named else separator_of(sample, needed))
    if separator is None and chosen != ",":
        shown = "TAB" if chosen == "\t" else chosen
        note(FileNote("file_note.separator_named" if named else "file_note.separator", {"separator": shown}))
    rows = records(Lines(handle), chosen)
    if named:
        next(rows, None)
    yield from rows


def separator_of(sample: str, needed: frozenset[str]) -> str:
    """Return the separator that finds most of the needed columns in one row, and then most rows of equal length."""
    whole = sample if len(sample) < SAMPLE else sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1]
    return max(SEPARATORS, key=lambda separator: _fitness(whole, separator, needed))


def _fitness(sample: str, separator: str, needed: frozenset[str]) -> tuple[int, int, int]:
    csv.field_size_limit(max(csv.field_size_limit(), ROW_LIMIT))
    try:
        rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=separator) if any(row)]
    except csv.Error:
        return 0, 0, 0
    found = len(needed.intersection(names_in(best_row(rows, needed)))) if rows and needed else 0
    widths = Counter(len(row) for row in rows)
    width, count = max(widths.items(), key=lambda item: (item[0] > 1, item[1] * item[0]), default=(0, 0))
    return found, count if width > 1 else 0, width
