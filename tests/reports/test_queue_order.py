"""The order of work: customers before internal cases, urgent ones first, then the soonest due; and whose a case is."""

from datetime import timedelta
from typing import Any

import pytest

from engine.access.principal import Principal, PrincipalKind
from engine.actors import known_actor
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from reports import case_lists, case_order
from reports.case_parts import Sort
from reports.case_search import CaseQuery, search
from reports.queue_order import awaiting
from statemachines.roles import Role
from tests.case_actions import AGENT, DAY, DIRECTOR, HANDLER, HOUR, START, contact, execute_sql, make_move, new_case
from tests.engine.access.people import principal

MINUTE = timedelta(minutes=1)
WAYS = ((600, 5_000, 15_000), (0, 5_000, 15_000), (0, 5_000, 1), (3, 7, 5), (1, 7, 5), (0, 0, 15_000), (0, 0, 1))
"""Sizes of few and many cases, and the steps that are followed: they have the queue read in each of the ways."""


def person(store: Store, handle: str) -> Principal:
    with store.looking() as tx:
        return Principal(known_actor(tx, handle), PrincipalKind.PERSON, "console")


def queue(store: Store, who: Principal, limit: int = 50, mine: bool = False, **query: Any) -> list[str]:
    """Return the numbers of the queue, read page by page."""
    numbers, cursor = list[str](), None
    if mine:
        query["also"] = awaiting(who, START)
    while True:
        with store.looking() as tx:
            page = search(tx, who, CaseQuery(sort=Sort.QUEUE, limit=limit, **query), START + DAY, cursor)
        numbers += [case.number for case in page.cases]
        if (cursor := page.next_cursor) is None:
            return numbers


def read_by(monkeypatch: pytest.MonkeyPatch, few: int, many: int, steps: int) -> None:
    """Have lists sorted, or timers followed, from other sizes on than in a large store."""
    for name in ("STEPS", "STEPS_TO_CASES"):
        monkeypatch.setattr(case_order, name, steps)
    for module in (case_order, case_lists):
        monkeypatch.setattr(module, "FEW", few)
        monkeypatch.setattr(module, "MANY", many)


@pytest.fixture
def cases(store: Store) -> dict[str, str]:
    """Cases of each rank, opened in an order that is not theirs in the queue."""
    internal = open_case(store, Opening(contact(), "interruption"), START).number
    numbers = {"internal": internal, "later": new_case(store, 2 * HOUR), "earlier": new_case(store, HOUR)}
    numbers["urgent"] = new_case(store, 3 * HOUR)
    make_move(store, numbers["urgent"], "classify", severity="urgent", after=3 * HOUR)
    return numbers


ORDER = ["urgent", "earlier", "later", "internal"]


@pytest.mark.requirement("A8")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_customers_come_before_internal_work_urgent_ones_first_then_the_soonest_due(
    store: Store, cases: dict[str, str], limit: int, way: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
):
    read_by(monkeypatch, *way)
    assert queue(store, person(store, DIRECTOR), limit) == [cases[name] for name in ORDER]


@pytest.mark.requirement("A8")
def test_what_is_overdue_with_no_step_left_comes_before_what_has_one_to_come(store: Store, cases: dict[str, str]):
    execute_sql(
        store,
        "UPDATE timer SET fires_at = NULL WHERE case_id = (SELECT id FROM cases WHERE number = :number)",
        number=cases["later"],
    )
    for limit in (1, 50):
        shown = queue(store, person(store, DIRECTOR), limit)
        assert shown == [cases[name] for name in ("urgent", "later", "earlier", "internal")]


def test_a_case_of_which_nothing_runs_comes_last_of_its_rank(store: Store, cases: dict[str, str]):
    make_move(store, cases["earlier"], "classify", after=3 * HOUR)
    execute_sql(
        store,
        "UPDATE timer SET fires_at = NULL, running_since = NULL WHERE case_id ="
        " (SELECT id FROM cases WHERE number = :number)",
        number=cases["earlier"],
    )
    assert queue(store, person(store, DIRECTOR), 1) == [cases[n] for n in ("urgent", "later", "earlier", "internal")]


def test_a_case_is_somebodys_when_he_owns_it_or_his_role_is_awaited_and_nobody_has_it(store: Store):
    received, assigned = new_case(store), new_case(store, MINUTE)
    make_move(store, assigned, "classify", after=HOUR)
    make_move(store, assigned, "assign", after=HOUR)
    agent, handler = person(store, AGENT), person(store, HANDLER)
    assert queue(store, agent, mine=True) == [received]
    assert queue(store, handler, mine=True) == [assigned]
    other = principal(store, Role.HANDLER, "hans")
    assert queue(store, other, mine=True) == [], "somebody else has it"
    for move in ("investigate", "resolve"):
        make_move(store, assigned, move, after=HOUR)
    assert queue(store, agent, mine=True) == [received, assigned], "the callback awaits an agent"


def test_a_deputy_finds_in_his_queue_the_cases_of_whoever_is_away(store: Store):
    number = new_case(store)
    make_move(store, number, "classify")
    make_move(store, number, "assign")
    deputy = principal(store, Role.HANDLER, "hans")
    execute_sql(store, "UPDATE actor SET deputy = 'hans' WHERE handle = :handle", handle=HANDLER)
    assert queue(store, deputy, mine=True) == []
    execute_sql(store, "UPDATE actor SET absent_from = 0 WHERE handle = :handle", handle=HANDLER)
    assert queue(store, deputy, mine=True) == [number]
