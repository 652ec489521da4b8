"""The order in which staff work through open cases: customers before internal work (A8), urgent ones, the soonest due.

Note [Order of the queue]: it is a sequence of ranks, each of which is read by an index and ends before the next begins,
so that the first page of 100,000 cases costs no more than that of 1,000. In a rank come first the cases with a promise
that is overdue and of which no step is left, then those with a step to come, the next one first, then those of which
nothing runs.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine.access.condition import EVERY_CASE, Condition, both, either
from engine.access.principal import Principal
from engine.escalation.recipients import LINE
from models.columns import to_micros
from statemachines.kinds import lifecycles
from statemachines.roles import Role

FEW: Final = 400
"""Up to so many cases are read before their timers; of more the timers are read first, in their order.

To sort 400 cases takes as long as to pass over the timers of 15,000 others, among which 30 of those 400 are found.
"""

URGENT: Final = Condition("NOT c.closed AND c.severity = 'urgent'")
CALM: Final = Condition("c.severity IS NULL OR c.severity <> 'urgent'")
SPENT_TIMER: Final = "{k}.closed_at IS NULL AND {k}.fires_at IS NULL AND {k}.running_since IS NOT NULL"
"""A timer that runs on after its last step: what it promises is overdue."""
SPENT: Final = f"EXISTS (SELECT 1 FROM timer s_ WHERE s_.case_id = c.id AND {SPENT_TIMER.format(k='s_')})"  # noqa: S608
FIRST_SPENT: Final = Condition(
    f"c.id = k.case_id AND {SPENT_TIMER.format(k='k')} AND NOT EXISTS (SELECT 1 FROM timer e_"  # noqa: S608
    f" WHERE e_.case_id = c.id AND {SPENT_TIMER.format(k='e_')} AND e_.id < k.id)"
)
OWNERS: Final = """
SELECT a_.handle FROM actor a_ WHERE a_.handle = :queue_handle OR (a_.deputy = :queue_handle
   AND (a_.disabled_at IS NOT NULL
        OR (a_.absent_from <= :queue_at AND (a_.absent_until IS NULL OR a_.absent_until > :queue_at))))
"""
"""Somebody himself, and those for whom he stands in because they have left or are away."""


@dataclass(frozen=True, slots=True)
class Rank:
    """A rank of the queue: the condition of its cases, and whether an index lists just the urgent ones."""

    condition: Condition
    urgent: bool


def ranks() -> list[Rank]:
    """Return the ranks in their order; each open case is in one of them."""
    internal = ", ".join(f"'{table.kind}'" for table in lifecycles().values() if table.internal)
    sides = [Condition(f"c.kind NOT IN ({internal})"), Condition(f"c.kind IN ({internal})")]
    return [Rank(both(side, URGENT if urgent else CALM), urgent) for side in sides for urgent in (True, False)]


def awaiting(principal: Principal, at: datetime) -> Condition:
    """Return the condition of the cases that are somebody's to work on.

    He owns them, stands in for their owner, or their state awaits his role and nobody of it owns them; a role that
    answers for one department only in his own.
    """
    actor = principal.actor
    owned = Condition(f"c.owner IN ({OWNERS})", {"queue_handle": actor.handle, "queue_at": to_micros(at)})
    return either((owned, *(_of_role(role, actor.department) for role in sorted(actor.roles))))


def of_department(department: str) -> Condition:
    """Return the condition of the cases that a department has."""
    return Condition("c.department = :queue_department", {"queue_department": department})


def _of_role(role: Role, department: str | None) -> Condition:
    states = either(
        Condition(f"c.kind = '{table.kind}' AND c.state IN ({names})")
        for table in lifecycles().values()
        if (names := _states(table.kind, role))
    )
    unowned = Condition("c.owner IS NULL")
    if role is not Role.HANDLER:
        unowned = Condition(
            "c.owner IS NULL OR NOT EXISTS (SELECT 1 FROM actor o_ WHERE o_.handle = c.owner"  # noqa: S608
            f" AND ' ' || o_.roles || ' ' LIKE :queue_{role.value})",
            {f"queue_{role.value}": f"% {role.value} %"},
        )
    near = EVERY_CASE
    if role in LINE and department is not None:
        near = Condition("c.department IS NULL OR c.department = :queue_near", {"queue_near": department})
    return both(states, unowned, near)


def _states(kind: str, role: Role) -> str:
    """Return the names of the states of a kind that await a role, as SQL lists them; empty without any."""
    table = lifecycles()[kind]
    states = {state.name for state in table.states if state.owner is role}
    names = states | {name for state in states for name in table.resolver.names("state", state)}
    return ", ".join(f"'{name}'" for name in sorted(names))
