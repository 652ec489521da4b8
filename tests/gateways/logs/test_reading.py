"""Logs of every format give the same events; a malformed log is refused with a code, in bounded time and memory."""

import gzip
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateways.logs import log_files
from gateways.logs.events import events
from gateways.problems import Problem
from models.log_event import LogEvent
from tests.gateways.logs import log_formats, sample_logs
from tests.gateways.logs.log_formats import EVENTS, OCEL, TABLE, XES, csv_log, mapping, read, refusals

BOMB = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><log><trace>&b;</trace></log>'

MANY = 25_000
"""Enough events for their list to take twice the memory that a reader may take."""


def events_of(path: Path, text: str) -> list[tuple[str, str, datetime | None, str]]:
    parsed = log_formats.good(path, mapping(path.parent, text))
    return sorted(((event.case, event.word, event.at, event.values["clerk"]) for event in parsed), key=str)


@pytest.mark.parametrize(
    "name", ["log.csv", "log.csv.gz", "log.xes", "log.xes.gz", "log.xlsx", "log.json", "log.json.gz"]
)
def test_every_format_gives_the_same_events(tmp_path: Path, name: str):
    path, text = {
        "csv": lambda: (csv_log(tmp_path, name=name), TABLE),
        "xes": lambda: (log_formats.xes_log(tmp_path, name), XES),
        "xls": lambda: (log_formats.sheet_log(tmp_path), TABLE.replace("Asia/Shanghai", "UTC")),
        "jso": lambda: (log_formats.ocel_log(tmp_path, name), OCEL),
    }[name[4:7]]()
    assert events_of(path, text) == sorted(EVENTS, key=str)


def test_events_come_in_the_order_of_the_file_and_are_counted(tmp_path: Path):
    parsed = read(csv_log(tmp_path), mapping(tmp_path))
    assert [(event.row, event.case) for event in parsed if isinstance(event, LogEvent)] == [
        (1, "t1"),
        (2, "t2"),
        (3, "t1"),
    ]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_the_separator_is_detected_from_the_header(tmp_path: Path, separator: str):
    path = sample_logs.table(tmp_path / "log.csv", log_formats.HEADER, log_formats.rows(EVENTS), separator)
    assert len(list(log_formats.good(path, mapping(tmp_path)))) == 3


