"""Writes one log in every format, and the mapping by which it is read."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from gateways.logs.events import events
from gateways.logs.mapping import LogMapping
from gateways.mapping_file import load_mapping
from gateways.problems import Problem, Unreadable
from models.log_event import LogEvent
from tests.gateways.logs import sample_logs

EVENTS = [
    ("t1", "Register", datetime(2024, 3, 1, 8, tzinfo=UTC), "ann"),
    ("t2", "Register", datetime(2024, 3, 1, 9, tzinfo=UTC), "bob"),
    ("t1", "Resolve", datetime(2024, 3, 2, 8, 30, tzinfo=UTC), "bob"),
]
"""Two cases whose events are scattered: case, word, time, clerk."""

TABLE = """
[source]
name = "desk"
kind = "complaint"
pack = "logistics"
zone = "Asia/Shanghai"
missing = ["?"]

[event]
case = "ticket"
word = "step"
at = "time"
who = "clerk"

[opening]
text = "none"

[moves]
"Resolve" = { move = "resolve", form = { result = { column = "clerk" } } }

[ignored]
"Register" = "opens it"
"""
XES = (
    TABLE.replace('"ticket"', '"case:concept:name"')
    .replace('"step"', '"concept:name"')
    .replace('"time"', '"time:timestamp"')
)
OCEL = (
    TABLE.replace('"ticket"', '"ocel:type:ticket"')
    .replace('"step"', '"ocel:activity"')
    .replace('"time"', '"ocel:timestamp"')
)
HEADER = ["ticket", "step", "time", "clerk"]


def mapping(folder: Path, text: str = TABLE) -> LogMapping:
    """Write a mapping and load it."""
    path = folder / "mapping.toml"
    path.write_text(text, "utf-8")
    return load_mapping(path, LogMapping)


def rows(cells: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Return the events as rows of a table."""
    return [dict(zip(HEADER, (case, word, at and at.isoformat(), who), strict=True)) for case, word, at, who in cells]


def csv_log(folder: Path, cells: list[tuple[Any, ...]] = EVENTS, name: str = "log.csv") -> Path:
    return sample_logs.table(folder / name, HEADER, rows(cells))


def xes_log(folder: Path, name: str = "log.xes") -> Path:
    """Write the same events as XES, grouped by case."""
    cases: dict[str, list[dict[str, Any]]] = {}
    for case, word, at, who in EVENTS:
        cases.setdefault(case, []).append({"concept:name": word, "time:timestamp": at, "clerk": who})
    return sample_logs.xes(folder / name, cases)


def sheet_log(folder: Path) -> Path:
    book = Workbook()
    book.worksheets[0].append(HEADER)
    for case, word, at, who in EVENTS:
        book.worksheets[0].append([case, word, at.replace(tzinfo=None), who])
    path = folder / "log.xlsx"
    book.save(path)
    return path


def ocel_log(folder: Path, name: str = "log.json") -> Path:
    objects = [{"id": case, "type": "ticket"} for case in ("t1", "t2")]
    logged = [
        {
            "id": f"e{n}",
            "type": word,
            "time": at.isoformat(),
            "attributes": [{"name": "clerk", "value": who}],
            "relationships": [{"objectId": case, "qualifier": "of"}],
        }
        for n, (case, word, at, who) in enumerate(EVENTS)
    ]
    document = {"eventTypes": [], "objectTypes": [], "events": logged, "objects": objects}
    return sample_logs.write_text(folder / name, json.dumps(document))


def read(path: Path, by: LogMapping) -> list[LogEvent | Problem]:
    return list(events(path, by))


def good(path: Path, by: LogMapping) -> Iterator[LogEvent]:
    """Yield the events of a log, which must have no problem."""
    for event in events(path, by):
        assert isinstance(event, LogEvent), event
        yield event


def refusals(path: Path, by: LogMapping) -> list[str]:
    """Return the codes for which a whole log is refused."""
    try:
        read(path, by)
    except Unreadable as error:
        return [problem.code for problem in error.problems]
    return []
