"""Somebody whom a door has authenticated, and what he was let in with (H4)."""

from dataclasses import dataclass
from enum import StrEnum

from engine.caches import Acting


class PrincipalKind(StrEnum):
    """How a principal was authenticated."""

    PERSON = "person"
    """By a session."""
    TOKEN = "token"  # noqa: S105 - a kind of principal, no secret
    """By an API token that belongs to an actor."""
    CUSTOMER = "customer"
    """By a code or a link that was sent to the customer of one case."""
    REPORTER = "reporter"
    """By the receipt code of one report of a violation, which names nobody."""
    OWNER = "owner"
    """By owning the home directory, as whoever uses the command line does: its database and its secret are his."""
    SYSTEM = "system"
    """The driver and the flows of this installation."""


OUTSIDERS = frozenset({PrincipalKind.CUSTOMER, PrincipalKind.REPORTER})
"""The kinds of principals who have no account, and know of one case at most."""


class Scope(StrEnum):
    """What an API token may be used for; a token without one of them cannot do it, whatever its actor's roles are."""

    READ_CASES = "cases:read"
    WRITE_CASES = "cases:write"
    READ_CONTACTS = "contacts:read"
    """Names, addresses and texts of customers, unmasked."""
    READ_REPORTS = "reports:read"
    INTAKE = "intake:write"
    """Arrivals in batches, from other systems."""
    WEBHOOKS = "webhooks:write"
    ADMINISTER = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is at a door. Everything that he may see or do follows from this value and the store.

    ``via`` is what the record says of the door: ``cli``, ``api``, ``console`` or ``portal``. ``scopes`` is None where
    nothing narrows what the actor's roles allow. ``case_id`` is the one case that somebody without an account knows.
    """

    actor: Acting
    kind: PrincipalKind
    via: str
    scopes: frozenset[Scope] | None = None
    case_id: int | None = None

    def holds(self, scope: Scope) -> bool:
        """Return whether he was let in with a scope."""
        return self.scopes is None or scope in self.scopes