def test_a_time_without_an_offset_is_in_the_logs_zone(tmp_path: Path):
    path = csv_log(tmp_path, [])
    path.write_text(path.read_text() + "t1,Resolve,2024-03-01 08:00,ann\n")
    [event] = log_formats.good(path, mapping(tmp_path))
    assert event.at == datetime(2024, 3, 1, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(("unit", "number"), [("seconds", "1709251200"), ("milliseconds", "1709251200000")])
def test_a_time_may_be_a_number(tmp_path: Path, unit: str, number: str):
    path = csv_log(tmp_path, [])
    path.write_text(path.read_text() + f"t1,Resolve,{number},ann\n")
    by = mapping(tmp_path, TABLE.replace("missing", f'epoch = "{unit}"\nmissing'))
    assert [event.at for event in log_formats.good(path, by)] == [datetime(2024, 3, 1, tzinfo=UTC)]


def test_a_missing_mark_is_read_as_no_value(tmp_path: Path):
    path = csv_log(tmp_path, [("t1", "Resolve", None, "?")])
    [event] = log_formats.good(path, mapping(tmp_path))
    assert event.at is None
    assert "clerk" not in event.values


def test_an_event_without_a_time_may_get_its_neighbours_time(tmp_path: Path):
    path = csv_log(tmp_path, [EVENTS[0], ("t1", "Resolve", None, "ann"), ("t2", "Resolve", None, "ann")])
    by = mapping(tmp_path, TABLE.replace('who = "clerk"', 'who = "clerk"\nuntimed = "neighbour"'))
    assert [event.at for event in log_formats.good(path, by)] == [EVENTS[0][2], EVENTS[0][2], None]


def test_a_bad_event_is_reported_with_its_place_and_the_others_are_read(tmp_path: Path):
    path = csv_log(tmp_path, [("", "Resolve", EVENTS[0][2], "ann"), EVENTS[1]])
    path.write_text(path.read_text() + "t3,Resolve,31/31/2024,ann\nt4,Resolve,2024-03-01,ann,more,still\n")
    parsed = read(path, mapping(tmp_path))
    bad = [(row.row, row.column, row.code) for row in parsed if isinstance(row, Problem)]
    assert bad == [
        (2, "ticket", "bad_log.no_case"),
        (4, "time", "bad_file.impossible_date"),
        (5, None, "bad_file.too_many_cells"),
    ]
    assert len(parsed) == 4


def test_a_table_without_a_mapped_column_is_refused(tmp_path: Path):
    path = sample_logs.table(tmp_path / "log.csv", ["ticket", "step"], [])
    assert set(refusals(path, mapping(tmp_path))) == {"bad_file.missing_column"}


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("log.pdf", b"%PDF", "bad_log.unsupported_extension"),
        ("log.csv", b"", "bad_log.empty"),
        ("log.csv", b"ticket,step,time,clerk\n", "bad_log.empty"),
        ("log.csv", b"ticket,step,time,clerk\nt1,Resolve,2024-03-01,\xff\xff\n", "bad_file.wrong_encoding"),
        ("log.csv", b'ticket,step,time,clerk\nt1,"Resolve,2024-03-01,a\n', "bad_file.unterminated_quote"),
        ("log.xlsx", b"ticket,step,time,clerk\n", "bad_file.not_a_workbook"),
        ("log.csv.gz", gzip.compress(b"ticket,step,time,clerk\n" * 99, mtime=0)[:40], "bad_log.cut_off"),
        ("log.csv.gz", gzip.compress(b"ticket", mtime=0)[:-9] + b"123456789", "bad_log.broken_gzip"),
    ],
)
def test_a_malformed_table_is_refused(tmp_path: Path, name: str, content: bytes, code: str):
    path = tmp_path / name
    path.write_bytes(content)
    assert refusals(path, mapping(tmp_path)) == [code]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "bad_log.not_xml"),
        (b"<log><trace><event>", "bad_log.not_xml"),
        (b"<html></html>", "bad_log.not_xes"),
        (b"<log></log>", "bad_log.empty"),
        (BOMB.encode(), "bad_log.unsafe_xml"),
        (b'<?xml version="1.0" encoding="nowhere"?><log/>', "bad_log.not_xml"),
        (b"<log>\xff\xfe</log>", "bad_log.not_xml"),
    ],
)
def test_a_malformed_xes_is_refused(tmp_path: Path, content: bytes, code: str):
    path = tmp_path / "log.xes"
    path.write_bytes(content)
    assert refusals(path, mapping(tmp_path, XES)) == [code]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "bad_log.not_ocel"),
        ('{"events": [', "bad_log.not_ocel"),
        ("[]", "bad_log.no_such_object"),
        ('{"events": [], "objects": [{"id": "a", "type": "parcel"}]}', "bad_log.no_such_object"),
        ('{"events": [], "objects": [{"id": "a", "type": "ticket"}]}', "bad_log.empty"),
        ('{"events": [{"id": 1}], "objects": [{"id": "a", "type": "ticket"}]}', "bad_log.not_ocel"),
        ('{"events": [7], "objects": [{"id": "a", "type": "ticket"}]}', "bad_log.not_ocel"),
    ],
)
def test_a_malformed_ocel_is_refused(tmp_path: Path, content: str, code: str):
    path = tmp_path / "log.json"
    path.write_text(content)
    assert refusals(path, mapping(tmp_path, OCEL)) == [code]


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path):
    by = mapping(tmp_path)
    (tmp_path / "folder.csv").mkdir()
    assert refusals(tmp_path / "none.csv", by) == ["bad_file.missing_file"]
    assert refusals(tmp_path / "folder.csv", by) == ["bad_file.not_a_file"]


def test_a_gzip_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(log_files, "RATIO_FROM", 1_000_000)
    path = tmp_path / "log.xes.gz"
    path.write_bytes(gzip.compress(b"<log>" + b" " * 5_000_000))
    assert refusals(path, mapping(tmp_path, XES)) == ["bad_log.gzip_bomb"]


def test_an_object_with_many_events_and_an_event_with_many_objects(tmp_path: Path):
    path = sample_logs.ocel(tmp_path, cases=6)
    text = OCEL.replace("ocel:type:ticket", "ocel:type:customer")
    assert {event.case for event in log_formats.good(path, mapping(tmp_path, text))} == {"c0", "c1", "c2"}
    tickets = list(log_formats.good(path, mapping(tmp_path, OCEL.replace('"none"', '{ column = "case:priority" }'))))
    assert {event.of_case["priority"] for event in tickets} == {"high", "low"}


def test_a_case_of_many_events_takes_no_more_memory_than_a_buffer(tmp_path: Path):
    event = '<event><string key="concept:name" value="Resolve"/><string key="clerk" value="ann"/></event>\n'
    trace = '<log><trace><string key="concept:name" value="t1"/>' + event * MANY + "</trace></log>"
    path = sample_logs.write_text(tmp_path / "log.xes.gz", trace)
    by = mapping(tmp_path, XES)
    tracemalloc.start()
    count = sum(1 for _ in events(path, by))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == MANY
    assert peak < 8_000_000, "their list takes 16 MB"


def test_a_log_is_read_lazily(tmp_path: Path):
    path = csv_log(tmp_path)
    path.write_text(path.read_text() + '"never closed')
    assert isinstance(next(events(path, mapping(tmp_path))), LogEvent)
