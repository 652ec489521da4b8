"""Keeps the filters of the queue that people saved under names; whoever may no longer log in keeps none.

They hold codes only, never the words of a search, and no rule and no case depends on them: they are not in the journal.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine.contention import retrying
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros

MOST: Final = 20
"""The most filters of one person; a new one takes the place of the one that was saved first."""

OF_PERSON: Final = "SELECT name, address FROM saved_filter WHERE actor_id = :actor_id ORDER BY saved_at, name"
SAVE: Final = """
INSERT INTO saved_filter (actor_id, name, address, saved_at) VALUES (:actor_id, :name, :address, :saved_at)
 ON CONFLICT (actor_id, name) DO UPDATE SET address = excluded.address, saved_at = excluded.saved_at
"""
DROP_OLD: Final = """
DELETE FROM saved_filter WHERE actor_id = :actor_id AND name NOT IN (
  SELECT name FROM saved_filter WHERE actor_id = :actor_id ORDER BY saved_at DESC, name DESC LIMIT :most)
"""
REMOVE: Final = "DELETE FROM saved_filter WHERE actor_id = :actor_id AND name = :name"
ERASE: Final = "DELETE FROM saved_filter WHERE actor_id = :actor_id"


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """A filter under a name; ``address`` is the query of the queue's address that shows it."""

    name: str
    address: str


def saved_filters(tx: Tx, actor_id: int) -> list[SavedFilter]:
    """Return the filters of a person, the one that was saved last at the end."""
    return [SavedFilter(row.name, row.address) for row in tx.rows(OF_PERSON, actor_id=actor_id)]


def save_filter(store: Store, actor_id: int, kept: SavedFilter, at: datetime) -> None:
    """Save a filter, in the place of one of the same name."""
    retrying(lambda: _save(store, actor_id, kept, at))


def _save(store: Store, actor_id: int, kept: SavedFilter, at: datetime) -> None:
    with store.writing() as tx:
        tx.run(SAVE, actor_id=actor_id, name=kept.name, address=kept.address, saved_at=to_micros(at))
        tx.run(DROP_OLD, actor_id=actor_id, most=MOST)


def remove_filter(store: Store, actor_id: int, name: str) -> None:
    """Remove a filter; nothing where there is none of that name."""
    with store.writing() as tx:
        tx.run(REMOVE, actor_id=actor_id, name=name)


def erase_filters(tx: Tx, actor_id: int) -> None:
    """Remove all filters of a person who may no longer log in."""
    tx.run(ERASE, actor_id=actor_id)
