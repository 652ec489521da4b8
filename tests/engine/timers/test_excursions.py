"""A clock is wrong once in the life of a case and then right again: it breaks no promise that was kept."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.audit.verify import verify
from engine.escalation.fire import fire_due
from engine.ledger.anchoring import Anew, anchor
from engine.store import Store
from models.columns import to_micros
from tests.case_actions import (
    DAY,
    HOUR,
    MICROSECOND,
    START,
    case_of,
    fired_steps_of,
    history_of,
    make_move,
    new_case,
    query_rows,
    timer_of,
)

pytestmark = pytest.mark.any_database

SECOND = timedelta(seconds=1)
FORTNIGHT = 14 * DAY
LIFE = (
    ("note", HOUR / 2), ("classify", HOUR), ("reply", 1.5 * HOUR), ("ask_customer", 2 * HOUR),
    ("customer_answers", 20 * HOUR), ("investigate", 21 * HOUR), ("propose_solution", 22 * HOUR),
)  # fmt: skip
"""A complaint all of whose promises are kept, with a pause of eighteen hours; its last reminder is due before."""
LOOKS = (3 * HOUR, 12 * HOUR, 23 * HOUR)
"""When the driver looks what is due."""


def does(store: Store, number: str, move: str, at: timedelta) -> None:
    """Make a move when the clock is so far from ``START``."""
    make_move(store, number, move, after=at)


def outcomes(store: Store, number: str) -> dict[str, str | None]:
    rows = query_rows(store, "SELECT clause, outcome FROM timer WHERE case_id = :id", id=case_of(store, number)["id"])
    return {row["clause"]: row["outcome"] for row in rows}


def set_backs(store: Store) -> list[tuple[str, int]]:
    """Return where ``verify`` says that the clock was set back; it must find nothing else."""
    faults = verify(store).faults
    assert {fault.what for fault in faults} <= {"clock_set_back"}
    return [(fault.number, fault.seq) for fault in faults]


@pytest.mark.parametrize("ahead", [HOUR, 10 * DAY, 400 * DAY])
def test_an_anchor_of_a_fast_clock_decides_no_promise(store: Store, ahead: timedelta):
    waiting = new_case(store)
    anchored = anchor(store, START + ahead)
    assert anchored is not None
    answered = new_case(store, HOUR / 2)
    does(store, waiting, "note", HOUR)
    does(store, answered, "reply", HOUR / 2 + 30 * SECOND)
    assert fired_steps_of(store, waiting) == fired_steps_of(store, answered) == []
    assert timer_of(store, answered, "first_reply")["outcome"] == "met"
    late = history_of(store, answered)[-1]
    assert late["occurred_at"] == to_micros(START + HOUR / 2 + 30 * SECOND)
    assert late["recorded_at"] == anchored.at, "a record before the anchor would look like one that was inserted"
    fire_due(store, START + 2 * HOUR + MICROSECOND)
    assert [percent for clause, percent, _ in fired_steps_of(store, waiting) if clause == "first_reply"] == [75, 100]
    assert set_backs(store) == [("", 2)], "the anchor is named once, whatever was recorded under it"


def test_whoever_anchors_anew_with_a_right_clock_brings_the_mark_back(store: Store):
    number = new_case(store)
    anchor(store, START + 10 * DAY)
    does(store, number, "note", HOUR)
    assert anchor(store, START + 2 * HOUR, Anew("odd", "The clock was ten days ahead.")) is not None
    assert verify(store).ok
    other = new_case(store, 3 * HOUR)
    assert history_of(store, other)[0]["recorded_at"] == to_micros(START + 3 * HOUR)
    assert verify(store).ok


def test_a_move_of_a_fast_clock_does_not_judge_the_moves_after_it(store: Store):
    number = new_case(store)
    does(store, number, "classify", HOUR)
    does(store, number, "note", HOUR + 20 * MICROSECOND)
    does(store, number, "note", 1.4 * HOUR)
    fast = new_case(store)
    does(store, fast, "note", 10 * DAY)
    fired = fired_steps_of(store, fast)
    does(store, fast, "note", HOUR)
    does(store, number, "reply", 1.45 * HOUR)
    assert fired_steps_of(store, fast) == fired, "what was due until then by the fast clock fired with its own move"
    assert timer_of(store, number, "first_reply")["outcome"] == "met"
    assert set_backs(store) == [(fast, len(history_of(store, fast)))]


def test_a_pause_that_a_fast_clock_began_counts_in_favour_of_who_works(store: Store):
    number = new_case(store)
    does(store, number, "ask_customer", 1.4 * HOUR)
    does(store, number, "customer_answers", HOUR)
    timer = timer_of(store, number, "first_reply")
    assert timer["consumed"] == 0, "when he was asked is not known, only that it was after the case was opened"
    assert timer["running_since"] == to_micros(START + 1.4 * HOUR)
    assert fire_due(store, START + 1.5 * HOUR).fired == ()


def test_a_promise_made_after_a_fast_clock_keeps_its_own_date(store: Store):
    number = new_case(store)
    does(store, number, "note", 10 * DAY)
    does(store, number, "promise", HOUR)
    promised = timer_of(store, number, "promise")
    assert promised["running_since"] == to_micros(START + HOUR)
    assert promised["allowance"] == (24 * HOUR - HOUR) // MICROSECOND


def lived(
    store: Store,
    wrong: Callable[[str], None] | None = None,
    after: int = 0,
    error: timedelta = timedelta(),
    then: Callable[[str], None] | None = None,
) -> str:
    """Let a case live, the driver looking as it does; return its number.

    After so many moves ``wrong`` happens, or the clock of the next move is wrong by ``error``, after which is ``then``.
    """
    number = new_case(store)
    looks = [*LOOKS]
    for place, (move, at) in enumerate(LIFE):
        while looks and looks[0] < at:
            fire_due(store, START + looks.pop(0))
        if wrong is not None and place == after:
            wrong(number)
        does(store, number, move, at + error if place == after else at)
        if then is not None and place == after:
            then(number)
    for look in looks:
        fire_due(store, START + look)
    return number


def breaks(store: Store, number: str) -> set[str]:
    """Return the clauses whose promise was broken: their step fired, or they ended late."""
    fired = {clause for clause, percent, _ in fired_steps_of(store, number) if percent >= 100}
    return fired | {clause for clause, outcome in outcomes(store, number).items() if outcome == "breached"}


ERRORS = st.timedeltas(min_value=-FORTNIGHT, max_value=FORTNIGHT)
PROPERTY = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@PROPERTY
@given(error=ERRORS, after=st.integers(1, len(LIFE) - 1), what=st.sampled_from(("anchor", "another case", "pass")))
def test_an_excursion_that_touches_other_things_changes_nothing_for_a_case(
    store: Store, error: timedelta, after: int, what: str
):
    """An anchor, another case's move and a pass that finds nothing due leave the case as it would be without them."""
    at = LIFE[after - 1][1] + error

    def wrong(number: str) -> None:
        if what == "anchor":
            anchor(store, START + at)
        elif what == "another case":
            does(store, new_case(store, at), "note", at + SECOND)
        else:
            fire_due(store, START + min(at, LIFE[after - 1][1]))

    calm, disturbed = lived(store), lived(store, wrong, after)
    assert fired_steps_of(store, disturbed) == fired_steps_of(store, calm)
    assert outcomes(store, disturbed) == outcomes(store, calm)
    assert {"first_reply", "solution"} <= {name for name, how in outcomes(store, disturbed).items() if how == "met"}
    set_backs(store)


