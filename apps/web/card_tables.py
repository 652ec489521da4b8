"""Name the column at each cell of a table that a narrow screen shows as cards, where the head is hidden."""

import re
from itertools import count
from typing import Final

TABLE: Final = re.compile(r'<table class="cards[ "].*?</table>', re.DOTALL)
HEAD: Final = re.compile(r"<thead>(.*?)</thead>", re.DOTALL)
HEADING: Final = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
ROW: Final = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
CELL: Final = re.compile(r"<t([dh])\b(?![^>]*\bcolspan=)")
TAG: Final = re.compile(r"<[^>]*>")


def with_column_names(page: str) -> str:
    """Return a page or a fragment whose cells of ``table.cards`` carry their column's name as ``data-label``.

    The style sheet shows the name before the cell. The heading of a row in the first column is that of the card and
    carries none, nor does a cell that spans columns. Texts are escaped already; none holds a tag.
    """
    return TABLE.sub(lambda table: _labelled(table.group()), page) if "cards" in page else page


def _labelled(table: str) -> str:
    head = HEAD.search(table)
    if head is None:
        return table
    names = [TAG.sub("", heading).strip().replace('"', "&#34;") for heading in HEADING.findall(head.group(1))]
    rows = ROW.sub(lambda row: _row(row.group(), names), table[head.end() :])
    return table[: head.end()] + rows


def _row(row: str, names: list[str]) -> str:
    columns = count()

    def cell(found: re.Match[str]) -> str:
        column = next(columns)
        titles = found.group(1) == "h" and column == 0
        named = column < len(names) and names[column] and not titles
        return f'{found.group()} data-label="{names[column]}"' if named else found.group()

    return CELL.sub(cell, row)
