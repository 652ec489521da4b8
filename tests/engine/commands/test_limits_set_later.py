"""A limit that was not set starts its timer for open cases, too, when an edition sets it: from then on (F4, A5)."""

from datetime import timedelta
from typing import Any

import pytest

from apps.views import timers as case_timers
from engine.audit.verify import verify
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from engine.commands.reprojection import reproject_due
from engine.create_store import set_clock
from engine.escalation.fire import fire_due
from engine.store import Store
from models.columns import from_micros
from tests.case_actions import (
    AGENT,
    DAY,
    HOUR,
    MICROSECOND,
    START,
    SUPERVISOR,
    case_of,
    contact,
    fired_steps_of,
    make_move,
    moves_of,
    query_rows,
)
from tests.editions import in_force

pytestmark = [pytest.mark.requirement("F4"), pytest.mark.requirement("A5")]

GENERAL = "general"
"""The shipped pack that leaves the first reply, the solution and the callback blank."""
TWO_HOURS = {"amount": 2, "unit": "hours"}
TIMERS = "SELECT clause, cycle, opened_at, closed_at, outcome FROM timer WHERE case_id = :id AND clause = :clause"


def opened(store: Store, **fields: Any) -> str:
    return open_case(store, Opening(contact(**fields), pack=GENERAL), START).number


def timers_of(store: Store, number: str, clause: str) -> list[dict[str, Any]]:
    return query_rows(store, TIMERS, id=case_of(store, number)["id"], clause=clause)


def sets(store: Store, after: timedelta, **limits: dict[str, Any]) -> None:
    """Publish an edition that sets these limits from an instant on, and bring the open cases under it."""
    in_force(store, limits, START + after, GENERAL)
    reproject_due(store, START + after)


def test_an_open_case_has_the_timer_from_the_editions_instant_and_no_breach_before(store: Store):
    number = opened(store)
    assert timers_of(store, number, "first_reply") == []
    sets(store, 10 * HOUR, first_reply=TWO_HOURS)
    [timer] = timers_of(store, number, "first_reply")
    assert (from_micros(timer["opened_at"]), timer["outcome"]) == (START + 10 * HOUR, None)
    assert moves_of(store, number) == ["open", "reproject"]
    fire_due(store, START + 12 * HOUR + MICROSECOND)
    steps = [(clause, due) for clause, percent, due in fired_steps_of(store, number) if percent >= 100]
    assert steps == [("first_reply", 12 * HOUR)]
    make_move(store, number, "reply", AGENT, 13 * HOUR)
    assert [timer["outcome"] for timer in timers_of(store, number, "first_reply")] == ["breached"]
    assert verify(store).faults == ()


def test_a_driver_that_comes_late_starts_it_at_the_editions_instant_all_the_same(store: Store):
    number = opened(store)
    in_force(store, {"first_reply": TWO_HOURS}, START + 10 * HOUR, GENERAL)
    reproject_due(store, START + 11 * HOUR)
    [timer] = timers_of(store, number, "first_reply")
    assert from_micros(timer["opened_at"]) == START + 10 * HOUR


def test_a_customer_who_was_replied_to_is_owed_no_first_reply(store: Store):
    number = opened(store)
    make_move(store, number, "reply", AGENT, HOUR)
    sets(store, 10 * HOUR, first_reply=TWO_HOURS, solution=TWO_HOURS)
    assert timers_of(store, number, "first_reply") == []
    assert len(timers_of(store, number, "solution")) == 1


def test_a_reply_that_came_back_is_owed(store: Store):
    number = opened(store, email="wang@example.com")
    form = {"message": "We look for it."}
    seq = advance(store, Command(number, "reply", form, actor=AGENT), START + HOUR).seq
    make_move(store, number, "message_undelivered", AGENT, 2 * HOUR, message=seq, cause="bounced")
    sets(store, 10 * HOUR, first_reply=TWO_HOURS)
    assert len(timers_of(store, number, "first_reply")) == 1


def test_work_that_told_the_customer_nothing_is_no_reply(store: Store):
    number = opened(store)
    make_move(store, number, "classify", after=HOUR)
    make_move(store, number, "investigate", after=HOUR)
    make_move(store, number, "resolve", after=HOUR, message=None, medium="send", recipient=None)
    sets(store, 10 * HOUR, first_reply=TWO_HOURS, revisit=TWO_HOURS)
    assert [len(timers_of(store, number, clause)) for clause in ("first_reply", "revisit")] == [1, 1]


def test_a_clause_that_the_case_has_not_reached_or_has_left_starts_none(store: Store):
    number, withdrawn = opened(store), opened(store)
    make_move(store, withdrawn, "withdraw", after=HOUR)
    sets(store, 10 * HOUR, first_reply=TWO_HOURS, revisit=TWO_HOURS)
    assert timers_of(store, number, "revisit") == []
    assert timers_of(store, withdrawn, "first_reply") == []


def test_a_second_round_has_no_first_reply(store: Store):
    number = opened(store)
    make_move(store, number, "withdraw", after=HOUR)
    make_move(store, number, "undo_end", SUPERVISOR, 2 * HOUR)
    sets(store, 10 * HOUR, solution=TWO_HOURS)
    assert [timer["cycle"] for timer in timers_of(store, number, "solution")] == [2]


def test_what_the_view_marks_as_not_set_is_what_would_run(store: Store):
    set_clock(store, START + DAY)
    number = opened(store)
    assert case_timers(store, number).unset == ["first_reply", "solution"]
    make_move(store, number, "reply", AGENT, HOUR)
    assert case_timers(store, number).unset == ["solution"], "he was replied to, so no first reply is missing"
