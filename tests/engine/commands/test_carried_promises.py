"""What was promised to a customer stays promised, whatever becomes of the kind or end of his case (B3, B9, D2)."""

from datetime import timedelta
from typing import Any

import pytest

from engine.audit.verify import verify
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from engine.commands.promise_effects import CONVERTED
from engine.escalation.fire import fire_due
from engine.store import Store
from models.columns import from_micros
from tests.case_actions import (
    AGENT,
    BY_PHONE,
    DAY,
    HOUR,
    MICROSECOND,
    START,
    SUPERVISOR,
    case_of,
    contact,
    make_move,
    new_case,
    query_rows,
)

pytestmark = pytest.mark.any_database

TIMERS = "SELECT * FROM timer WHERE case_id = :id AND clause = :clause ORDER BY id"


def timers_of(store: Store, number: str, clause: str) -> list[dict[str, Any]]:
    return query_rows(store, TIMERS, id=case_of(store, number)["id"], clause=clause)


def outcomes(store: Store, number: str, clause: str) -> list[str | None]:
    return [timer["outcome"] for timer in timers_of(store, number, clause)]


def due(store: Store, number: str, clause: str) -> timedelta:
    """Return when the last timer of a clause is used up, since ``START``; its unit is hours."""
    timer = timers_of(store, number, clause)[-1]
    return from_micros(timer["running_since"] + timer["allowance"] - timer["consumed"]) - START


def inquiry(store: Store) -> str:
    return open_case(store, Opening(contact(), "consultation"), START).number


def turned(store: Store, number: str, after: timedelta) -> str:
    """Turn an inquiry into a complaint; return the number of the complaint, which is opened a minute later."""
    advance(store, Command(number, "turn_into_complaint", {"words": "I complain."}, actor=AGENT), START + after)
    opening = Opening(contact(after + HOUR / 60), parent=number, relation=CONVERTED)
    return open_case(store, opening, START + after + HOUR / 60).number


@pytest.mark.requirement("D2")
def test_the_first_reply_that_an_inquiry_still_owes_is_owed_by_the_complaint_since_the_first_contact(store: Store):
    number = inquiry(store)
    owed = due(store, number, "first_reply")
    complaint = turned(store, number, HOUR / 2)
    assert outcomes(store, number, "first_reply") == ["handed_on"]
    assert outcomes(store, complaint, "first_reply") == [None]
    assert due(store, complaint, "first_reply") == owed
    make_move(store, complaint, "reply", AGENT, HOUR)
    assert outcomes(store, complaint, "first_reply") == ["met"]
    assert verify(store).faults == ()


@pytest.mark.requirement("D2")
def test_a_first_reply_that_the_inquiry_gave_stays_given(store: Store):
    number = inquiry(store)
    make_move(store, number, "reply", AGENT, HOUR / 2)
    complaint = turned(store, number, HOUR)
    assert outcomes(store, number, "first_reply") == ["met"]
    assert outcomes(store, complaint, "first_reply") == []
    assert outcomes(store, complaint, "solution") == [None]


@pytest.mark.requirement("B9")
def test_a_promise_made_in_the_inquiry_is_kept_in_the_complaint_by_its_date(store: Store):
    number = inquiry(store)
    for hours in (5, 30):
        make_move(store, number, "promise", AGENT, due_at=(START + hours * HOUR).isoformat())
    make_move(store, number, "keep_promise", AGENT, HOUR, promise=1)
    complaint = turned(store, number, 2 * HOUR)
    assert outcomes(store, number, "promise") == ["met", "handed_on"]
    assert (outcomes(store, complaint, "promise"), due(store, complaint, "promise")) == ([None], 30 * HOUR)
    make_move(store, complaint, "keep_promise", AGENT, 3 * HOUR, promise=1)
    assert outcomes(store, complaint, "promise") == ["met"]


@pytest.mark.requirement("D2")
def test_a_limit_that_ended_before_the_complaint_was_opened_is_broken_there_and_not_before(store: Store):
    number = inquiry(store)
    make_move(store, number, "promise", AGENT, due_at=(START + 5 * HOUR).isoformat())
    advance(store, Command(number, "turn_into_complaint", {"words": "-"}, actor=AGENT), START + 4 * HOUR)
    opened = 9 * HOUR
    complaint = open_case(store, Opening(contact(opened), parent=number, relation=CONVERTED), START + opened).number
    fire_due(store, START + opened + MICROSECOND)
    steps = query_rows(
        store,
        "SELECT due_at FROM escalation_step WHERE case_id = :id AND clause = 'promise'",
        id=case_of(store, complaint)["id"],
    )
    assert steps
    assert all(from_micros(step["due_at"]) >= START + opened for step in steps)


