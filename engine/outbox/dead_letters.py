"""Revive or drop deliveries that failed at their last try."""

from datetime import datetime

from engine.store import Store
from models.columns import to_micros
from statemachines.lifecycle import Refused

AGAIN = """
UPDATE delivery SET status = 'waiting', tries = 0, next_at = :at, lease_owner = NULL
 WHERE case_id = :case_id AND seq = :seq AND reaction = :reaction AND status = 'dead'
"""
ALL_AGAIN = """
UPDATE delivery SET status = 'waiting', tries = 0, next_at = :at, lease_owner = NULL WHERE status = 'dead'
"""
DROP = """
UPDATE delivery SET status = 'done', done_at = :at
 WHERE case_id = :case_id AND seq = :seq AND reaction = :reaction AND status = 'dead'
"""


def revive(store: Store, number: str, seq: int, reaction: str, at: datetime) -> None:
    """Let a dead delivery be tried again from its first try. Raises ``Refused('not_dead')``."""
    _update(store, AGAIN, number, seq, reaction, at)


def revive_all(store: Store, at: datetime) -> int:
    """Let every dead delivery be tried again, as after an outage of the mail server. Return their number."""
    with store.writing() as tx:
        return tx.run(ALL_AGAIN, at=to_micros(at))


def drop(store: Store, number: str, seq: int, reaction: str, at: datetime) -> None:
    """Mark a dead delivery as done without delivering it. Raises ``Refused('not_dead')``."""
    _update(store, DROP, number, seq, reaction, at)


def _update(store: Store, sql: str, number: str, seq: int, reaction: str, at: datetime) -> None:
    with store.writing() as tx:
        case = tx.row("SELECT id FROM cases WHERE number = :number", number=number)
        values = {"seq": seq, "reaction": reaction, "at": to_micros(at)}
        if case is None or tx.run(sql, case_id=case.id, **values) != 1:
            raise Refused("not_dead", number=number, seq=seq, reaction=reaction)
