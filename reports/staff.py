"""Reads the staff once for a report, and tells whom a case asks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from engine.actors import COLUMNS, Acting, acting_of
from engine.escalation.recipients import asked_for, holders
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.roles import Role

STAFF = f"SELECT {COLUMNS}, deputy, locale, zone FROM actor ORDER BY handle"  # noqa: S608 (our own constants only)
MACHINES = frozenset({Role.SYSTEM.value, Role.IMPORT.value})
"""Roles whose holders are no people."""


@dataclass(frozen=True, slots=True)
class StaffRow:
    """A row of ``actor``; ``roles`` are separated by blanks."""

    actor: Acting
    roles: str
    department: str | None
    deputy: str | None
    locale: str
    zone: str | None

    @property
    def handle(self) -> str:
        """The handle of the actor."""
        return self.actor.handle

    def available(self, at: datetime) -> bool:
        """Return whether he can be asked at an instant."""
        return self.actor.available(to_micros(at))


@dataclass(frozen=True, slots=True)
class _Asking:
    """A case, as far as it decides whom it asks."""

    kind: str
    state: str
    department: str | None
    owner: str | None


def _staff_row(row: Any) -> StaffRow:
    return StaffRow(acting_of(row), row.roles, row.department, row.deputy, row.locale, row.zone)


class AskedStaff(NamedTuple):
    """Who is asked in the end: the role and the handles, and the roles to ask first that nobody fills now."""

    role: Role
    handles: tuple[str, ...]
    vacant: tuple[Role, ...]


@dataclass(frozen=True)
class Staff:
    """The rows of ``actor``, by handle, and the instant at which somebody is asked."""

    rows: Sequence[StaffRow]
    at: datetime
    _holders: dict[tuple[Role, str | None, str | None], tuple[str, ...]] = field(
        default_factory=dict[tuple[Role, str | None, str | None], tuple[str, ...]], init=False, repr=False
    )
    """Who holds a role in a department, as far as it was asked: many cases ask the same people."""
    _asked: dict[tuple[str, str, int, str | None, str | None], AskedStaff] = field(
        default_factory=dict[tuple[str, str, int, str | None, str | None], AskedStaff],
        init=False,
        repr=False,
    )
    """Whom cases ask at a level, in the same way."""

    @classmethod
    def read(cls, tx: Tx, at: datetime) -> "Staff":
        """Read all actors, to ask them at an instant."""
        return cls([_staff_row(row) for row in tx.rows(STAFF)], at)

    @cached_property
    def by_handle(self) -> dict[str, StaffRow]:
        """The rows by handle."""
        return {row.handle: row for row in self.rows}

    @cached_property
    def handles(self) -> dict[int, str]:
        """The handle of each actor, by id."""
        return {row.actor.id: row.handle for row in self.rows}

    @cached_property
    def machines(self) -> list[int]:
        """The ids of the actors that are no people: the system and the import."""
        return [row.actor.id for row in self.rows if MACHINES & set(row.roles.split())]

    def asked(self, kind: str, state: str, level: int, department: str | None, person: str | None) -> AskedStaff:
        """Return whom a case asks at a level in the end, by the rule of the mails: see ``asked_for``.

        ``person`` is the one whom its state awaits (``awaited_person``). Where nobody is there at all the handles are
        empty, and the role is that of the level.
        """
        key = kind, state, level, department, person
        if key not in self._asked:
            asked = asked_for(_Asking(kind, state, department, person), level, self.rows, self.at)
            handles = tuple(row.handle for row in asked.actors)
            self._asked[key] = AskedStaff(asked.role, handles, asked.vacant if handles else ())
        return self._asked[key]

    def holders(self, role: Role, department: str | None, owner: str | None) -> tuple[str, ...]:
        """Return who answers for a role in a department, the owner first; nobody if nobody holds it."""
        key = role, department, owner
        if key not in self._holders:
            self._holders[key] = tuple(row.handle for row in holders(self.rows, *key, at=self.at))
        return self._holders[key]
