"""Find the header of a table, and leave out what is no row of it: titles, repeated headers, totals, blank rows."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from gateways.cells import Cell, is_blank
from gateways.problems import AddNote, FileNote, Problem, Unreadable, excerpt

SEARCHED = 50
"""The rows at the beginning among which the header is looked for."""
INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
_TOTAL = re.compile(
    r"(合计|总计|小计|共计|合計|總計|小計|共計|共|(grand |sub)?totals?|sum|summe|gesamt)"
    r"[\s:：(（]*[\d.,]*\s*(条|條|件|单|單|票|行|笔|筆|个|個|元|rows?|records?)?(记录|記錄|数据|數據)?[)）]?",
    re.IGNORECASE,
)
"""What the first cell of a row of totals says."""

_FOOTER = re.compile(
    r"(导出|匯出|打印|列印|制表|製表|填表|统计|統計|审核|審核|复核|覆核|审批|備註|备注|说明|說明|注|截止|生成|报表|報表)[^:：]{0,6}[:：].*"
    r"|[第共]\s*\d+\s*[页頁].*|以下空白|(exported|printed|generated|created|page|report|end of)\b.*",
    re.IGNORECASE | re.DOTALL,
)
"""What the only cell of a row below a table says: when it was exported, who made it, which page it is."""

Row = tuple[int, Sequence[Cell]]


def names_in(row: Sequence[Cell]) -> list[str]:
    """Return the cells of a header as column names, trimmed, without invisible characters at their ends."""
    return ["" if cell is None else str(cell).strip().strip(INVISIBLE).strip() for cell in row]


def best_row(rows: Sequence[Sequence[Cell]], needed: frozenset[str]) -> Sequence[Cell]:
    """Return the first row that holds most of the ``needed`` names; without any, the first that is about as wide as
    most rows."""
    if needed:
        best = max(rows, key=lambda row: len(needed.intersection(names_in(row))))
        if needed.intersection(names_in(best)):
            return best
    widths = [sum(not is_blank(cell) for cell in row) for row in rows]
    usual = Counter(widths).most_common(1)[0][0]
    return next(row for row, width in zip(rows, widths, strict=True) if width * 10 >= min(usual, max(widths)) * 6)


@dataclass(frozen=True, slots=True)
class TableLayout:
    """What is known of a table: the columns it must have, those that every row fills, and the row of the header."""

    needed: frozenset[str] = frozenset()
    filled: frozenset[str] = frozenset()
    header_row: int | None = None


def table_rows(rows: Iterable[Row], layout: TableLayout, note: AddNote) -> Iterator[Row]:
    """Yield the header, as names, and then the rows of the table; what is left out is noted.

    The header is the row with the number that the layout gives, else the one with the needed columns. Raises
    ``Unreadable`` if a needed column is missing or repeated, and where the rows cannot be read on.
    """
    filled = (row for row in rows if not all(map(is_blank, row[1])))
    begin = _Beginning(filled, layout.needed, layout.header_row)
    if not begin.rows:
        begin.end()
        return
    number, names = begin.header[0], names_in(begin.header[1])
    if begin.place:
        params = {"count": begin.place, "first": begin.rows[0][0]}
        note(FileNote("file_note.rows_above_header", params, row=number))
    yield number, checked_header(names, number, layout.needed)
    for row, cells in chain(begin.rows[begin.place + 1 :], begin.rest(filled)):
        if names_in(cells)[: len(names)] == names:
            note(FileNote("file_note.repeated_header", row=row))
        elif _is_footer(cells, len(names)):
            note(FileNote("file_note.footer_row", row=row))
        elif _is_total(cells, names, layout.filled):
            note(FileNote("file_note.totals_row", row=row))
        else:
            yield row, cells


class _Beginning:
    """The first rows of a table, read until the header is found.

    A row that cannot be read does not prevent the use of those before it: its error is raised after them.
    """

    def __init__(self, filled: Iterator[Row], needed: frozenset[str], header_row: int | None) -> None:
        self.rows: list[Row] = []
        self.place = 0
        self._error: Unreadable | None = None
        try:
            for row in islice(filled, SEARCHED if header_row is None else None):
                self.rows.append(row)
                if header_row is not None and row[0] >= header_row:
                    break
                if header_row is None and needed and needed.issubset(names_in(row[1])):
                    break
        except Unreadable as error:
            self._error = error
        if header_row is not None:
            self.place = self._numbered(header_row)
        elif self.rows:
            chosen = best_row([cells for _, cells in self.rows], needed)
            self.place = next(place for place, (_, cells) in enumerate(self.rows) if cells is chosen)

    @property
    def header(self) -> Row:
        return self.rows[self.place]

    def rest(self, filled: Iterator[Row]) -> Iterator[Row]:
        self.end()
        yield from filled

    def end(self) -> None:
        """Raise the error that ended the reading, if there was one."""
        if self._error is not None:
            raise self._error

    def _numbered(self, header_row: int) -> int:
        """Return the place of the header. Raises ``Unreadable`` if there is no such row."""
        if not self.rows or self.rows[-1][0] != header_row:
            self.end()
            raise Unreadable(Problem(header_row, None, "bad_file.no_header_row", {"row": header_row}))
        return len(self.rows) - 1


def _is_footer(cells: Sequence[Cell], columns: int) -> bool:
    """Return whether a row of a table of three columns or more has one filled cell, which speaks of the table."""
    filled = [cell for cell in cells if not is_blank(cell)]
    return columns >= 3 and len(filled) == 1 and _FOOTER.fullmatch(str(filled[0]).strip()) is not None


def _is_total(cells: Sequence[Cell], names: Sequence[str], needed: frozenset[str]) -> bool:
    """Return whether the first filled cell says that the row is a total, and a cell that every row fills is blank."""
    first = next(cell for cell in cells if not is_blank(cell))
    if not isinstance(first, str) or not _TOTAL.fullmatch(first.strip()):
        return False
    present = {name for name, cell in zip(names, cells, strict=False) if not is_blank(cell)}
    return not (needed or {*names} - {""}) <= present


def checked_header(names: Sequence[str], row: int, needed: Iterable[str]) -> Sequence[str]:
    """Return the column names. Raises ``Unreadable`` if a needed one is missing or repeated."""
    problems = [
        Problem(row, column, code, {"column": excerpt(column)})
        for column in sorted(needed)
        for code, wrong in (
            ("bad_file.missing_column", column not in names),
            ("bad_file.duplicated_column", names.count(column) > 1),
        )
        if wrong
    ]
    if problems:
        raise Unreadable(*problems)
    return names
