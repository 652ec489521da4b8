"""What a reader of one format finds in a log: the record of an event, not yet read by a mapping."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gateways.cells import Cell
from gateways.problems import Problem

Cells = Mapping[str, Cell]


class Record(NamedTuple):
    """An event, or a whole case in a log of wide rows: its place, what it says, and what its case says.

    ``place`` is where people find it: the row of a table, the count of the event in another log.
    """

    place: int
    cells: Cells
    of_case: Mapping[str, str]


Records = Iterator[Record | Problem]
"""A ``Problem`` stands for an event that cannot be read; what stops the reading raises ``Unreadable``."""

NOTHING: Mapping[str, str] = {}
