"""Whichever way the queue is read, along the timers or sorted from a list, everybody is shown the same in one order."""

import json
import random
from collections.abc import Iterable
from dataclasses import replace
from itertools import product

import pytest

from engine.access.principal import Principal
from engine.access.scope import cases_in_scope
from engine.store import Store
from models.columns import to_micros
from reports.case_parts import Sort
from reports.case_search import CaseQuery, search
from statemachines.kinds import lifecycles
from statemachines.roles import Role
from tests.case_actions import DAY, HOUR, START, execute_sql, make_move, new_case
from tests.engine.access.people import principal
from tests.reports.test_queue_order import WAYS, read_by

pytestmark = [pytest.mark.requirement("A8"), pytest.mark.requirement("H4"), pytest.mark.any_database]

CASES = 24
READERS = (
    Role.AGENT, Role.HANDLER, Role.TEAM_SUPERVISOR, Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER, Role.SALESPERSON,
    Role.QUALITY_TEAM, Role.AUDITOR, Role.MARKET, Role.ADMINISTRATOR,
)  # fmt: skip
FILTERS = (
    CaseQuery(), CaseQuery(severity="urgent"), CaseQuery(level=1), CaseQuery(department="claims"),
    CaseQuery(states=("classified",)), CaseQuery(kinds=("finding",)), CaseQuery(owner="the_handler"),
    CaseQuery(severity="normal", level=0),
)  # fmt: skip
TIMERS = ((":at", "running_since"), (":at", "running_since"), ("NULL", "running_since"), ("NULL", "NULL"))
"""What the timers of a case may be: with a step to come, without one, paused."""


@pytest.fixture
def mixed(store: Store) -> Store:
    """Cases of every rank, sort of timer, department and owner, by chance; the same in every run."""
    chance = random.Random(7)
    for each in READERS:
        principal(store, each)
    for hour in range(CASES):
        number = new_case(store, hour * HOUR)
        if chance.random() < 0.7:
            make_move(store, number, "classify", after=CASES * HOUR)
        execute_sql(
            store,
            "UPDATE cases SET severity = :severity, kind = :kind, department = :department, owner = :owner,"
            " level = :level WHERE number = :number",
            severity=chance.choice(("urgent", "normal", None)),
            kind=chance.choice(("complaint", "complaint", "finding")),
            department=chance.choice(("claims", "depot", None)), level=chance.choice((0, 0, 1)), number=number,
            owner=chance.choice(("the_handler", "the_salesperson", None)),
        )  # fmt: skip
        fires, runs = chance.choice(TIMERS)
        execute_sql(
            store,
            f"UPDATE timer SET fires_at = {fires}, running_since = {runs} WHERE closed_at IS NULL AND case_id ="
            " (SELECT id FROM cases WHERE number = :number)",
            at=to_micros(START + chance.randrange(5) * DAY), number=number,
        )  # fmt: skip
    return store


def in_order(store: Store, who: Principal, query: CaseQuery) -> list[str]:
    """Return the numbers of the cases in scope and their order, worked out from the rows of the tables."""
    scope, keys = cases_in_scope(who, START), dict[str, tuple[int, ...]]()
    with store.looking() as tx:
        timers = tx.rows("SELECT * FROM timer WHERE closed_at IS NULL ORDER BY id")
        for case in tx.rows(f"SELECT * FROM cases c WHERE NOT c.closed AND ({scope.sql})", **scope.values):
            own = [timer for timer in timers if timer.case_id == case.id]
            spent = [(0, timer.id) for timer in own if timer.fires_at is None and timer.running_since is not None]
            steps = sorted((1, timer.fires_at, timer.id) for timer in own if timer.fires_at is not None)
            wanted = (
                query.severity in (None, case.severity), query.level in (None, case.level),
                query.department in (None, case.department), query.owner in (None, case.owner),
                query.states in ((), (case.state,)), query.kinds in ((), (case.kind,)),
            )  # fmt: skip
            if all(wanted):
                internal = lifecycles()[case.kind].internal
                place = [*spent, *steps, (2, case.id)][0]
                keys[case.number] = (internal, case.severity != "urgent", *place)
    return sorted(keys, key=keys.__getitem__)


def pages(store: Store, who: Principal, query: CaseQuery) -> list[str]:
    """Return the numbers of the queue, read page by page."""
    numbers, cursor = list[str](), None
    while True:
        with store.looking() as tx:
            page = search(tx, who, query, START + DAY, cursor)
        numbers += [case.number for case in page.cases]
        if (cursor := page.next_cursor) is None:
            return numbers


def shown_in_order(store: Store, queries: Iterable[CaseQuery]) -> int:
    """Compare each reader's pages with the rows of the tables, for each query; return how many cases were shown."""
    shown = 0
    for role, query in product(READERS, queries):
        who = principal(store, role)
        expected = in_order(store, who, query)
        shown += len(expected)
        assert pages(store, who, query) == expected, (role, query)
    return shown


@pytest.mark.parametrize("way", WAYS, ids=json.dumps)
def test_each_way_shows_everybody_his_cases_in_the_same_order(
    mixed: Store, way: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
):
    read_by(monkeypatch, *way)
    queries = [replace(filtered, sort=Sort.QUEUE, limit=7) for filtered in FILTERS]
    assert shown_in_order(mixed, [CaseQuery(sort=Sort.QUEUE, limit=1), *queries]) > CASES


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS, ids=json.dumps)
def test_each_way_shows_the_same_case_by_case_under_each_filter(
    mixed: Store, way: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
):
    read_by(monkeypatch, *way)
    queries = [replace(filtered, sort=Sort.QUEUE, limit=1) for filtered in FILTERS if filtered != CaseQuery()]
    assert shown_in_order(mixed, queries) > CASES
