"""Whom a case of the house's own people is about: what he alone may do, and what nobody it concerns may (F3)."""

from collections.abc import Iterable

from statemachines.roles import Role
from statemachines.vocabulary import Facts, Guard

STAFF = tuple(role for role in Role if role not in {Role.SYSTEM, Role.IMPORT, Role.CUSTOMER, Role.THIRD_PARTY_ASSESSOR})
"""Everybody who works here; whatever he does here, he may speak for himself."""


def is_known_as(facts: Facts, name: str) -> bool:
    """Whether whoever acts is the person whose handle is known under ``name``."""
    return bool(facts.actor) and facts.variables.get(name) == facts.actor


def himself(name: str) -> Guard:
    """Only the person whose handle is known under ``name`` may do it."""
    return Guard(f"is_{name}", lambda facts, form: is_known_as(facts, name))


def names_none_of(handle: str | None, facts: Facts, names: Iterable[str]) -> bool:
    """Whether a handle belongs to none of those whom the case concerns."""
    return handle is None or all(facts.variables.get(name) != handle for name in names)
