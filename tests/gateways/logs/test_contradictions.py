"""Logs in which a row is a whole case: its times as events, and times that contradict each other named, not mended."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateways.logs.mapping import LogMapping
from gateways.problems import Problem
from tests.gateways.logs import sample_logs
from tests.gateways.logs.log_formats import good, mapping, read, refusals

MAPPING = """
[source]
name = "orders"
kind = "service_order"
pack = "logistics"
zone = "UTC"

[event]
case = "order"

[[wide]]
column = "bought"
word = "bought"
[[wide]]
column = "sent"
word = "sent"
[[wide]]
column = "asked"
word = "asked"
file = "surveys.csv"
case = "of"
tells = ["score"]

[moves]
"sent" = "start"
"asked" = { move = "revisit", form = { quality = { column = "score", as = "number" } } }

[ignored]
"bought" = "opens it"

[[rules]]
name = "sent_before_bought"
earlier = "bought"
later = "sent"
[[rules]]
name = "asked_before_sent"
earlier = "sent"
later = "asked"
[[rules]]
name = "sent_without_time"
wants = "sent"
column = "status"
values = ["sent"]
[[rules]]
name = "cancelled_but_sent"
never = "sent"
column = "status"
values = ["cancelled"]
"""
ORDERS = [
    {"order": "o1", "bought": "2024-01-02", "sent": "2024-01-03", "status": "sent"},
    {"order": "o2", "bought": "2024-01-02", "sent": "2024-01-01", "status": "cancelled"},
    {"order": "o3", "bought": "2024-01-02", "sent": "", "status": "sent"},
    {"order": "o4", "bought": "2024-01-02", "sent": "no date", "status": ""},
]
SURVEYS = [
    {"of": "o1", "asked": "2024-01-02", "score": "5"},
    {"of": "o9", "asked": "2024-01-09", "score": "1"},
]


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    sample_logs.table(tmp_path / "surveys.csv", ["of", "asked", "score"], SURVEYS)
    return sample_logs.table(tmp_path / "orders.csv", ["order", "bought", "sent", "status"], ORDERS)


@pytest.fixture
def by(tmp_path: Path) -> LogMapping:
    return mapping(tmp_path, MAPPING)


def test_each_time_of_a_row_is_an_event_and_so_is_each_of_the_table_beside(orders: Path, by: LogMapping):
    found = [one for one in read(orders, by) if not isinstance(one, Problem)]
    assert [(one.row, one.case, one.word) for one in found] == [
        (1, "o1", "bought"),
        (2, "o1", "sent"),
        (3, "o2", "bought"),
        (4, "o2", "sent"),
        (5, "o3", "bought"),
        (6, "o4", "bought"),
        (8, "o1", "asked"),
        (9, "o9", "asked"),
    ]
    assert found[1].at == datetime(2024, 1, 3, tzinfo=UTC)
    assert by.step(found[-1]).form == {"quality": 1}


def test_a_contradiction_is_flagged_where_it_shows_and_the_time_is_left(orders: Path, by: LogMapping):
    found = {(one.case, one.word): one for one in read(orders, by) if not isinstance(one, Problem)}
    flags = {place: one.flags for place, one in found.items() if one.flags}
    assert flags == {
        ("o2", "sent"): ("sent_before_bought", "cancelled_but_sent"),
        ("o3", "bought"): ("sent_without_time",),
        ("o1", "asked"): ("asked_before_sent",),
    }
    assert found["o2", "sent"].at == datetime(2024, 1, 1, tzinfo=UTC)


def test_a_time_that_cannot_be_read_is_told_and_the_rest_of_its_row_stays(orders: Path, by: LogMapping):
    [bad] = [one for one in read(orders, by) if isinstance(one, Problem)]
    assert (bad.row, bad.column, bad.code) == (5, "sent", "bad_file.impossible_date")


def test_equal_times_are_no_contradiction(tmp_path: Path, by: LogMapping):
    sample_logs.table(tmp_path / "surveys.csv", ["of", "asked", "score"], [])
    row = {"order": "o1", "bought": "2024-01-02", "sent": "2024-01-02", "status": ""}
    path = sample_logs.table(tmp_path / "orders.csv", ["order", "bought", "sent", "status"], [row])
    assert [one.flags for one in good(path, by)] == [(), ()]


def test_a_table_beside_that_is_not_there_is_refused(tmp_path: Path, orders: Path, by: LogMapping):
    (tmp_path / "surveys.csv").unlink()
    assert refusals(orders, by) == ["bad_file.missing_file"]


def test_the_columns_of_the_table_beside_are_not_asked_of_the_log(by: LogMapping):
    here, beside = by.parts
    assert json.dumps(sorted(here.columns)) == '["bought", "order", "sent", "status"]'
    assert sorted(beside.columns) == ["asked", "of", "score"]
