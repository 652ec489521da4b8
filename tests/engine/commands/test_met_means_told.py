"""Met means told: a promise to a customer is met only by words that reached him (A5)."""

from functools import partial
from typing import Any

import pytest

from engine.commands.advance import advance
from engine.commands.command import Command
from engine.store import Store
from tests.case_actions import (
    AGENT,
    BY_PHONE,
    HANDLER,
    HOUR,
    START,
    SUPERVISOR,
    history_of,
    make_move,
    new_case,
    refusal,
    timer_of,
)

pytestmark = pytest.mark.any_database

MINUTE = HOUR / 60
WANG: dict[str, Any] = {"email": "wang@example.com"}


def move(store: Store, number: str, name: str, by: str, after: Any = HOUR, **form: Any) -> None:
    """Make a move with exactly this form."""
    advance(store, Command(number, name, form, actor=by), START + after)


def refused(store: Store, number: str, name: str, by: str, **form: Any) -> str:
    """Return the code with which a move an hour after ``START`` is refused."""
    return refusal(partial(move, store, number, name, by, **form)).code


@pytest.mark.requirement("A5")
def test_work_that_tells_the_customer_nothing_meets_nothing(store: Store):
    number = new_case(store, **WANG)
    make_move(store, number, "classify")
    move(store, number, "investigate", HANDLER, findings="The lift.")
    move(store, number, "resolve", HANDLER, result="Paid.")
    assert [timer_of(store, number, clause)["outcome"] for clause in ("first_reply", "solution")] == [None, None]
    move(store, number, "tell_result", AGENT, 1.5 * HOUR, opinion="none", message="We have paid.")
    assert [timer_of(store, number, clause)["outcome"] for clause in ("first_reply", "solution")] == ["met", "met"]


@pytest.mark.requirement("A5")
def test_a_resolution_that_carries_its_message_meets_both(store: Store):
    number = new_case(store)
    for name in ("classify", "investigate"):
        make_move(store, number, name)
    move(store, number, "resolve", HANDLER, result="Paid.", message="We have paid.", **BY_PHONE)
    assert [timer_of(store, number, clause)["outcome"] for clause in ("first_reply", "solution")] == ["met", "met"]


@pytest.mark.requirement("A5")
def test_a_message_needs_an_address_or_the_record_of_a_conversation(store: Store):
    number = new_case(store, phone="13800138000")
    hello = {"message": "We are looking."}
    assert refused(store, number, "reply", AGENT, **hello) == "no_customer_address"
    assert refused(store, number, "reply", AGENT, medium="phone", **hello) == "form", "with whom is not said"
    assert refused(store, number, "reply", AGENT, medium="none", **hello) == "nobody_told"
    assert refused(store, number, "reply", AGENT, medium="log", **hello) == "not_a_record"
    spoken = hello | BY_PHONE
    later, before = START + 2 * HOUR, START - MINUTE
    assert refused(store, number, "reply", AGENT, reached_at=later, **spoken) == "in_the_future"
    assert refused(store, number, "reply", AGENT, reached_at=before, **spoken) == "before_the_case"
    assert timer_of(store, number, "first_reply")["outcome"] is None
    move(store, number, "reply", AGENT, reached_at=START + 50 * MINUTE, **spoken)
    assert timer_of(store, number, "first_reply")["outcome"] == "met"


@pytest.mark.requirement("A5")
@pytest.mark.requirement("B9")
def test_a_promise_is_kept_by_telling_the_customer(store: Store):
    number = new_case(store, phone="13800138000")
    make_move(store, number, "promise", due_at=START + 3 * HOUR)
    assert refused(store, number, "keep_promise", AGENT, promise=1, how="Called.") == "no_customer_address"
    move(store, number, "keep_promise", AGENT, promise=1, how="Called.", **BY_PHONE)
    assert timer_of(store, number, "promise")["outcome"] == "met"


