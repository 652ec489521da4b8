"""The matters that concern a principal himself, and his answer to them, for any door that serves principals (F3)."""

from datetime import datetime

from apps.principal_moves import key_of
from engine.access.own_matters import OwnMatter, own_matter, own_matters
from engine.access.principal import Principal
from engine.commands.load import honoured_key
from engine.store import Store


def own_matters_seen(store: Store, principal: Principal, at: datetime) -> list[OwnMatter]:
    """Return the matters in which the principal is asked something now."""
    with store.looking() as tx:
        return own_matters(tx, principal, at)


def own_matter_seen(store: Store, principal: Principal, number: str, at: datetime) -> OwnMatter:
    """Return his part of one of them; the reading is logged. Raises ``Refused('unknown_case')``."""
    with store.writing() as tx:
        return own_matter(tx, principal, number, at)


def was_answered(store: Store, principal: Principal, number: str, key: str | None) -> bool:
    """Return whether his answer with this key was recorded: the matter is hidden from him since."""
    own = key_of(store, principal, key)
    if own is None:
        return False
    with store.looking() as tx:
        honoured = honoured_key(tx, own)
    return honoured is not None and honoured.number == number
