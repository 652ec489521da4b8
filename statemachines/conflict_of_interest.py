"""Guards about the persons a staff case concerns: what only they may do, and what they may not (F3)."""

from collections.abc import Iterable

from statemachines.roles import Role
from statemachines.vocabulary import Facts, Guard

STAFF = tuple(role for role in Role if role not in {Role.SYSTEM, Role.IMPORT, Role.CUSTOMER, Role.THIRD_PARTY_ASSESSOR})
"""The roles of everybody employed here; a person concerned may act for himself in any of them."""


def is_known_as(facts: Facts, name: str) -> bool:
    """Return whether the actor is the person whose handle the case variable ``name`` holds."""
    return bool(facts.actor) and facts.variables.get(name) == facts.actor


def himself(name: str) -> Guard:
    """Hold only for the person whose handle the case variable ``name`` holds."""
    return Guard(f"is_{name}", lambda facts, form: is_known_as(facts, name))


def names_none_of(handle: str | None, facts: Facts, names: Iterable[str]) -> bool:
    """Return whether none of the case variables ``names`` holds the handle."""
    return handle is None or all(facts.variables.get(name) != handle for name in names)
