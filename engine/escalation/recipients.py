"""Decides whom a case asks at an escalation level (B6): a role, and the members of staff who answer for it.

Notifications, reports and boards use this one rule, so that a report names the people who were written to. It reads
nothing: the caller passes the staff and the case.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from engine.actors import on_duty
from statemachines.kinds import lifecycle_of
from statemachines.roles import LEVELS, Role


class StaffMember(Protocol):
    """A row of ``actor``; ``roles`` are separated by blanks."""

    @property
    def handle(self) -> str: ...
    @property
    def roles(self) -> str: ...
    @property
    def department(self) -> str | None: ...
    @property
    def deputy(self) -> str | None: ...

    def available(self, at: datetime) -> bool:
        """Return whether he can be asked at an instant."""
        ...


S = TypeVar("S", bound=StaffMember)


def role_asked(kind: str, state: str, level: int) -> Role:
    """Return the role that a case in this state asks at a level; at level 0 the role that must act next."""
    return LEVELS[level] if level else awaited_role(kind, state)


def awaited_role(kind: str, state: str) -> Role:
    """Return the role that must act next: the owner of the state, or the agent where that is no member of staff."""
    table = lifecycle_of(kind)
    declared = table.state.get(table.resolver.state(state))
    owner = declared.owner if declared is not None else None
    return owner if owner and owner not in (Role.SYSTEM, Role.CUSTOMER) else Role.AGENT


def holders(
    staff: Sequence[S], role: Role, department: str | None, owner: str | None = None, *, at: datetime
) -> list[S]:
    """Return the owner if one is given, else those who hold the role in the department, else all who hold it.

    Whoever has left or is absent at ``at`` is not asked: his deputy is, and without one the next in that order.

    Pass the case's owner at level 0 only. He has the work; a step that awaits another role (an approval, a callback)
    asks him only if he holds it. The list is empty if nobody holds the role.
    """
    owners = [member for member in staff if owner is not None and member.handle == owner]
    if role is not Role.HANDLER:
        owners = [member for member in owners if role in member.roles.split()]
    role_holders = [member for member in staff if role in member.roles.split()]
    near = [member for member in role_holders if member.department == department]
    for wanted in (owners, near, role_holders):
        if present := on_duty(wanted, staff, lambda member: member.available(at)):
            return present
    return []
