"""Read a log without a mapping: its records as texts, and a sample of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

from gateways.cells import Flaw, text_in
from gateways.logs.draft.word_list import word_list
from gateways.logs.log_files import Record, kind_of, refused, unpacked
from gateways.logs.mapping_schema import CASE, LogSource
from gateways.logs.ocel import object_types
from gateways.logs.records import OCEL_KINDS, records_of
from gateways.problems import AddNote, FileNote, Unreadable, ignore

SAMPLE = 10_000
"""The number of records from which the meaning of columns is inferred."""
UNMAPPED = LogSource(name="unmapped", kind="complaint", pack="logistics", zone="UTC")

Row = dict[str, str]


def raw_rows(path: Path, encoding: str | None = None, note: AddNote = ignore) -> Iterator[Row]:
    """Yield each record as texts by column; attributes of the case as ``case:NAME``. Raises ``Unreadable``.

    ``note`` takes the remarks on the file, and on the records that cannot be read.
    """
    for record in records_of(path, _unmapped(encoding), frozenset(), None, note):
        if isinstance(record, Record):
            yield _texts(record)
        else:
            note(FileNote(record.code, record.params, record.row, record.column))


def _unmapped(encoding: str | None) -> LogSource:
    return UNMAPPED.model_copy(update={"encoding": encoding})


def _texts(record: Record) -> Row:
    cells = {name: cell for name, cell in record.cells.items() if not isinstance(cell, Flaw)}
    texts = {name: text for name, cell in cells.items() if name and (text := text_in(cell))}
    return texts | {CASE + name: text for name, text in record.of_case.items()}


@dataclass(slots=True)
class Column:
    """A column of the sample, with the number of occurrences of each value."""

    name: str
    values: Counter[str] = field(default_factory=Counter[str])

    @property
    def filled(self) -> int:
        """Return the number of cells with a value."""
        return self.values.total()


class Sample:
    """The first records of a log; cells with a text that means "missing" are left out.

    ``repeated`` are the columns that stand twice in the header: no mapping may name them. ``encoding`` is the one that
    was given for the log.
    """

    def __init__(
        self, rows: Sequence[Row], encoding: str | None = None, repeated: frozenset[str] = frozenset()
    ) -> None:
        self.encoding = encoding
        markers = word_list().missing
        self.repeated = repeated
        rows = [{name: text for name, text in row.items() if name not in repeated} for row in rows]
        self.missing = sorted({text for row in rows for text in row.values() if text.casefold() in markers})
        missing = frozenset(self.missing)
        self.rows = [{name: text for name, text in row.items() if text not in missing} for row in rows]

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Return the columns by name, in the order of the file."""
        columns: dict[str, Column] = {}
        for row in self.rows:
            for name, text in row.items():
                columns.setdefault(name, Column(name)).values[text] += 1
        return columns

    def pairs(self, case: str) -> list[tuple[Row, Row]]:
        """Return each record with the previous one of the same case, in the order of the file."""
        last: dict[str, Row] = {}
        pairs: list[tuple[Row, Row]] = []
        for row in self.rows:
            if key := row.get(case):
                if key in last:
                    pairs.append((last[key], row))
                last[key] = row
        return pairs


def read_sample(path: Path, encoding: str | None = None) -> Sample:
    """Return a sample of a log's first records. Raises ``Unreadable``, also for an empty log."""
    rows = list(islice(raw_rows(path, encoding), SAMPLE))
    if not rows:
        raise refused("bad_log.empty", path)
    return Sample(rows, encoding, _repeated(path, encoding, frozenset(name for row in rows for name in row)))


def _repeated(path: Path, encoding: str | None, names: frozenset[str]) -> frozenset[str]:
    """Return the names of the columns that a table has twice, as its reader refuses them."""
    if kind_of(path) not in {".csv", ".tsv", ".xlsx", ".xlsm"}:
        return frozenset()
    try:
        next(iter(records_of(path, _unmapped(encoding), names, None)), None)
    except Unreadable as error:
        return frozenset(problem.column or "" for problem in error.problems if problem.column in names)
    return frozenset()


def changes(pairs: Sequence[tuple[Row, Row]], column: str) -> float:
    """Return the share of the pairs in which a column changes; 0 if no pair has it twice."""
    values = [(before[column], after[column]) for before, after in pairs if column in before and column in after]
    return sum(before != after for before, after in values) / len(values) if values else 0.0


def object_types_of(path: Path) -> list[str]:
    """Return the object types of an OCEL log, the likeliest case first; none for another log. Raises ``Unreadable``."""
    if kind_of(path) not in OCEL_KINDS:
        return []
    with unpacked(path) as plain:
        return object_types(plain)
