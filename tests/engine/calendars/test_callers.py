"""Who calls back: an agent who did not handle the case, and of those whoever has least to call that day (D3, F3)."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from engine.actors import NewActor, add_actor
from engine.calendars.calendar import calendar
from engine.calendars.callers import CALLERS, STAFF, callers, handled, may_call
from engine.callbacks.attempts import finish, plan
from engine.store import Store
from statemachines.kinds import lifecycles
from statemachines.roles import Role
from tests.case_actions import (
    AGENT,
    DAY,
    HANDLER,
    HOUR,
    START,
    SUPERVISOR,
    case_of,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
    refusal,
)


def hires(store: Store, *people: tuple[str, Role]) -> None:
    with store.writing() as tx:
        for handle, role in people:
            add_actor(tx, NewActor(handle, (role,)))


def owners(store: Store) -> list[str | None]:
    """Who calls for each case, in the order of the cases."""
    return [row["owner"] for row in query_rows(store, "SELECT owner FROM callback ORDER BY case_id, attempt")]


def handled_by(store: Store, first: str, *later: str) -> str:
    """A complaint that one person investigated and resolved, and others resolved again in later rounds; its number."""
    number = new_case(store)
    make_move(store, number, "classify")
    make_move(store, number, "investigate", by=first)
    make_move(store, number, "resolve", by=first)
    for handle in later:
        make_move(store, number, "revisit", by="system", outcome="dissatisfied")
        make_move(store, number, "resolve", by=handle)
    return number


@pytest.mark.requirement("D3")
def test_the_calls_of_a_day_are_shared_out_evenly(store: Store):
    hires(store, ("ann", Role.AGENT), ("bob", Role.AGENT))
    for _ in range(7):
        new_resolved_case(store)
    assert plan(store, START) == 7
    assert owners(store) == [AGENT, "ann", "bob", AGENT, "ann", "bob", AGENT]


@pytest.mark.requirement("D3")
def test_what_was_planned_before_counts_on_its_day_alone(store: Store):
    hires(store, ("bob", Role.AGENT))
    for _ in range(3):
        new_resolved_case(store)
    plan(store, START)
    assert owners(store) == [AGENT, "bob", AGENT]
    new_resolved_case(store, HOUR)
    plan(store, START + HOUR)
    assert owners(store)[-1] == "bob", "the same day: bob has one, amy two"
    new_resolved_case(store, DAY)
    plan(store, START + DAY)
    assert owners(store)[-1] == AGENT, "the day after nobody has any yet"


@pytest.mark.requirement("D3")
def test_a_call_that_was_made_weighs_no_more(store: Store):
    hires(store, ("bob", Role.AGENT))
    first = new_resolved_case(store)
    plan(store, START)
    finish(store, case_of(store, first)["id"], 1, 1, "satisfied", START + DAY)
    make_move(store, first, "revisit", by="system", after=DAY)
    new_resolved_case(store)
    plan(store, START)
    assert owners(store) == [AGENT, AGENT]


@pytest.mark.requirement("D3")
def test_planned_one_by_one_or_all_at_once_the_shares_are_the_same(store: Store):
    hires(store, ("ann", Role.AGENT), ("bob", Role.AGENT))
    for _ in range(4):
        number = new_resolved_case(store)
        plan(store, START, case_of(store, number)["id"])
    for _ in range(5):
        new_resolved_case(store)
    plan(store, START)
    assert Counter(owners(store)) == {AGENT: 3, "ann": 3, "bob": 3}


@pytest.mark.requirement("F3")
def test_nobody_calls_back_whose_work_it_was(store: Store):
    hires(store, ("ann", Role.AGENT), ("bob", Role.AGENT))
    number = handled_by(store, "ann", AGENT)
    plan(store, START)
    assert owners(store) == ["bob"]
    for handle, did in (("ann", ["investigate", "resolve"]), (AGENT, ["resolve"])):
        told = refusal(lambda handle=handle: make_move(store, number, "revisit", by=handle))
        assert (told.code, told.params["moves"]) == ("own_work", did)
    assert make_move(store, number, "revisit", by="bob").state == "revisited"


@pytest.mark.requirement("F3")
def test_where_every_agent_handled_it_the_quality_team_calls_and_else_the_supervisor(store: Store):
    handled_by(store, AGENT)
    plan(store, START)
    assert owners(store) == [SUPERVISOR]
    hires(store, ("quinn", Role.QUALITY_TEAM))
    handled_by(store, AGENT)
    plan(store, START)
    assert owners(store) == [SUPERVISOR, "quinn"]


@pytest.mark.requirement("F3")
def test_where_nobody_may_call_the_callback_is_planned_all_the_same(store: Store):
    handled_by(store, AGENT, SUPERVISOR)
    assert plan(store, START) == 1
    assert owners(store) == [None]


def test_one_who_only_assigned_or_replied_may_call(store: Store):
    number = new_case(store)
    for move in ("classify", "reply"):
        make_move(store, number, move, by=AGENT)
    make_move(store, number, "investigate")
    make_move(store, number, "resolve")
    plan(store, START)
    assert owners(store) == [AGENT]


@pytest.mark.requirement("D1")
def test_a_plan_that_is_made_again_changes_nobody(store: Store):
    hires(store, ("bob", Role.AGENT))
    for _ in range(3):
        new_resolved_case(store)
    plan(store, START)
    before = owners(store)
    hires(store, ("aaa", Role.AGENT))
    assert plan(store, START + HOUR) == 0
    assert owners(store) == before


def test_a_case_of_a_kind_that_is_gone_has_no_caller():
    assert (handled("gone"), may_call("gone")) == (frozenset(), ())


@pytest.mark.parametrize("kind", lifecycles())
def test_who_may_call_is_read_off_the_table(kind: str):
    rows = lifecycles()[kind].rows.get("revisit", ())
    assert all(any(role in row.roles for row in rows) for role in may_call(kind))
    assert handled(kind) == {move for row in rows for move in row.separate_from}
    if rows:
        assert may_call(kind) == CALLERS, "agents, the quality team and supervisors call back"
        assert handled(kind), "and none of them after work of his own"


class Counting:
    """A transaction that counts what it is asked."""

    def __init__(self, answers: Iterable[Any]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def rows(self, sql: str, **values: Any) -> list[Any]:
        self.asked += 1
        return self.answers if "roles" in sql else []


def test_a_night_of_thousands_asks_for_the_load_once_a_day_and_not_once_a_case(sqlite_store: Store):
    staff = query_rows(sqlite_store, STAFF)
    tx = Counting(type("Row", (), one)() for one in staff)
    found = callers(tx, [])  # pyright: ignore[reportArgumentType]
    for case in range(5_000):
        owner = found.pick(case, "complaint", START + DAY * (case % 3), calendar("cn-office"))
        assert owner == AGENT
        found.note(owner, 0)
    assert tx.asked == 1 + 3
    assert HANDLER not in {actor.handle for staff in found.staff.values() for actor in staff}
