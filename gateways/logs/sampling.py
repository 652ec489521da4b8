"""Looking into a log that nobody has mapped yet: its records as plain texts, and a sample of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

from gateways.cells import Flaw, text_in
from gateways.logs.ocel import TYPE, object_types, ocel_records
from gateways.logs.records import Record, Records
from gateways.logs.rows import csv_records, sheet_records
from gateways.logs.shape import CASE, LogSource
from gateways.logs.unpacking import kind_of, refused, unpacked
from gateways.logs.words import word_list
from gateways.logs.xes import xes_records
from gateways.problems import excerpt

SAMPLE = 10_000
"""So many records are looked at to find out what the columns hold."""
UNTOLD = LogSource(name="unmapped", kind="complaint", pack="logistics", zone="UTC")
NOTHING: frozenset[str] = frozenset()

Row = dict[str, str]


def raw(path: Path) -> Iterator[Row]:
    """Each record of a log as texts by column; the case's own attributes under ``case:NAME``. Raises ``Unreadable``."""
    try:
        with unpacked(path) as plain:
            for record in _records(plain, path):
                if isinstance(record, Record):
                    yield _texts(record)
    except (OSError, UnicodeError) as error:
        raise refused("bad_file.unreadable_file", path) from error


def _records(plain: Path, path: Path) -> Records:
    match kind_of(path):
        case ".xes":
            return xes_records(plain)
        case ".csv" | ".tsv":
            return csv_records(plain, UNTOLD, NOTHING)
        case ".xlsx" | ".xlsm":
            return sheet_records(plain, UNTOLD, NOTHING)
        case ".json" | ".jsonocel":
            types = object_types(plain)
            return ocel_records(plain, TYPE + (types[0] if types else "case"))
        case other:
            raise refused("bad_log.unsupported_extension", path, extension=excerpt(other))


def _texts(record: Record) -> Row:
    cells = {name: cell for name, cell in record.cells.items() if not isinstance(cell, Flaw)}
    told = {name: text for name, cell in cells.items() if name and (text := text_in(cell))}
    return told | {CASE + name: text for name, text in record.of_case.items()}


@dataclass(slots=True)
class Column:
    """What one column of the sample holds: how many cells say something, and how often each value is there."""

    name: str
    values: Counter[str] = field(default_factory=Counter[str])

    @property
    def filled(self) -> int:
        """Cells that say something."""
        return self.values.total()


class Sample:
    """The first records of a log, without the cells that stand for nothing."""

    def __init__(self, rows: Sequence[Row]) -> None:
        markers = word_list().missing
        self.missing = sorted({text for row in rows for text in row.values() if text.casefold() in markers})
        gone = frozenset(self.missing)
        self.rows = [{name: text for name, text in row.items() if text not in gone} for row in rows]

    @cached_property
    def columns(self) -> dict[str, Column]:
        """The columns by name, in the order of the file."""
        found: dict[str, Column] = {}
        for row in self.rows:
            for name, text in row.items():
                found.setdefault(name, Column(name)).values[text] += 1
        return found

    def pairs(self, case: str) -> list[tuple[Row, Row]]:
        """Each record with the one before it of the same case, in the order of the file."""
        last: dict[str, Row] = {}
        found: list[tuple[Row, Row]] = []
        for row in self.rows:
            if key := row.get(case):
                if key in last:
                    found.append((last[key], row))
                last[key] = row
        return found


def sampled(path: Path) -> Sample:
    """The beginning of a log. Raises ``Unreadable``, also where there is nothing in it."""
    rows = list(islice(raw(path), SAMPLE))
    if not rows:
        raise refused("bad_log.empty", path)
    return Sample(rows)


def changes(pairs: Sequence[tuple[Row, Row]], column: str) -> float:
    """In which share of the pairs a column changes; 0 where it is never told twice."""
    told = [(before[column], after[column]) for before, after in pairs if column in before and column in after]
    return sum(before != after for before, after in told) / len(told) if told else 0.0
