"""Spellings of a log that other systems write: declared encodings, 24:00, events outside a trace, all forms of OCEL."""

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateways.cells import instant_in
from gateways.logs.events import events
from gateways.logs.ocel import object_types
from gateways.problems import BadCell, Problem
from models.log_event import LogEvent
from tests.gateways.logs.log_formats import OCEL, XES, mapping, read, refusals

EVENT = '<event><string key="concept:name" value="{word}"/><date key="time:timestamp" value="{at}"/></event>'
CASE = '<string key="concept:name" value="{case}"/>'


def xes(folder: Path, *parts: str, encoding: str = "", codec: str = "utf-8") -> Path:
    """Write an XES log of these parts, with an encoding declared if one is given."""
    declaration = f'<?xml version="1.0" encoding="{encoding}"?>' if encoding else ""
    path = folder / "log.xes"
    path.write_bytes(f"{declaration}<log>{''.join(parts)}</log>".encode(codec))
    return path


def trace(case: str, word: str, at: str = "2026-03-02T09:00:00Z") -> str:
    return f"<trace>{CASE.format(case=case)}{EVENT.format(word=word, at=at)}</trace>"


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("GBK", "gbk"),
        ("GB2312", "gb2312"),
        ("gb2312", "gbk"),
        ("GB18030", "gb18030"),
        ("Big5", "big5"),
        ("UTF-8", "utf-8"),
        ("UTF-16", "utf-16"),
        ("windows-1252", "windows-1252"),
        ("Shift_JIS", "shift_jis"),
    ],
)
def test_an_xes_log_is_read_in_its_declared_encoding(tmp_path: Path, declared: str, codec: str):
    words = {"big5": "受理", "windows-1252": "Prüfung", "shift_jis": "受付"}
    word = words.get(codec, "受理投诉")
    path = xes(tmp_path, trace("件1" if codec != "windows-1252" else "T-1", word), encoding=declared, codec=codec)
    [event] = read(path, mapping(tmp_path, XES))
    assert isinstance(event, LogEvent)
    assert event.word == word


