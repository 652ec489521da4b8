"""The order in which staff work through open cases: customers before internal work (A8), urgent ones, the soonest due.

Note [Order of the queue]: it is a sequence of ranks. In a rank come first the cases with a promise that is overdue and
of which no step is left, then those with a step to come, the next one first, then those of which nothing runs. A rank
is read in one of two ways, and both give the same order:

- along the indexes of the timers, in their order, until the page is full: fast where many of the cases are shown;
- sorted, from the shortest list that holds all the cases that are shown (``Condition.lists``): those of the person's
  department, those that he owns, those in a state. Fast where few are shown.

What is shown is not counted. The lists are, up to a bound. An index of timers holds the case of each, so that with a
list at hand its steps to other cases cost little. It is followed for a number of steps, and where the page is not full
by then, the list is sorted (``reports/case_lists.py``). So a page costs little more than the better way would, however
many cases are open.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from engine.access.condition import NO_CASE, Condition, both, by_index, either
from engine.access.principal import Principal
from engine.escalation.recipients import LINE
from models.columns import to_micros
from statemachines.kinds import lifecycles
from statemachines.roles import Role

URGENT: Final = by_index("NOT c.closed AND c.severity = 'urgent'")
CALM: Final = Condition("c.severity IS NULL OR c.severity <> 'urgent'")
OWNERS: Final = """
SELECT a_.handle FROM actor a_ WHERE a_.handle = :queue_handle OR (a_.deputy = :queue_handle
   AND (a_.disabled_at IS NOT NULL
        OR (a_.absent_from <= :queue_at AND (a_.absent_until IS NULL OR a_.absent_until > :queue_at))))
"""
"""Somebody himself, and those for whom he stands in because they have left or are away."""


def ranks() -> list[Condition]:
    """Return the conditions of the ranks in their order; each open case meets one of them."""
    internal = ", ".join(f"'{table.kind}'" for table in lifecycles().values() if table.internal)
    sides = (Condition(f"c.kind NOT IN ({internal})"), by_index(f"c.kind IN ({internal})"))
    return [both(side, urgency) for side in sides for urgency in (URGENT, CALM)]


def awaiting(principal: Principal, at: datetime) -> Condition:
    """Return the condition of the cases that are somebody's to work on.

    He owns them, stands in for their owner, or their state awaits his role and nobody of it owns them; a role that
    answers for one department only in his own.
    """
    actor = principal.actor
    owned = by_index(f"c.owner IN ({OWNERS})", {"queue_handle": actor.handle, "queue_at": to_micros(at)})
    return either((owned, *(_of_role(role, actor.department) for role in sorted(actor.roles))))


def of_department(department: str) -> Condition:
    """Return the condition of the cases that a department has."""
    return by_index("c.department = :queue_department", {"queue_department": department})


def _of_role(role: Role, department: str | None) -> Condition:
    by_kind = {table.kind: names for table in lifecycles().values() if (names := _states(table.kind, role))}
    if not by_kind:
        return NO_CASE
    states = either(
        Condition(f"c.kind = '{kind}' AND c.state IN ({_listed(names)})") for kind, names in by_kind.items()
    )  # fmt: skip
    unowned = Condition("c.owner IS NULL")
    if role is not Role.HANDLER:
        unowned = Condition(
            "c.owner IS NULL OR NOT EXISTS (SELECT 1 FROM actor o_ WHERE o_.handle = c.owner"  # noqa: S608
            f" AND ' ' || o_.roles || ' ' LIKE :queue_{role.value})",
            {f"queue_{role.value}": f"% {role.value} %"},
        )
    in_state = f"c.state IN ({_listed(set().union(*by_kind.values()))})"
    in_state_unowned = f"{in_state} AND c.owner IS NULL" if role is Role.HANDLER else in_state
    if role not in LINE or department is None:
        return replace(both(states, unowned), lists=((in_state,),))
    near = ("c.department IS NULL", "c.department = :queue_near")
    condition = both(states, unowned, Condition(" OR ".join(near), {"queue_near": department}))
    return replace(condition, lists=(tuple(f"{place} AND {in_state_unowned}" for place in near),))


def _states(kind: str, role: Role) -> set[str]:
    """Return the names, also the retired ones, of the states of a kind that await a role."""
    table = lifecycles()[kind]
    states = {state.name for state in table.states if state.owner is role}
    return states | {name for state in states for name in table.resolver.names("state", state)}


def _listed(names: Iterable[str]) -> str:
    """Return names of our own tables as the values of a list in SQL."""
    return ", ".join(f"'{name}'" for name in sorted(names))
