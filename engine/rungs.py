"""Finds the clocks that have fallen due and fires their rungs, each once and in order."""

from dataclasses import dataclass
from datetime import datetime

from engine.databases import Conflict
from engine.hand import Fired, take
from engine.moving import retrying
from engine.record import head_by_id
from engine.store import Store, Tx
from models.columns import to_micros
from statemachines.lifecycle import Refused

BATCH = 200
"""Clocks claimed in one transaction."""

CLOCKS_OF_A_CASE = 8
"""More open clocks than any case has."""

DUE = """
SELECT k.case_id, c.number FROM clock k JOIN cases c ON c.id = k.case_id WHERE k.fires_at <= :at
 ORDER BY k.fires_at, k.id LIMIT :limit
"""
CLAIM = "SELECT id FROM cases WHERE id = :id"
PEEK = """
SELECT DISTINCT c.number FROM clock k JOIN cases c ON c.id = k.case_id WHERE k.fires_at <= :at
 ORDER BY c.number LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one pass did; ``failed`` names cases that could not be touched, with the reason's code."""

    fired: tuple[Fired, ...]
    failed: tuple[tuple[str, str], ...]


def fire_due(store: Store, at: datetime, limit: int = BATCH, skip: frozenset[str] = frozenset()) -> Sweep:
    """Fire what is due at ``at``, at most ``limit`` cases. Each case succeeds or fails alone.

    ``skip`` names cases that failed in this sweep before, so that they never starve those behind them.
    """
    return retrying(lambda: _fire(store, to_micros(at), limit, skip))


def _fire(store: Store, at: int, limit: int, skip: frozenset[str]) -> Sweep:
    fired: list[Fired] = []
    failed: list[tuple[str, str]] = []
    with store.writing() as tx:
        for case_id in _due_cases(tx, at, limit, skip):
            try:
                with tx.savepoint():
                    fired += _fire_case(tx, case_id, at)
            except Conflict:
                continue
            except Exception as error:  # noqa: BLE001 (a poison case never holds up the others)
                code = error.code if isinstance(error, Refused) else type(error).__name__
                failed.append((head_by_id(tx, case_id).number, code))
    return Sweep(tuple(fired), tuple(failed))


def _due_cases(tx: Tx, at: int, limit: int, skip: frozenset[str]) -> list[int]:
    """The cases to work on, locked case first: the order in which ``advance`` locks, too."""
    wider = limit + CLOCKS_OF_A_CASE * len(skip)
    rows = tx.rows(DUE, at=at, limit=wider)
    due = list(dict.fromkeys(row.case_id for row in rows if row.number not in skip))[:limit]
    claim = f"{CLAIM} {tx.skip_locked('cases')}"
    return [case_id for case_id in due if not tx.postgres or tx.row(claim, id=case_id)]


def _fire_case(tx: Tx, case_id: int, at: int) -> list[Fired]:
    return take(tx, head_by_id(tx, case_id), at).fire_until(at)


def peek(store: Store, at: datetime, limit: int = BATCH) -> list[str]:
    """The numbers of the cases with something due; nothing is fired."""
    with store.looking() as tx:
        return [row.number for row in tx.rows(PEEK, at=to_micros(at), limit=limit)]
