"""A log of one endless record, endless nesting or forged tables is refused; a long value costs what it is long."""

import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateways.logs.bounded_reading import RECORD_LIMIT
from gateways.logs.log_files import Record
from gateways.logs.ocel import ocel_records
from gateways.logs.xes import xes_records
from gateways.problems import Problem, Unreadable
from tests.gateways.logs import log_formats

MEGABYTE = 1_000_000


Repeated = tuple[str, str, int, str]
"""A beginning, a text, how often it comes, and an end: every worker collects all tests, so none holds a huge text."""


def write(path: Path, begin: str, text: str, times: int, end: str) -> Path:
    """Write a file of these parts; return its path."""
    path.write_text(begin + text * times + end)
    return path


def xes(folder: Path, value: str) -> Path:
    path = folder / "log.xes"
    path.write_text(f'<log><trace><event><string key="concept:name" value="{value}"/></event></trace></log>')
    return path


def cpu_seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def test_a_huge_value_is_read_in_pieces_that_grow(tmp_path: Path):
    """Expat 2.5 reads a value again from its start with each piece of 16 kB: 8 MB took 60 times as long as 1 MB.

    In CPU time, not by the clock; the bound is thrice what is linear.
    """
    seconds: dict[int, float] = {}
    for size in (1, 8):
        path = xes(tmp_path, "x" * size * MEGABYTE)
        seconds[size] = cpu_seconds(lambda path=path: list(xes_records(path)))
    assert seconds[8] < max(seconds[1], 0.02) * 8 * 3


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_a_huge_value_is_read_whole(tmp_path: Path, size: int):
    [record] = xes_records(xes(tmp_path, "x" * size * MEGABYTE))
    assert isinstance(record, Record)
    assert len(str(record.cells["concept:name"])) == size * MEGABYTE


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(Unreadable) as caught:
        work()
    return caught.value.problems[0].code


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        (("<log><trace><event>", "<a/>", RECORD_LIMIT // 2, "</event></trace></log>"), "bad_log.record_too_long"),
        (("<log>", "x", 3 * RECORD_LIMIT, "</log>"), "bad_log.record_too_long"),
        (("<log>", "<a>", 100_000, ""), "bad_log.too_deep"),
        (('<!DOCTYPE log [<!ENTITY a "ha">]><log>', "&a;", 1, "</log>"), "bad_log.unsafe_xml"),
        (('<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/passwd">]><log>', "&x;", 1, "</log>"), "bad_log.unsafe_xml"),
    ],
    ids=["endless record", "endless text", "deep", "entities", "external entity"],
)
def test_forged_xml_is_refused(tmp_path: Path, parts: Repeated, code: str):
    path = write(tmp_path / "log.xes", *parts)
    assert code_of(lambda: list(xes_records(path))) == code
    assert code_of(lambda: list(ocel_records(path, "ocel:type:ticket"))) == code


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        (('{"events": ', "[", 100_000, ""), "bad_log.too_deep"),
        (('{"objects": [], "events": [{"id": "', "x", 3 * RECORD_LIMIT, '"}]}'), "bad_log.record_too_long"),
        (('{"objects": [{"id": "a", "attributes": [', "1,", RECORD_LIMIT, "1]}]}"), "bad_log.record_too_long"),
        (('{"objects": [{"id": ', "9", 5000, "}]}"), "bad_log.not_ocel"),
    ],
    ids=["deep", "endless string", "endless list", "digits"],
)
def test_forged_json_is_refused(tmp_path: Path, parts: Repeated, code: str):
    path = write(tmp_path / "log.jsonocel", *parts)
    assert code_of(lambda: list(ocel_records(path, "ocel:type:ticket"))) == code


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x, x AS y FROM n"


@pytest.mark.parametrize(
    "statements",
    [
        [f"CREATE VIEW event_object (ocel_event_id, ocel_object_id) AS {ENDLESS}"],
        ["CREATE TABLE event_object (ocel_event_id, ocel_object_id AS (zeroblob(1000000000)))"],
        ["CREATE TABLE event_object (ocel_event_id, ocel_object_id)",
         "INSERT INTO event_object VALUES (zeroblob(30000000), 1)"],
    ],
    ids=["endless view", "computed column", "huge value"],
)  # fmt: skip
def test_a_forged_database_is_refused(tmp_path: Path, statements: list[str]):
    path = tmp_path / "log.sqlite"
    with sqlite3.connect(path) as database:
        for statement in statements:
            database.execute(statement)
    database.close()
    assert code_of(lambda: list(ocel_records(path, "ocel:type:ticket"))) == "bad_log.not_ocel"


def test_a_path_is_no_part_of_an_address(tmp_path: Path):
    path = tmp_path / "log?mode=rwc&x=.sqlite"
    path.write_bytes(b"SQLite format 3\0" + bytes(4000))
    assert code_of(lambda: list(ocel_records(path, "ocel:type:ticket"))) == "bad_log.not_ocel"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_an_id_with_a_nul_is_refused_alone(tmp_path: Path):
    rows = b"ticket,step,time,clerk\nt1,Resolve,2024-03-01,a\nt\0x,Resolve,2024-03-01,a\nt2,Resolve,2024-03-01,a\n"
    path = tmp_path / "log.csv"
    path.write_bytes(rows)
    first, second, third = log_formats.read(path, log_formats.mapping(tmp_path))
    assert isinstance(second, Problem)
    assert (second.row, second.code) == (3, "bad_file.nul")
    assert [getattr(event, "case", None) for event in (first, third)] == ["t1", "t2"]


@pytest.mark.parametrize(("id_", "code"), [("t\0x", "bad_file.nul"), ("t\0\ud800", "bad_file.nul")])
def test_an_id_with_a_nul_in_a_document_is_refused_alone_and_names_no_case(tmp_path: Path, id_: str, code: str):
    """A replay opened a case of that name, whose contact was then refused with a traceback."""
    events = [
        {"id": f"e{n}", "type": "Resolve", "time": "2024-03-01T08:00:00Z", "relationships": [{"objectId": case}]}
        for n, case in enumerate(("t1", id_, "t2"))
    ]
    objects = [{"id": case, "type": "ticket"} for case in ("t1", id_, "t2")]
    path = tmp_path / "log.jsonocel"
    path.write_text(json.dumps({"events": events, "objects": objects}))
    first, second, third = log_formats.read(path, log_formats.mapping(tmp_path, log_formats.OCEL))
    assert [getattr(event, "case", None) for event in (first, third)] == ["t1", "t2"]
    assert (type(second), getattr(second, "code", None)) == (Problem, code)
