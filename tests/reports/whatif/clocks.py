"""The clocks of a store as it has them, and as they are recomputed under other rules, to be compared one by one."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.rules.in_force import rules_of
from engine.rules.policy import Pack
from engine.store import Store
from engine.timers.timer import row_of
from models.columns import to_micros
from reports.whatif.other_rules import OtherRules
from reports.whatif.recomputed_case import RecomputedCase
from reports.whatif.record import Filter, recorded_cases
from statemachines.complaint import COMPLAINT
from tests.case_actions import query_rows

COMPARED = (
    "calendar", "amount", "unit", "allowance", "consumed", "extended", "opened_at", "running_since", "fires_at",
    "steps_fired", "level", "closed_at", "outcome", "part",
)  # fmt: skip
Clocks = dict[tuple[str, str, int, int], dict[str, Any]]
"""The compared columns of timers, by the number of the case, clause, cycle and occurrence."""


def recorded_clocks(store: Store) -> Clocks:
    """Return the timers that a store has."""
    sql = "SELECT c.number, t.* FROM timer t JOIN cases c ON c.id = t.case_id"
    return {_key(row["number"], row): {name: row[name] for name in COMPARED} for row in query_rows(store, sql)}


@dataclass(frozen=True, slots=True)
class Recomputed:
    """The past of a store under other rules: its clocks and steps, and the cases that are not exact."""

    clocks: Clocks
    steps: list[tuple[Any, ...]]
    doubtful: set[str]


def recomputed(store: Store, pack: Pack, at: datetime) -> Recomputed:
    """Return the past of a store under a pack, as of an instant."""
    result = Recomputed({}, [], set())
    rules = OtherRules(rules_of(store), to_micros(at), pack)
    with store.looking() as tx:
        for recorded in recorded_cases(tx, Filter()):
            case, number = RecomputedCase(recorded.row, rules), recorded.row.number
            case.recompute(recorded.moves, to_micros(at))
            if case.doubts:
                result.doubtful.add(number)
            for timer in case.timers:
                row = row_of(timer)
                result.clocks[_key(number, row)] = {name: row[name] for name in COMPARED}
            result.steps.extend((number, step.timer.clause, step.level, step.due_at) for step in case.steps)
    result.steps.sort()
    return result


def of_cases(clocks: Clocks, numbers: Container[str]) -> Clocks:
    """Return the clocks of these cases."""
    return {key: clock for key, clock in clocks.items() if key[0] in numbers}


def recorded_steps(store: Store) -> list[tuple[Any, ...]]:
    """Return the escalation steps that fired in a store: case, clause, level, instant; not the timers' own moves."""
    sql = "SELECT c.number, s.clause, s.level, s.due_at FROM escalation_step s JOIN cases c ON c.id = s.case_id"
    rows = (tuple(row.values()) for row in query_rows(store, sql))
    return sorted(row for row in rows if row[1] not in COMPLAINT.timer_only)


def _key(number: str, row: dict[str, Any]) -> tuple[str, str, int, int]:
    return number, row["clause"], row["cycle"], row["occurrence"]
