"""Finds the clocks that have fallen due and fires their rungs, each once and in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.commands.advance import retrying
from engine.commands.case_context import Fired, take
from engine.databases import overtaken
from engine.ledger.record import head_by_id
from engine.store import Store
from engine.timers import parking
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.lifecycle import Refused

BATCH = 200
"""Clocks claimed in one transaction."""

CLOCKS_OF_A_CASE = 64
"""More open clocks than any case has."""

LAST = 2**63 - 1
"""No case has a higher id."""

# What is parked waits for its next try; see engine/timers/parking.py.
FREE = f"""
FROM timer k JOIN cases c ON c.id = k.case_id
  LEFT JOIN parked p ON p.case_id = c.id AND p.version = c.version AND p.work = '{parking.TIMER}'
 WHERE k.fires_at <= :at AND (p.case_id IS NULL OR p.next_at <= :at)
"""
# The plus keeps SQLite to the index on fires_at: by the range it would walk through all cases.
WITHIN = "AND +k.case_id BETWEEN :low AND :high"
DUE = f"SELECT k.case_id, c.number, p.tries {FREE} {WITHIN} ORDER BY k.fires_at, k.id LIMIT :limit"
CLAIM = "SELECT id FROM cases WHERE id = :id"
PEEK = f"SELECT DISTINCT c.number {FREE} ORDER BY c.number LIMIT :limit"


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one pass did; ``failed`` names cases that could not be touched, with the reason's code.

    ``untold`` is how many rungs fired besides those that ``fired`` tells of.
    """

    fired: tuple[Fired, ...]
    failed: tuple[tuple[str, str], ...]
    untold: int = 0


NOTHING = Sweep((), ())


def fire_due(
    store: Store,
    at: datetime,
    limit: int = BATCH,
    skip: frozenset[str] = frozenset(),
    *,
    low: int = 0,
    high: int = LAST,
) -> Sweep:
    """Fire what is due at ``at``, at most ``limit`` cases. Each case succeeds or fails alone; what fails is parked.

    ``skip`` names cases that failed in this sweep before, so that they never starve those behind them. ``low`` and
    ``high``, both included, bound the ids of the cases: sweepers that share the work out take disjoint ranges.
    """
    return retrying(lambda: _fire(store, to_micros(at), limit, skip, low=low, high=high))


def _fire(store: Store, at: int, limit: int, skip: frozenset[str], **bounds: int) -> Sweep:
    with store.writing() as tx:
        return fire_each(tx, _due_cases(tx, at, limit, skip, **bounds), at)


def fire_each(tx: Tx, cases: Mapping[int, bool], at: int) -> Sweep:
    """Fire cases one by one, each alone; they are in hand, and each is told whether it failed before."""
    fired: list[Fired] = []
    failed: list[tuple[str, str]] = []
    for case_id, failed_before in cases.items():
        try:
            with tx.savepoint():
                fired += _fire_case(tx, case_id, at)
                if failed_before:
                    parking.clear(tx, case_id, parking.TIMER)
        except Exception as error:  # noqa: BLE001 (a poison case never holds up the others)
            if overtaken(error):
                continue  # what is still due then is found again
            code = error.code if isinstance(error, Refused) else type(error).__name__
            failed.append((head_by_id(tx, case_id).number, code))
            parking.note_failure(tx, case_id, parking.TIMER, code, at)
    return Sweep(tuple(fired), tuple(failed))


def _due_cases(tx: Tx, at: int, limit: int, skip: frozenset[str], **bounds: int) -> dict[int, bool]:
    """The cases to work on, and whether they failed before; locked case first: ``advance`` locks in this order, too."""
    wider = limit + CLOCKS_OF_A_CASE * len(skip)
    rows = tx.rows(DUE, at=at, limit=wider, **bounds)
    due = {row.case_id: row.tries is not None for row in rows if row.number not in skip}
    claim = f"{CLAIM} {tx.skip_locked('cases')}"
    return {one: due[one] for one in list(due)[:limit] if not tx.postgres or tx.row(claim, id=one)}


def _fire_case(tx: Tx, case_id: int, at: int) -> list[Fired]:
    return take(tx, head_by_id(tx, case_id), at).fire_until(at)


def peek(store: Store, at: datetime, limit: int = BATCH) -> list[str]:
    """The numbers of the cases with something due; nothing is fired."""
    with store.looking() as tx:
        return [row.number for row in tx.rows(PEEK, at=to_micros(at), limit=limit)]
