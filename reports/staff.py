"""Reads the staff once for a report, and tells whom a case asks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.escalation.recipients import holders, role_asked
from engine.transaction import Tx
from statemachines.roles import Role

STAFF = "SELECT id, handle, roles, department FROM actor ORDER BY handle"
MACHINES = frozenset({Role.SYSTEM.value, Role.IMPORT.value})
"""Roles whose holders are no people."""


@dataclass(frozen=True)
class Staff:
    """The rows of ``actor``, by handle."""

    rows: Sequence[Any]
    _holders: dict[tuple[Role, str | None, str | None], tuple[str, ...]] = field(
        default_factory=dict[tuple[Role, str | None, str | None], tuple[str, ...]], init=False, repr=False
    )
    """Who holds a role in a department, as far as it was asked: many cases ask the same people."""

    @classmethod
    def read(cls, tx: Tx) -> "Staff":
        """Read all actors."""
        return cls(tx.rows(STAFF))

    @cached_property
    def handles(self) -> dict[int, str]:
        """The handle of each actor, by id."""
        return {actor.id: actor.handle for actor in self.rows}

    @cached_property
    def machines(self) -> list[int]:
        """The ids of the actors that are no people: the system and the import."""
        return [actor.id for actor in self.rows if MACHINES & set(actor.roles.split())]

    def asked(
        self, kind: str, state: str, level: int, department: str | None, owner: str | None
    ) -> tuple[Role, tuple[str, ...]]:
        """Return the role that a case asks at a level, and who answers for it there; nobody if nobody holds it."""
        role = role_asked(kind, state, level)
        key = role, department, owner if level == 0 else None
        if key not in self._holders:
            self._holders[key] = tuple(actor.handle for actor in holders(self.rows, *key))
        return role, self._holders[key]
