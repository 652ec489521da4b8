"""The caller of a callback is an agent who did not handle the case and has the fewest calls that day (D3, F3)."""

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


def add_people(store: Store, *people: tuple[str, Role]) -> None:
    with store.writing() as tx:
        for handle, role in people:
            add_actor(tx, NewActor(handle, (role,)))


def owners(store: Store) -> list[str | None]:
    """Return the caller of each callback, in the order of the cases."""
    return [row["owner"] for row in query_rows(store, "SELECT owner FROM callback ORDER BY case_id, attempt")]


def new_case_handled_by(store: Store, first: str, *later: str) -> str:
    """Open a complaint that one person investigates and resolves, and others resolve in later cycles."""
    number = new_case(store)
    make_move(store, number, "classify")
    make_move(store, number, "investigate", by=first)
    make_move(store, number, "resolve", by=first)
    for handle in later:
        make_move(store, number, "revisit", by="system", outcome="dissatisfied")
        make_move(store, number, "resolve", by=handle)
    return number


@pytest.mark.requirement("D3")
def test_the_calls_of_a_day_are_distributed_evenly(store: Store):
    add_people(store, ("ann", Role.AGENT), ("bob", Role.AGENT))
    for _ in range(7):
        new_resolved_case(store)
    assert plan(store, START) == 7
    assert owners(store) == [AGENT, "ann", "bob", AGENT, "ann", "bob", AGENT]


@pytest.mark.requirement("D3")
def test_planned_calls_count_on_their_own_day_only(store: Store):
    add_people(store, ("bob", Role.AGENT))
    for _ in range(3):
        new_resolved_case(store)
    plan(store, START)
    assert owners(store) == [AGENT, "bob", AGENT]
    new_resolved_case(store, HOUR)
    plan(store, START + HOUR)
    assert owners(store)[-1] == "bob", "the same day: bob has one, amy two"
    new_resolved_case(store, DAY)
    plan(store, START + DAY)
    assert owners(store)[-1] == AGENT, "nobody has a call on the next day"


@pytest.mark.requirement("D3")
def test_a_finished_call_does_not_count(store: Store):
    add_people(store, ("bob", Role.AGENT))
    first = new_resolved_case(store)
    plan(store, START)
    finish(store, case_of(store, first)["id"], 1, 1, "satisfied", START + DAY)
    make_move(store, first, "revisit", by="system", after=DAY)
    new_resolved_case(store)
    plan(store, START)
    assert owners(store) == [AGENT, AGENT]


@pytest.mark.requirement("D3")
def test_planning_one_by_one_or_together_distributes_equally(store: Store):
    add_people(store, ("ann", Role.AGENT), ("bob", Role.AGENT))
    for _ in range(4):
        number = new_resolved_case(store)
        plan(store, START, case_of(store, number)["id"])
    for _ in range(5):
        new_resolved_case(store)
    plan(store, START)
    assert Counter(owners(store)) == {AGENT: 3, "ann": 3, "bob": 3}


@pytest.mark.requirement("F3")
def test_nobody_calls_about_his_own_work(store: Store):
    add_people(store, ("ann", Role.AGENT), ("bob", Role.AGENT))
    number = new_case_handled_by(store, "ann", AGENT)
    plan(store, START)
    assert owners(store) == ["bob"]
    for handle, moves in (("ann", ["investigate", "resolve"]), (AGENT, ["resolve"])):
        refused = refusal(lambda handle=handle: make_move(store, number, "revisit", by=handle))
        assert (refused.code, refused.params["moves"]) == ("own_work", moves)
    assert make_move(store, number, "revisit", by="bob").state == "revisited"


@pytest.mark.requirement("F3")
def test_if_every_agent_handled_the_case_the_quality_team_or_the_supervisor_calls(store: Store):
    new_case_handled_by(store, AGENT)
    plan(store, START)
    assert owners(store) == [SUPERVISOR]
    add_people(store, ("quinn", Role.QUALITY_TEAM))
    new_case_handled_by(store, AGENT)
    plan(store, START)
    assert owners(store) == [SUPERVISOR, "quinn"]


@pytest.mark.requirement("F3")
def test_a_callback_is_planned_even_if_nobody_may_call(store: Store):
    new_case_handled_by(store, AGENT, SUPERVISOR)
    assert plan(store, START) == 1
    assert owners(store) == [None]


@pytest.mark.requirement("F3")
@pytest.mark.parametrize(("moves", "caller"), [(("classify",), AGENT), (("classify", "reply"), "bob")])
def test_an_agent_who_only_classified_may_call_but_not_one_who_replied(
    store: Store, moves: tuple[str, ...], caller: str
):
    """A reply is judged at the callback; where both may call, the first by name does."""
    add_people(store, ("bob", Role.AGENT))
    number = new_case(store)
    for move in moves:
        make_move(store, number, move, by=AGENT)
    make_move(store, number, "investigate")
    make_move(store, number, "resolve")
    plan(store, START)
    assert owners(store) == [caller]


@pytest.mark.requirement("D1")
def test_planning_again_changes_no_caller(store: Store):
    add_people(store, ("bob", Role.AGENT))
    for _ in range(3):
        new_resolved_case(store)
    plan(store, START)
    before = owners(store)
    add_people(store, ("aaa", Role.AGENT))
    assert plan(store, START + HOUR) == 0
    assert owners(store) == before


def test_a_case_of_an_unknown_kind_has_no_caller():
    assert (handled("gone"), may_call("gone")) == (frozenset(), ())


@pytest.mark.parametrize("kind", lifecycles())
def test_the_roles_that_may_call_follow_from_the_table(kind: str):
    rows = lifecycles()[kind].rows.get("revisit", ())
    assert all(any(role in row.roles for row in rows) for role in may_call(kind))
    assert handled(kind) == {move for row in rows for move in row.separate_from}
    if rows:
        assert may_call(kind) == CALLERS, "agents, the quality team and supervisors call back"
        assert handled(kind) or kind == "survey_invitation", "and nobody about his own work, of which a survey has none"


class Counting:
    """A transaction that counts its queries."""

    def __init__(self, answers: Iterable[Any]) -> None:
        self.answers = list(answers)
        self.queries = 0

    def rows(self, sql: str, **values: Any) -> list[Any]:
        self.queries += 1
        return self.answers if "roles" in sql else []


def test_the_load_is_queried_once_a_day_and_not_once_a_case(sqlite_store: Store):
    staff = query_rows(sqlite_store, STAFF)
    tx = Counting(type("Row", (), row)() for row in staff)
    assignment = callers(tx, [])  # pyright: ignore[reportArgumentType]
    for case in range(5_000):
        owner = assignment.pick(case, "complaint", START + DAY * (case % 3), calendar("cn-office"))
        assert owner == AGENT
        assignment.note(owner, 0)
    assert tx.queries == 1 + 3
    assert HANDLER not in {actor.handle for people in assignment.staff.values() for actor in people}
