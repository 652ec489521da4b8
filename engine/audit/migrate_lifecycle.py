"""Carries every open case of a store over to the lifecycles in force, a few hundred cases at a time.

Each batch is a transaction of its own and each case gets a recorded move, so it may be killed between any two
batches and started again: a case that was carried over is not found again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from engine.audit.lifecycle_check import check_store
from engine.audit.names_in_use import to_carry
from engine.commands.case_context import context_of
from engine.commands.load import load_cases
from engine.commands.plan import begin
from engine.commands.write import write
from engine.contention import retrying
from engine.ledger.lifecycle_versions import record_version
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Lifecycle, Refused

BATCH = 200


@dataclass(frozen=True, slots=True)
class Migrated:
    """How many cases were carried over, and which could not be, with the code of the reason."""

    carried: int
    failed: tuple[tuple[str, str], ...]


def _unheard(carried: int) -> None:
    """Do nothing with the progress."""


def migrate_lifecycles(
    store: Store, at: datetime, batch: int = BATCH, progress: Callable[[int], None] = _unheard
) -> Migrated:
    """Carry the open cases over; ``progress`` is called after each committed batch with the count so far.

    Raises ``Refused('lifecycle_unsafe')`` where something would be lost; then nothing is written.
    """
    check_store(store, changes=False).refuse_unsafe()
    now = to_micros(at)
    carried, failed = 0, list[tuple[str, str]]()
    with store.writing() as tx:
        for table in lifecycles().values():
            record_version(tx, table, now)
    for table in lifecycles().values():
        after = 0 if table.retired else None
        while after is not None:
            after, done, refused = retrying(lambda: _carry(store, table, after or 0, now, batch))  # noqa: B023 - called at once
            carried += done
            failed += refused
            progress(carried)
    return Migrated(carried, tuple(failed))


def _carry(
    store: Store, table: Lifecycle, after: int, now: int, batch: int
) -> tuple[int | None, int, list[tuple[str, str]]]:
    """Carry one batch over; return the last case looked at (None at the end), the count carried, and the refused."""
    sql, values = to_carry(table, after)
    failed: list[tuple[str, str]] = []
    with store.writing() as tx:
        rows = tx.rows_among(f"SELECT c.id, c.number {sql} ORDER BY c.id LIMIT :limit", limit=batch, **values)
        for row in rows:
            try:
                with tx.savepoint():
                    _carry_one(tx, row.id, now)
            except Refused as refused:
                failed.append((row.number, refused.code))
    last = rows[-1].id if len(rows) == batch else None
    return last, len(rows) - len(failed), failed


def _carry_one(tx: Tx, case_id: int, now: int) -> None:
    [loaded] = load_cases(tx, [case_id], now)
    write(tx, [begin(context_of(loaded))])
