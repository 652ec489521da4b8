"""Reading a log as a stream of events, whatever its format, by the mapping that says what its columns hold."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from gateways.logs.event_extraction import Taking
from gateways.logs.mapping import LogMapping, Part
from gateways.logs.ocel import ocel_records
from gateways.logs.records import Records
from gateways.logs.rows import csv_records, sheet_records
from gateways.logs.unpacking import kind_of, refused, unpacked
from gateways.logs.xes import xes_records
from gateways.problems import Problem, excerpt
from models.log_event import LogEvent

READERS: dict[str, Callable[[Path, LogMapping, frozenset[str]], Records]] = {
    ".xes": lambda path, mapping, needed: xes_records(path),
    ".csv": lambda path, mapping, needed: csv_records(path, mapping.source, needed),
    ".tsv": lambda path, mapping, needed: csv_records(path, mapping.source, needed),
    ".xlsx": lambda path, mapping, needed: sheet_records(path, mapping.source, needed),
    ".xlsm": lambda path, mapping, needed: sheet_records(path, mapping.source, needed),
    ".json": lambda path, mapping, needed: ocel_records(path, mapping.event.case),
    ".jsonocel": lambda path, mapping, needed: ocel_records(path, mapping.event.case),
}


def events(path: Path, mapping: LogMapping) -> Iterator[LogEvent | Problem]:
    """The events of a log in file order, one at a time; the memory that this takes does not grow with the log.

    Their values are those of the columns that the mapping needs. A ``Problem`` stands for an event that cannot be used
    (no case, an impossible time) and counts as one; its row is where people find it in the file. What stops the
    reading raises ``Unreadable``, perhaps after good events: whoever wants all or nothing reads to the end first. The
    events of a case may be scattered; ``mapping.order_key`` sorts them.
    """
    with closing(Taking(mapping)) as taking:
        for part in mapping.parts:
            for record in _records(path.with_name(part.file) if part.file else path, mapping, part):
                yield from taking.events(record, part)
    if not taking.count:
        raise refused("bad_log.empty", path)


def _records(path: Path, mapping: LogMapping, part: Part) -> Records:
    reader = READERS.get(kind_of(path))
    try:
        with unpacked(path) as plain:
            if reader is None:
                raise refused("bad_log.unsupported_extension", path, extension=excerpt(kind_of(path)))
            yield from reader(plain, mapping, part.columns)
    except (OSError, UnicodeError) as error:
        raise refused("bad_file.unreadable_file", path) from error