def test_a_long_log_in_gbk_is_read_to_its_end(tmp_path: Path):
    path = xes(tmp_path, *(trace(f"案件{n}", "转办") for n in range(3000)), encoding="GBK", codec="gbk")
    cases = [event.case for event in events(path, mapping(tmp_path, XES)) if isinstance(event, LogEvent)]
    assert cases == [f"案件{n}" for n in range(3000)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02T24:00:00Z", datetime(2026, 3, 3, tzinfo=UTC)),
        ("2026-03-02T24:00:00+08:00", datetime(2026, 3, 2, 16, tzinfo=UTC)),
        ("2026-03-02 24:00", datetime(2026, 3, 2, 16, tzinfo=UTC)),
        ("2026-03-02T24:00:00.000", datetime(2026, 3, 2, 16, tzinfo=UTC)),
        ("2026-12-31T24:00:00+08:00", datetime(2026, 12, 31, 16, tzinfo=UTC)),
        ("2024-02-28T24:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_24_00_is_the_midnight_that_ends_the_day(tmp_path: Path, text: str, expected: datetime):
    source = mapping(tmp_path, XES).source
    assert instant_in(text, source) == expected


@pytest.mark.parametrize("text", ["2026-03-02T24:00:01Z", "2026-03-02T24:30:00Z", "2026-03-02T25:00:00Z"])
def test_no_other_time_after_23_59_is_read(tmp_path: Path, text: str):
    with pytest.raises(BadCell):
        instant_in(text, mapping(tmp_path, XES).source)


def test_events_outside_a_trace_are_problems_with_their_place(tmp_path: Path):
    outside = EVENT.format(word="work", at="2026-03-03T09:00:00Z")
    found = read(xes(tmp_path, outside, trace("T-1", "sort"), outside, trace("T-2", "sort")), mapping(tmp_path, XES))
    assert [event.case if isinstance(event, LogEvent) else (event.row, event.code) for event in found] == [
        (1, "bad_log.outside_a_trace"),
        "T-1",
        (3, "bad_log.outside_a_trace"),
        "T-2",
    ]


EVENTS = [
    ("e1", "Receive", "2026-03-02T09:00:00Z", ["T-1", "p1"]),
    ("e2", "Resolve", "2026-03-02T10:00:00Z", ["T-1"]),
    ("e3", "Receive", "2026-03-02T11:00:00Z", ["T-2", "p1"]),
    ("e4", "Call", "2026-03-02T12:00:00Z", ["p1"]),
]
"""Events with their objects; the last one concerns no ticket."""


def ocel_json(path: Path) -> Path:
    log = {
        "objects": [{"id": "T-1", "type": "ticket"}, {"id": "T-2", "type": "ticket"}, {"id": "p1", "type": "person"}],
        "events": [
            {"id": i, "type": word, "time": at, "attributes": [{"name": "clerk", "value": f"c-{i}"}],
             "relationships": [{"objectId": name, "qualifier": ""} for name in objects]}
            for i, word, at, objects in EVENTS
        ],
    }  # fmt: skip
    path.write_text(json.dumps(log), "utf-8")
    return path


def ocel_xml(path: Path) -> Path:
    related = '<objects>{}</objects><attributes><attribute name="clerk">c-{}</attribute></attributes>'
    inner = [
        f'<event id="{i}" type="{word}" time="{at}">'
        + related.format("".join(f'<relationship object-id="{name}" qualifier="x"/>' for name in objects), i)
        + "</event>"
        for i, word, at, objects in EVENTS
    ]
    objects = '<object id="T-1" type="ticket"/><object id="T-2" type="ticket"/><object id="p1" type="person"/>'
    path.write_text(f"<log><objects>{objects}</objects><events>{''.join(inner)}</events></log>", "utf-8")
    return path


def ocel_sqlite(path: Path) -> Path:
    database = sqlite3.connect(path)
    database.executescript(
        "CREATE TABLE event(ocel_id, ocel_type); CREATE TABLE object(ocel_id, ocel_type);"
        "CREATE TABLE event_object(ocel_event_id, ocel_object_id, ocel_qualifier);"
        "CREATE TABLE event_map_type(ocel_type, ocel_type_map); CREATE TABLE object_map_type(ocel_type, ocel_type_map);"
        "INSERT INTO object_map_type VALUES ('ticket', 'Ticket'), ('person', 'Person');"
        "CREATE TABLE object_Ticket(ocel_id, ocel_time, ocel_changed_field, rank);"
        "CREATE TABLE object_Person(ocel_id, ocel_time, ocel_changed_field);"
        "INSERT INTO object_Ticket VALUES ('T-1', '1970-01-01 00:00:00', NULL, 'low'),"
        " ('T-1', '2026-03-02 09:30:00', 'rank', 'high'), ('T-2', '1970-01-01 00:00:00', NULL, 'low');"
        "INSERT INTO object_Person VALUES ('p1', '1970-01-01 00:00:00', NULL);"
    )
    for word in dict.fromkeys(word for _, word, _, _ in EVENTS):
        database.execute("INSERT INTO event_map_type VALUES (?, ?)", (word, word))
        database.execute(f'CREATE TABLE "event_{word}"(ocel_id, ocel_time, clerk)')
    for name, word, at, objects in EVENTS:
        database.execute("INSERT INTO event VALUES (?, ?)", (name, word))
        database.execute(f'INSERT INTO "event_{word}" VALUES (?, ?, ?)', (name, at, f"c-{name}"))
        database.executemany("INSERT INTO event_object VALUES (?, ?, '')", [(name, each) for each in objects])
    database.commit()
    database.close()
    return path


@pytest.mark.parametrize(
    ("name", "write"),
    [("log.json", ocel_json), ("log.jsonocel", ocel_json), ("log.xmlocel", ocel_xml), ("log.xml", ocel_xml),
     ("log.sqlite", ocel_sqlite)],
)  # fmt: skip
def test_all_forms_of_ocel_give_the_same_events(tmp_path: Path, name: str, write: Callable[[Path], Path]):
    path = write(tmp_path / name)
    found = read(path, mapping(tmp_path, OCEL))
    good = [event for event in found if isinstance(event, LogEvent)]
    assert sorted((event.case, event.word, event.at, event.values["clerk"]) for event in good) == [
        ("T-1", "Receive", datetime(2026, 3, 2, 9, tzinfo=UTC), "c-e1"),
        ("T-1", "Resolve", datetime(2026, 3, 2, 10, tzinfo=UTC), "c-e2"),
        ("T-2", "Receive", datetime(2026, 3, 2, 11, tzinfo=UTC), "c-e3"),
    ]
    assert [event.code for event in found if isinstance(event, Problem)] == ["bad_log.no_case"], "e4 is of nobody"
    assert set(object_types(path)) == {"ticket", "person"}


def test_the_latest_value_of_an_object_counts_in_sqlite(tmp_path: Path):
    text = OCEL.replace("[event]", '[fill]\nseverity = { column = "case:rank" }\n[event]')
    found = read(ocel_sqlite(tmp_path / "log.sqlite"), mapping(tmp_path, text))
    assert {event.case: event.of_case["rank"] for event in found if isinstance(event, LogEvent)} == {
        "T-1": "high",
        "T-2": "low",
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonocel", '{"ocel:global-log": {"ocel:version": "1.0"}, "ocel:events": {}, "ocel:objects": {}}'),
        ("b.json", '{"ocel:events": {"e": {"ocel:activity": "a"}}, "ocel:global-log": {}, "ocel:objects": {}}'),
        ("c.json", '\n {"ocel:objects": {}}'),
        ("d.xmlocel", '<log><events><event><string key="id" value="e1"/></event></events></log>'),
        ("e.xml", '<log><objects><object><string key="id" value="o1"/></object></objects></log>'),
    ],
)
def test_ocel_1_is_refused_by_its_name(tmp_path: Path, name: str, content: str):
    path = tmp_path / name
    path.write_text(content, "utf-8")
    assert refusals(path, mapping(tmp_path, OCEL)) == ["bad_log.first_ocel"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.sqlite", b"SQLite format 3\0 and then nothing"),
        ("b.xmlocel", b"<logs/>"),
        ("c.xmlocel", b"<log><events><event id='e1' type='x'"),
        ("d.json", b'{"objects": [{"id": "T-1"}]}'),
        ("e.xmlocel", b"<log><objects><object id='T-1'/></objects></log>"),
    ],
)
def test_a_broken_ocel_log_is_refused(tmp_path: Path, name: str, content: bytes):
    path = tmp_path / name
    path.write_bytes(content)
    assert refusals(path, mapping(tmp_path, OCEL)) == ["bad_log.not_ocel"]
