"""Logs whose rows are whole cases: the column of states, the promise and the opening time."""

from pathlib import Path

import pytest

from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import query_rows

ORDERS = """order_id,order_status,bought,approved,delivered,due
O-1,delivered,2026-01-05 10:00:00,2026-01-05 11:00:00,2026-01-08 10:00:00,2026-01-10 00:00:00
O-2,canceled,2026-01-05 10:00:00,2026-01-05 11:00:00,,2026-01-10 00:00:00
O-3,canceled,,2026-01-05 11:00:00,,2026-01-10 00:00:00
O-4,canceled,2026-01-05 10:00:00,,,2026-01-10 00:00:00
O-5,unavailable,2026-01-05 10:00:00,2026-01-05 11:00:00,,2026-01-10 00:00:00
"""
SURVEYS = """order_id,score,answered
O-1,5,2026-01-09 10:00:00
O-2,1,2026-01-12 10:00:00
O-3,1,2026-01-12 10:00:00
O-5,1,2026-01-12 10:00:00
"""
MAPPING = """
[source]
name = "orders"
kind = "service_order"
pack = "logistics"
zone = "UTC"

[event]
case = "order_id"
word = "order_status"

[opening]
at = ["bought", "approved"]

[fill]
category = "transport_order"
severity = "normal"

[[wide]]
column = "approved"
word = "approved"
[[wide]]
column = "delivered"
word = "delivered at"
[[wide]]
column = "delivered"
word = "signed for"
[[wide]]
column = "answered"
word = "survey"
file = "surveys.csv"
tells = ["score"]

[moves]
"approved" = { move = "review", form = { accurate = true, complete = true, category = "transport_order" } }
"delivered at" = { move = "complete", form = { done = "delivered" } }
"signed for" = { move = "pass_acceptance", form = { documents = true, site = true, function = true, report = "x" } }
"canceled" = { move = "cancel", form = { asked_by = "customer" } }

[moves.survey]
move = "revisit"
form = { outcome = { column = "score", values = { "1" = "dissatisfied" }, otherwise = "satisfied" } }

[ignored]
"delivered" = "the times tell it"
"unavailable" = "no end"
"""


@pytest.mark.parametrize("bridge", [False, True])
def test_a_cancelled_order_with_a_survey_stays_cancelled(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, bridge: bool
):
    for name, text in (("orders.csv", ORDERS), ("surveys.csv", SURVEYS), ("orders.toml", MAPPING)):
        (tmp_path / name).write_text(text, "utf-8")
    report = closeloop.json("replay", tmp_path / "orders.csv", *(["--bridge"] if bridge else []))
    states = "SELECT c.state, count(*) AS n FROM cases c GROUP BY c.state ORDER BY c.state"
    standing = {row["state"]: row["n"] for row in query_rows(simulated, states)}
    assert standing.pop("cancelled") == 3
    assert standing == ({"archived": 1, "reviewed": 1} if bridge else {"reviewed": 2}), "O-5 was never delivered"
    surveys = "SELECT c.state FROM transition t JOIN cases c ON c.id = t.case_id WHERE t.move = 'revisit'"
    recorded = sorted(row["state"] for row in query_rows(simulated, surveys))
    assert recorded == [*(["archived"] if bridge else []), "cancelled", "cancelled"]
    assert report["cases_after_end"] == 2
    assert "pass_acceptance" not in {way["move"] for way in report["ways"] if way["times"] > 1}


def test_a_missing_opening_time_is_taken_from_the_next_column(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    for name, text in (("orders.csv", ORDERS), ("surveys.csv", SURVEYS), ("orders.toml", MAPPING)):
        (tmp_path / name).write_text(text, "utf-8")
    closeloop.json("replay", tmp_path / "orders.csv")
    opened = "SELECT opened_at / 3600000000 % 24 AS hour, count(*) AS n FROM cases GROUP BY 1 ORDER BY 1"
    assert query_rows(simulated, opened) == [{"hour": 10, "n": 4}, {"hour": 11, "n": 1}]


def test_a_drafted_table_of_requests_keeps_two_promises_and_ends_nothing_twice(
    closeloop: Closeloop, simulated: Store, tmp_path: Path
):
    rows = [
        ("A-1", "Closed", "2026-01-06 10:00:05", "2026-01-06 10:00:00"),
        ("A-2", "Closed", "2026-01-12 10:00:05", "2026-01-12 10:00:00"),
        ("A-3", "Open", "2026-01-05 12:00:05", ""),
        ("A-4", "Closed (Duplicate)", "2026-01-06 13:00:05", "2026-01-06 13:00:00"),
    ]
    lines = [f"{case},{status},2026-01-05 10:00:00,{at},2026-01-10 10:00:00,{end}" for case, status, at, end in rows]
    header = "SRRecordID,SRStatus,CreatedDate,StatusDate,DueDate,CloseDate"
    (tmp_path / "sr.csv").write_text("\n".join([header, *lines]) + "\n", "utf-8")
    assert closeloop.json("mapping", "suggest", tmp_path / "sr.csv", "--out", tmp_path / "sr.toml")["usable"]
    report = closeloop.json("replay", tmp_path / "sr.csv", "--bridge")
    assert (report["promises"]["promise"]["kept"], report["events_after_end"], report["refused"]) == (2, 0, 0)


def test_the_operator_chooses_the_columns_of_a_draft(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    rows = [f"T-{n},Accepted,In Progress,2026-01-0{n} 09:00,2026-02-0{n} 09:00" for n in range(1, 9)]
    log = tmp_path / "desk.csv"
    log.write_text("\n".join(["ticket,state,step,updated at,second", *rows]) + "\n", "utf-8")
    options = ("--case", "ticket", "--word", "state, step", "--at", "second")
    draft = closeloop.json("mapping", "suggest", log, *options)
    assert (draft["usable"], 'word = ["state", "step"]' in draft["mapping"]) == (True, True)
    refused = closeloop.refused("mapping", "suggest", log, "--word", "state,nothing")
    assert (refused["code"], refused["params"]["column"]) == ("unknown_column", "nothing")