@pytest.mark.requirement("D2")
def test_a_case_that_only_came_of_another_takes_over_nothing(store: Store):
    number = inquiry(store)
    complaint = turned(store, number, HOUR / 2)
    other = open_case(store, Opening(contact(HOUR), parent=number), START + HOUR).number
    assert len(timers_of(store, complaint, "first_reply")) == len(timers_of(store, other, "first_reply")) == 1
    assert due(store, other, "first_reply") == due(store, complaint, "first_reply") + HOUR


@pytest.mark.requirement("B3")
@pytest.mark.parametrize("end", ["withdraw", "refuse", "merge"])
def test_an_undone_end_gives_back_the_promises_that_were_open_with_the_time_that_was_used(store: Store, end: str):
    other, number = new_case(store), new_case(store)
    make_move(store, number, "promise", AGENT, due_at=(START + 30 * HOUR).isoformat())
    before = {clause: due(store, number, clause) for clause in ("first_reply", "solution")}
    ended(store, number, end, other, HOUR / 2)
    assert {timer["outcome"] for timer in timers_of(store, number, "first_reply")} <= {"stopped", "handed_on"}
    make_move(store, number, "undo_end", SUPERVISOR, 10 * HOUR)
    for clause, owed in before.items():
        assert outcomes(store, number, clause) == [None]
        assert due(store, number, clause) == owed + 9.5 * HOUR, "the time of the mistaken end does not count"
    assert (outcomes(store, number, "promise"), due(store, number, "promise")) == ([None], 30 * HOUR)
    make_move(store, number, "reply", AGENT, 10.1 * HOUR)
    assert outcomes(store, number, "first_reply") == ["met"]
    assert verify(store).faults == ()


def ended(store: Store, number: str, end: str, other: str, after: timedelta) -> None:
    """End a case by mistake; the case into which it is merged takes its timers over."""
    if end == "refuse":
        make_move(store, number, "propose_refusal", AGENT, after)
    make_move(store, number, end, after=after, **({"into": other} if end == "merge" else {}))
    if end == "merge":
        command = Command(other, "absorb", {"case": number})
        advance(store, command, START + after)


@pytest.mark.requirement("B3")
def test_what_was_met_before_the_mistaken_end_stays_met(store: Store):
    number = new_case(store)
    make_move(store, number, "promise", AGENT)
    make_move(store, number, "reply", AGENT, HOUR / 2)
    make_move(store, number, "keep_promise", AGENT, HOUR / 2)
    make_move(store, number, "withdraw", after=HOUR)
    make_move(store, number, "undo_end", SUPERVISOR, 2 * HOUR)
    assert (outcomes(store, number, "first_reply"), outcomes(store, number, "promise")) == (["met"], ["met"])
    assert outcomes(store, number, "solution") == [None]


@pytest.mark.requirement("A6")
def test_what_the_customers_of_both_cases_were_told_stays_met_when_the_merge_is_undone(store: Store):
    other, number = new_case(store), new_case(store)
    ended(store, number, "merge", other, HOUR / 2)
    make_move(store, other, "reply", AGENT, HOUR)
    make_move(store, number, "undo_end", SUPERVISOR, 2 * HOUR)
    assert outcomes(store, number, "first_reply") == ["handed_on"]
    assert outcomes(store, number, "solution") == [None]


@pytest.mark.requirement("B9")
def test_a_date_that_passed_while_the_case_was_ended_is_broken_after_the_end_was_undone(store: Store):
    number = new_case(store)
    make_move(store, number, "promise", AGENT, due_at=(START + 5 * HOUR).isoformat())
    make_move(store, number, "withdraw", after=HOUR)
    make_move(store, number, "undo_end", SUPERVISOR, DAY)
    fire_due(store, START + DAY + MICROSECOND)
    steps = query_rows(store, "SELECT percent, due_at FROM escalation_step WHERE clause = 'promise' ORDER BY percent")
    assert steps[-1]["percent"] >= 100
    assert all(from_micros(step["due_at"]) >= START + DAY for step in steps)
    form = {"promise": 1, "how": "Late.", **BY_PHONE}
    advance(store, Command(number, "keep_promise", form, actor=AGENT), START + DAY + HOUR)
    assert outcomes(store, number, "promise") == ["breached"]