@PROPERTY
@given(error=ERRORS, after=st.integers(1, len(LIFE) - 1))
def test_one_move_by_a_wrong_clock_breaks_no_promise_that_is_kept_after_it(store: Store, error: timedelta, after: int):
    """What is due by the wrong clock fires with its own move: of an unknown instant nothing else can be said.

    The other bound: by a clock that is behind when a pause ends, or when a case gets its first promise, that is dated
    before it happened. This life keeps its promises by more than that.
    """
    broken_by_then: set[str] = set()

    def wrong(number: str) -> None:
        does(store, number, "note", max(LIFE[after][1] + error, timedelta()))
        broken_by_then.update(breaks(store, number))

    disturbed = lived(store, wrong, after)
    assert breaks(store, disturbed) <= broken_by_then
    if error > LIFE[after][1] and error > timedelta(minutes=11):
        assert disturbed in {number for number, _ in set_backs(store)}


@PROPERTY
@given(error=ERRORS, after=st.integers(1, len(LIFE) - 1))
def test_a_life_one_of_whose_own_moves_has_a_wrong_clock_breaks_no_other_promise(
    store: Store, error: timedelta, after: int
):
    move, at = LIFE[after]
    broken_by_then: set[str] = set()
    disturbed = lived(
        store, None, after, max(error, -at), then=lambda number: broken_by_then.update(breaks(store, number))
    )
    assert breaks(store, disturbed) == broken_by_then
    if error < timedelta():
        assert broken_by_then == set(), f"{move} by a clock that was behind"
