"""Decides whom a case asks: the role or person that its state awaits, and above them the levels of the ladder (B6).

Notices, mails, reminders, digests, reports and boards use this one rule, so that a report names the people who were
written to. It reads nothing: the caller passes the staff, the case and whom its state awaits (``awaited_person``).

Note [Levels]: level 0 is whoever the state awaits. A level above it is the role of ``LEVELS``, but always above the
state's own role: what awaits a department manager climbs to the general manager and never down to the team.

Note [Departments]: handlers, supervisors and department managers answer for their own department, and so does whoever
belongs to none. Those of another department are asked only where nobody above can be asked either.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

import orjson

from engine.actors import available_or_deputies
from statemachines.kinds import lifecycle_of
from statemachines.roles import LEVELS, TOP_LEVEL, Role
from statemachines.vocabulary import State

LINE = frozenset({Role.HANDLER, Role.TEAM_SUPERVISOR, Role.DEPARTMENT_MANAGER})
"""The roles that answer for one department each; see Note [Departments]."""
OUTSIDE = frozenset({Role.SYSTEM, Role.CUSTOMER})
"""Owners of states that are no members of staff."""


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


class AskingCase(Protocol):
    """A case, or an overdue promise of one, as far as it decides whom it asks."""

    @property
    def kind(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def department(self) -> str | None: ...
    @property
    def owner(self) -> str | None: ...


S = TypeVar("S", bound=StaffMember)


@dataclass(frozen=True, slots=True)
class Asked(Generic[S]):
    """Who is asked in the end, as which role, and the roles that should have been asked first and that nobody fills.

    ``level`` is the one to which the case climbed, whoever fills it.
    """

    role: Role
    level: int
    actors: Sequence[S]
    vacant: tuple[Role, ...]


def state_of(kind: str, name: str) -> State | None:
    """Return the state of that name, a retired one under its successor's; None if there is none."""
    table = lifecycle_of(kind)
    return table.state.get(table.resolver.state(name))


def awaited_role(kind: str, state: str) -> Role:
    """Return the role that must act next: the owner of the state, or the agent where that is no member of staff."""
    declared = state_of(kind, state)
    owner = declared.owner if declared is not None else None
    return owner if owner and owner not in OUTSIDE else Role.AGENT


def level_asked(kind: str, state: str, level: int) -> int:
    """Return the level that is really asked: never one at or below that of the state's owner. See Note [Levels]."""
    owner = awaited_role(kind, state)
    own = LEVELS.index(owner) if owner in LEVELS else 0
    return min(max(level, own + 1), TOP_LEVEL) if level else 0


def role_asked(kind: str, state: str, level: int) -> Role:
    """Return the role that a case in this state asks at a level. See Note [Levels]."""
    place = level_asked(kind, state, level)
    return LEVELS[place] if place else awaited_role(kind, state)


def awaited_person(kind: str, state: str, owner: str | None, variables: str) -> str | None:
    """Return the person whom the state awaits: the one whom its variable names, else the owner of the case.

    ``variables`` are the case variables as JSON.
    """
    declared = state_of(kind, state)
    if declared is None or not declared.person:
        return owner
    named: str | None = orjson.loads(variables).get(declared.person)
    return named or owner


def holders(
    staff: Sequence[S],
    role: Role,
    department: str | None,
    owner: str | None = None,
    *,
    at: datetime,
    elsewhere: bool = True,
    barred: Collection[str] = (),
) -> list[S]:
    """Return the owner if one is given, else those who hold the role in the department, else all who hold it.

    Whoever has left or is absent at ``at`` is not asked: his deputy is, and without one the next in that order. Those
    who are ``barred`` may not do what is wanted and are not asked. Unless ``elsewhere``, nobody of another department
    is asked for a role of the line; see Note [Departments].

    Pass the case's owner at level 0 only. He has the work; a step that awaits another role (an approval, a callback)
    asks him only if he holds it. The list is empty if nobody holds the role.
    """
    owners = [member for member in staff if owner is not None and member.handle == owner]
    if role is not Role.HANDLER:
        owners = [member for member in owners if role in member.roles.split()]
    role_holders = [member for member in staff if role in member.roles.split()]
    near = [member for member in role_holders if member.department == department]
    groups = [owners, near, role_holders]
    if role in LINE and department is not None and not elsewhere:
        groups[2] = [member for member in role_holders if member.department is None]
    for group in groups:
        present = available_or_deputies(group, staff, lambda member: member.available(at))
        if allowed := [member for member in present if member.handle not in barred]:
            return allowed
    return []


def asked_for(
    case: AskingCase,
    level: int,
    staff: Sequence[S],
    at: datetime,
    *,
    person: str | None = None,
    barred: Collection[str] = (),
) -> Asked[S]:
    """Return whom a case asks at a level: the next level above that somebody fills now, else the next one below.

    ``person`` is whom the state awaits by name, by default the owner of the case. Those who are ``barred`` may not do
    what the state awaits.
    """
    awaited = person or case.owner
    begin = level_asked(case.kind, case.state, level)
    above = range(max(begin, level_asked(case.kind, case.state, 1)), TOP_LEVEL + 1)
    places = list(dict.fromkeys([begin, *above, *range(begin - 1, -1, -1)]))
    roles = {place: role_asked(case.kind, case.state, place) for place in places}
    for elsewhere in (False, True):
        vacant: list[Role] = []
        for place in places:
            role, owner = roles[place], awaited if place == 0 else None
            may_not = barred if place == 0 else ()
            if actors := holders(staff, role, case.department, owner, at=at, elsewhere=elsewhere, barred=may_not):
                return Asked(role, begin, actors, tuple(dict.fromkeys(one for one in vacant if one is not role)))
            vacant.append(role)
    return Asked(roles[begin], begin, [], tuple(dict.fromkeys(roles.values())))
