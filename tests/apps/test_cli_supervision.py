"""`closeloop audit`: whether the records of closed cases are whole, for those who supervise the service (F1)."""

from pathlib import Path

import pytest

from benchmarks.complaint_lives import fire_until
from engine.create_store import set_clock
from engine.rules.record_checklists import RECORDS
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import DAY, START, execute_sql, make_move, new_case, new_resolved_case
from tests.engine.rules.sample_rules import add_evaluator

pytestmark = pytest.mark.requirement("F1")

MARCH = ("--period", "2026-03")


@pytest.fixture
def untold(simulated: Store) -> str:
    """The number of a complaint that ended in March, of which no record says what was found out."""
    number = new_case(simulated)
    make_move(simulated, number, "classify")
    sql = "UPDATE transition SET source = 'resolved', dest = 'archived', move = 'archive' WHERE move = 'classify'"
    execute_sql(simulated, sql)
    execute_sql(simulated, "UPDATE cases SET state = 'archived', closed = :yes", yes=True)
    set_clock(simulated, START + DAY * 30)
    return number


def test_what_each_record_lacks_is_shown_with_its_cases(closeloop: Closeloop, untold: str):
    document = closeloop.json("audit", "completeness", *MARCH)
    assert document["kinds"] == [
        {"kind": "complaint", "closed": 1, "whole": 0, "checklists": ["complaint@2026-12"]}
    ]  # fmt: skip
    lacks = {each["item"]: (each["count"], each["numbers"], each["finding"]) for each in document["lacks"]}
    assert lacks == {item: (1, [untold], None) for item in ("callback", "findings", "result")}
    assert {"kind": "complaint", "item": "answer_to_demand"} in document["by_people"]
    text = closeloop("audit", "completeness", *MARCH).output
    assert untold in text
    assert "record_audit." not in text
    assert closeloop.json("audit", "completeness", "--period", "2026-02")["lacks"] == []


def test_a_period_or_an_instant_that_cannot_be_meant_is_refused(closeloop: Closeloop, untold: str):
    assert closeloop.refused("audit", "completeness", "--period", "2026-13")["code"] == "bad_period"
    assert closeloop.refused("audit", "completeness", "--as-of", "2027-01-01T00:00:00Z")["code"] == "as_of_ahead"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('kind = "complaint"', 'kind = "parcel"', "kind"),
        ('kind = "complaint"', 'kind = "violation"', "kind"),
        ('names = ["resolve"]', 'names = ["solve"]', "items.3.names"),
        ('names = ["resolve"]\n', "", "items.3.names"),
        ('code = "result"', 'code = "findings"', "items.3.code"),
        ('ends = ["archived", "referred"]', 'ends = ["resolved"]', "items.1.ends"),
        ("days = 15", "days = 0", "measure.days"),
        ('en = "The result is recorded"', 'fr = "Le résultat est noté"', "items.3.text.en"),
    ],
)
def test_a_faulty_checklist_is_refused_with_field_and_reason(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, old: str, new: str, field: str
):
    add_evaluator(simulated)
    text = (RECORDS / "complaint.toml").read_text("utf-8")
    assert old in text
    file = tmp_path / "complaint.toml"
    file.write_text(text.replace(old, new, 1), "utf-8")
    refused = closeloop.refused("audit", "publish", file, "--effective", "2026-04-01", "--reason", "r", "--as", "eva")
    assert refused["code"] == "bad_record_checklist"
    assert field in {fault["field"] for fault in refused["params"]["faults"]}


def test_what_casts_doubt_on_an_evaluation_is_shown_with_its_cases(closeloop: Closeloop, simulated: Store):
    number = new_resolved_case(simulated)
    fire_until(simulated, START + DAY * 30)
    set_clock(simulated, START + DAY * 30)
    document = closeloop.json("audit", "evaluation", *MARCH)
    assert {each["code"]: each["numbers"] for each in document["doubts"]} == {
        "unasked": [number], "unanswered": [], "late_change": [], "own_address": [],
        "own_phone": [], "own_name": [],
    }  # fmt: skip
    assert (document["parts"], document["selective"]) == ([], [])
    text = closeloop("audit", "evaluation", *MARCH).output
    assert number in text
    assert "evaluation_supervision." not in text