@pytest.mark.requirement("A5")
@pytest.mark.parametrize(
    ("words", "outcome", "medium"), [({"message": "We have paid."}, "met", "log"), ({}, None, "none")]
)
def test_what_another_system_recorded_counts_as_told_where_it_says_so(
    store: Store, words: dict[str, str], outcome: str | None, medium: str
):
    number = new_case(store)
    move(store, number, "classify", "import", category="loss")
    move(store, number, "investigate", "import", findings="-")
    move(store, number, "resolve", "import", result="-", **words)
    assert [timer_of(store, number, clause)["outcome"] for clause in ("first_reply", "solution")] == [outcome, outcome]
    assert f'"medium":"{medium}"' in history_of(store, number)[-1]["form"]


@pytest.mark.requirement("A5")
def test_a_message_that_comes_back_opens_the_promise_again_with_the_time_that_was_used(store: Store):
    number = new_case(store, **WANG)
    move(store, number, "reply", AGENT, HOUR, message="We are looking.")
    met = timer_of(store, number, "first_reply")
    assert (met["outcome"], met["closed_by"]) == ("met", 2)
    assert refused(store, number, "message_undelivered", AGENT, message=1, cause="bounced") == "no_such_message"
    move(store, number, "message_undelivered", AGENT, 5 * HOUR, message=2, cause="bounced")
    again = timer_of(store, number, "first_reply")
    assert (again["id"], again["outcome"], again["closed_by"], again["consumed"]) == (
        met["id"],
        None,
        None,
        3_600_000_000,
    )
    assert history_of(store, number)[-1]["move"] == "message_undelivered"
    make_move(store, number, "note", after=5.9 * HOUR)
    assert timer_of(store, number, "first_reply")["steps_fired"] == 1, "three quarters of two hours are used"
    move(store, number, "reply", AGENT, 6 * HOUR, message="We are looking.", **BY_PHONE)
    assert timer_of(store, number, "first_reply")["outcome"] == "met", "an hour before and an hour since: two hours"


@pytest.mark.requirement("A5")
def test_a_message_that_comes_back_after_the_case_was_resolved_opens_its_promises(store: Store):
    number = new_case(store, **WANG)
    for name in ("classify", "investigate"):
        make_move(store, number, name)
    move(store, number, "resolve", HANDLER, result="Paid.", message="We have paid.")
    seq = history_of(store, number)[-1]["seq"]
    move(store, number, "message_undelivered", AGENT, 2 * HOUR, message=seq, cause="bounced")
    assert [timer_of(store, number, clause)["outcome"] for clause in ("first_reply", "solution")] == [None, None]
    move(store, number, "tell_result", SUPERVISOR, 2.5 * HOUR, opinion="accepted", message="Paid.", **BY_PHONE)
    assert [timer_of(store, number, clause)["outcome"] for clause in ("first_reply", "solution")] == ["met", "met"]


@pytest.mark.requirement("A5")
def test_a_returned_message_that_met_nothing_opens_nothing(store: Store):
    number = new_case(store, **WANG)
    move(store, number, "reply", AGENT, HOUR / 2, message="We are looking.", **BY_PHONE)
    move(store, number, "reply", AGENT, HOUR, message="Still looking.")
    move(store, number, "message_undelivered", AGENT, 2 * HOUR, message=3, cause="bounced")
    assert timer_of(store, number, "first_reply")["outcome"] == "met", "he was told by telephone"


@pytest.mark.requirement("A5")
def test_a_returned_reply_after_a_later_conversation_opens_nothing(store: Store):
    number = new_case(store, **WANG)
    move(store, number, "reply", AGENT, HOUR / 2, message="We are looking.")
    move(store, number, "reply", AGENT, HOUR, message="We are looking.", **BY_PHONE)
    move(store, number, "message_undelivered", AGENT, 2 * HOUR, message=2, cause="bounced")
    assert timer_of(store, number, "first_reply")["outcome"] == "met", "he was told in time after all"
