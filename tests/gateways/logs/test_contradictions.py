"""Logs in which a row is a whole case: each time is an event; contradictory times are flagged, not corrected."""

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


def test_each_time_of_a_row_and_of_the_second_table_is_an_event(orders: Path, by: LogMapping):
    events = [event for event in read(orders, by) if not isinstance(event, Problem)]
    assert [(event.row, event.case, event.word) for event in events] == [
        (1, "o1", "bought"),
        (2, "o1", "sent"),
        (3, "o2", "bought"),
        (4, "o2", "sent"),
        (5, "o3", "bought"),
        (6, "o4", "bought"),
        (8, "o1", "asked"),
        (9, "o9", "asked"),
    ]
    assert events[1].at == datetime(2024, 1, 3, tzinfo=UTC)
    assert by.step(events[-1]).form == {"quality": 1}


def test_a_contradiction_is_flagged_at_its_event_and_the_time_is_unchanged(orders: Path, by: LogMapping):
    events = {(event.case, event.word): event for event in read(orders, by) if not isinstance(event, Problem)}
    flags = {place: event.flags for place, event in events.items() if event.flags}
    assert flags == {
        ("o2", "sent"): ("sent_before_bought", "cancelled_but_sent"),
        ("o3", "bought"): ("sent_without_time",),
        ("o1", "asked"): ("asked_before_sent",),
    }
    assert events["o2", "sent"].at == datetime(2024, 1, 1, tzinfo=UTC)


def test_an_unreadable_time_is_reported_and_the_rest_of_its_row_is_read(orders: Path, by: LogMapping):
    [bad] = [problem for problem in read(orders, by) if isinstance(problem, Problem)]
    assert (bad.row, bad.column, bad.code) == (5, "sent", "bad_file.impossible_date")


def test_equal_times_are_no_contradiction(tmp_path: Path, by: LogMapping):
    sample_logs.table(tmp_path / "surveys.csv", ["of", "asked", "score"], [])
    row = {"order": "o1", "bought": "2024-01-02", "sent": "2024-01-02", "status": ""}
    path = sample_logs.table(tmp_path / "orders.csv", ["order", "bought", "sent", "status"], [row])
    assert [event.flags for event in good(path, by)] == [(), ()]


def test_a_missing_second_table_is_refused(tmp_path: Path, orders: Path, by: LogMapping):
    (tmp_path / "surveys.csv").unlink()
    assert refusals(orders, by) == ["bad_file.missing_file"]


def test_the_columns_of_the_second_table_are_not_required_in_the_log(by: LogMapping):
    log, second_table = by.parts
    assert json.dumps(sorted(log.columns)) == '["bought", "order", "sent", "status"]'
    assert sorted(second_table.columns) == ["asked", "of", "score"]
