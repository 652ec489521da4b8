"""The board counts by queries of many cases what asking each case by itself counts, for whoever reads it."""

import random
from collections import Counter
from typing import Any

import pytest

from engine.access.principal import Principal
from engine.access.scope import cases_in_scope, meets
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from reports.figures import board
from reports.open_cases import open_cases
from reports.overdue import overdue
from reports.workload import workload
from statemachines.kinds import lifecycle_of
from statemachines.roles import Role
from tests.case_actions import DAY, HOUR, START, execute_sql, make_move, new_case
from tests.engine.access.people import principal

pytestmark = [pytest.mark.requirement("B10"), pytest.mark.requirement("B11"), pytest.mark.requirement("H3")]

CASES = 20
READERS = (Role.TEAM_SUPERVISOR, Role.GENERAL_MANAGER, Role.QUALITY_TEAM, Role.HANDLER, Role.SALESPERSON)
AT = START + 2 * DAY
OWNERS = ("the_handler", "the_salesperson", None)


@pytest.fixture
def mixed(store: Store) -> Store:
    """Cases of two kinds, open and closed, with timers that run, rest and are closed, by chance; alike in every run."""
    chance = random.Random(17)
    for each in READERS:
        principal(store, each)
    for hour in range(CASES):
        number = new_case(store, hour * HOUR)
        if chance.random() < 0.5:
            make_move(store, number, "classify", after=CASES * HOUR)
        execute_sql(
            store,
            "UPDATE cases SET kind = :kind, level = :level, owner = :owner, department = :department, closed = :closed,"
            " severity = :severity WHERE number = :number",
            kind=chance.choice(("complaint", "complaint", "finding")), level=chance.randrange(3), number=number,
            owner=chance.choice(OWNERS), department=chance.choice(("claims", "depot", None)),
            closed=chance.random() < 0.2, severity=chance.choice(("urgent", "normal", None)),
        )  # fmt: skip
        began = to_micros(START + chance.randrange(48) * HOUR)
        execute_sql(
            store,
            "UPDATE timer SET unit = 'hours', running_since = :began, consumed = allowance * :tenths / 10,"
            " closed_at = :closed WHERE case_id = (SELECT id FROM cases WHERE number = :number)",
            began=began if chance.random() < 0.7 else None, tenths=chance.choice((0, 5, 10, 12)), number=number,
            closed=began if chance.random() < 0.2 else None,
        )  # fmt: skip
    execute_sql(store, "UPDATE transition SET actor_id = (SELECT id FROM actor WHERE handle = 'the_salesperson')")
    return store


def open_cases_of(tx: Tx, who: Principal) -> list[Any]:
    """Return the open cases of which each by itself meets the scope of somebody."""
    cases = tx.rows("SELECT * FROM cases WHERE NOT closed ORDER BY id")
    return [case for case in cases if meets(tx, case.id, cases_in_scope(who, AT))]


@pytest.mark.parametrize("role", READERS)
def test_every_number_of_the_board_is_that_of_plain_counting(mixed: Store, role: Role):
    who = principal(mixed, role)
    with mixed.looking() as tx:
        cases, scope = open_cases_of(tx, who), cases_in_scope(who, AT)
        counts, loads = board(tx, scope), workload(open_cases(tx, scope))
    assert cases
    known = [lifecycle_of(case.kind).state.get(case.state) for case in cases]
    milestones = [state.milestone.value if state else case.state for case, state in zip(cases, known, strict=True)]
    assert counts == Counter(
        (case.kind, milestone, case.level) for case, milestone in zip(cases, milestones, strict=True)
    )
    for load in loads:
        own = [case for case in cases if case.owner == load.owner]
        urgent = [case for case in own if case.severity == "urgent"]
        assert (load.cases, load.level, load.urgent) == (len(own), max(case.level for case in own), len(urgent))
    assert {load.owner for load in loads} == {case.owner for case in cases}


@pytest.mark.parametrize("role", READERS)
def test_what_is_overdue_is_what_each_timer_says(mixed: Store, role: Role):
    who, at = principal(mixed, role), to_micros(AT)
    with mixed.looking() as tx:
        cases = {case.id: case for case in open_cases_of(tx, who)}
        timers = tx.rows("SELECT * FROM timer WHERE closed_at IS NULL ORDER BY id")
        found = [(each.number, each.clause, each.paused) for each in overdue(tx, AT, scope=cases_in_scope(who, AT))]
    late = [
        (case.number, timer.clause, timer.running_since is None)
        for timer in timers
        if (case := cases.get(timer.case_id)) and timer.clause not in lifecycle_of(case.kind).timer_only
        and (at - timer.running_since if timer.running_since else 0) + timer.consumed >= timer.allowance
    ]  # fmt: skip
    assert late
    assert sorted(found) == sorted(late)
