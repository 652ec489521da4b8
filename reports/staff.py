"""Reads the staff once for a report, and tells whom a case asks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from engine.actors import COLUMNS, Acting, acting_of
from engine.escalation.recipients import asked_for, holders, role_asked
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.roles import Role

STAFF = f"SELECT {COLUMNS}, deputy FROM actor ORDER BY handle"  # noqa: S608 (our own constants only)
MACHINES = frozenset({Role.SYSTEM.value, Role.IMPORT.value})
"""Roles whose holders are no people."""


@dataclass(frozen=True, slots=True)
class StaffRow:
    """A row of ``actor``; ``roles`` are separated by blanks."""

    actor: Acting
    roles: str
    department: str | None
    deputy: str | None

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


@dataclass(frozen=True)
class Staff:
    """The rows of ``actor``, by handle, and the instant at which somebody is asked."""

    rows: Sequence[StaffRow]
    at: datetime
    _holders: dict[tuple[Role, str | None, str | None], tuple[str, ...]] = field(
        default_factory=dict[tuple[Role, str | None, str | None], tuple[str, ...]], init=False, repr=False
    )
    """Who holds a role in a department, as far as it was asked: many cases ask the same people."""
    _asked: dict[tuple[str, str, int, str | None, str | None], tuple[Role, tuple[str, ...]]] = field(
        default_factory=dict[tuple[str, str, int, str | None, str | None], tuple[Role, tuple[str, ...]]],
        init=False,
        repr=False,
    )
    """Whom cases ask at a level, in the same way."""

    @classmethod
    def read(cls, tx: Tx, at: datetime) -> "Staff":
        """Read all actors, to ask them at an instant."""
        rows = [StaffRow(acting_of(row), row.roles, row.department, row.deputy) for row in tx.rows(STAFF)]
        return cls(rows, at)

    @cached_property
    def handles(self) -> dict[int, str]:
        """The handle of each actor, by id."""
        return {row.actor.id: row.handle for row in self.rows}

    @cached_property
    def machines(self) -> list[int]:
        """The ids of the actors that are no people: the system and the import."""
        return [row.actor.id for row in self.rows if MACHINES & set(row.roles.split())]

    def asked(
        self, kind: str, state: str, level: int, department: str | None, owner: str | None
    ) -> tuple[Role, tuple[str, ...]]:
        """Return the role that a case asks at a level in the end, and who answers for it; see ``asked_for``.

        A role that nobody holds at all is returned with nobody, so that the vacancy is seen.
        """
        key = kind, state, level, department, owner
        if key not in self._asked:
            asked = asked_for(_Asking(kind, state, department, owner), level, self.rows, self.at)
            role = role_asked(kind, state, level)
            vacant = not self.holders(role, department, owner if level == 0 else None)
            handles = () if vacant else tuple(row.handle for row in asked.actors)
            self._asked[key] = (role if vacant else asked.role), handles
        return self._asked[key]

    def holders(self, role: Role, department: str | None, owner: str | None) -> tuple[str, ...]:
        """Return who answers for a role in a department, the owner first; nobody if nobody holds it."""
        key = role, department, owner
        if key not in self._holders:
            self._holders[key] = tuple(row.handle for row in holders(self.rows, *key, at=self.at))
        return self._holders[key]
