"""Turn outbox events into deliveries; lease deliveries, record how they ended, retry or dead-letter them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.backoff import TRIES, next_try
from engine.commands.holds import park
from engine.contention import in_transaction
from engine.outbox import many_sql
from engine.outbox.case_event import EVENT, CaseEvent, event_of
from engine.outbox.notices import queue_unsent
from engine.store import Store
from engine.transaction import Tx
from engine.webhook_reactions import of_webhook
from models.columns import MICROSECOND, to_micros
from statemachines.retirement import CARRIED_OVER

LEASE = timedelta(seconds=60)
"""How long a delivery belongs to the process that leased it."""

TAKE_EVENTS = f"""
SELECT {EVENT} FROM outbox_event m JOIN transition t ON t.case_id = m.case_id AND t.seq = m.seq
  JOIN cases c ON c.id = m.case_id ORDER BY m.case_id, m.seq LIMIT :limit
"""
INSERT = """
INSERT INTO delivery (case_id, seq, reaction, status, tries, next_at)
VALUES (:case_id, :seq, :reaction, 'waiting', 0, :next_at) ON CONFLICT DO NOTHING
"""
# The n-th delivery of a reaction for a case waits for its (n-1)-th, unless that one is dead.
IS_FREE = """
d.status IN ('waiting', 'leased') AND d.next_at <= :at
   AND NOT EXISTS (SELECT 1 FROM delivery e WHERE e.case_id = d.case_id AND e.reaction = d.reaction
                      AND e.seq < d.seq AND e.status IN ('waiting', 'leased'))
   AND NOT EXISTS (SELECT 1 FROM outbox_event m WHERE m.case_id = d.case_id AND m.seq < d.seq)
"""
FREE_OF = f"""
SELECT {EVENT}, d.reaction, d.tries FROM delivery d JOIN transition t ON t.case_id = d.case_id AND t.seq = d.seq
  JOIN cases c ON c.id = d.case_id
 WHERE {IS_FREE} AND {{queue}}
 ORDER BY d.tries, d.case_id, d.seq, d.reaction LIMIT :limit
"""
FREE = FREE_OF.format(queue=f"NOT {of_webhook('d')}")
FREE_OF_WEBHOOK = FREE_OF.format(queue="d.reaction = :reaction")
THIS = "delivery.case_id = :case_id AND delivery.seq = :seq AND delivery.reaction = :reaction"
FANNED_OUT = "DELETE FROM outbox_event WHERE outbox_event.case_id = :case_id AND outbox_event.seq = :seq"
TAKE = f"""
UPDATE delivery SET status = 'leased', tries = tries + 1, lease_owner = :lease_owner, next_at = :next_at WHERE {THIS}
"""
# Only the holder of the lease may record how the delivery ended.
DONE = f"""
UPDATE delivery SET status = 'done', done_at = :done_at, error = NULL
 WHERE {THIS} AND delivery.lease_owner = :lease_owner AND delivery.status = 'leased'
"""
POSTPONE = f"""
UPDATE delivery SET status = 'waiting', tries = tries - 1, next_at = :next_at, lease_owner = NULL
 WHERE {THIS} AND delivery.lease_owner = :lease_owner AND delivery.status = 'leased'
"""
FAIL = f"""
UPDATE delivery SET status = :status, next_at = :next_at, lease_owner = NULL, error = :error
 WHERE {THIS} AND delivery.lease_owner = :lease_owner AND delivery.status = 'leased'
"""
LOST = f"UPDATE delivery SET status = 'dead', lease_owner = NULL, error = 'ProcessLost' WHERE {THIS}"


@dataclass(frozen=True, slots=True)
class Leased:
    """A leased delivery: its event, its reaction, the number of this try, the holder of the lease, and since when.

    ``at`` is in microseconds since 1970 UTC.
    """

    event: CaseEvent
    reaction: str
    tries: int
    owner: str
    at: int

    @property
    def key(self) -> str:
        """Return the key that every outside effect of this delivery carries."""
        return f"{self.event.number}:{self.event.seq}:{self.reaction}"

    @property
    def where(self) -> dict[str, Any]:
        """Return the values that select the row while the lease is held."""
        event = self.event
        return {"case_id": event.case_id, "seq": event.seq, "reaction": self.reaction, "lease_owner": self.owner}


class Later(Exception):
    """Postpone a delivery until an instant; raised by a reaction that must not act yet. It costs no try."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


Wanted = Callable[[CaseEvent], Iterable[str]]
"""A function that names the reactions of an event."""

Subscribed = Callable[[Tx, Sequence[CaseEvent]], Sequence[tuple[CaseEvent, str]]]
"""A function that names further reactions of new events, which it may look up: those of webhooks."""


def unsubscribed(tx: Tx, events: Sequence[CaseEvent]) -> Sequence[tuple[CaseEvent, str]]:  # noqa: ARG001
    """Name no further reactions."""
    return ()


Ended = str | Later | None
"""How a delivery ended: None for done, the type name of its error, or ``Later``."""


class Batch(list[Leased]):
    """Leased deliveries. ``lost`` are those that are dead now because their process died at every try.

    ``new`` are the events that became deliveries with this lease, also those that no reaction answers.
    """

    lost: tuple[Leased, ...] = ()
    new: tuple[CaseEvent, ...] = ()


def lease(
    store: Store,
    owner: str,
    wanted: Wanted,
    at: datetime,
    limit: int = 200,
    subscribed: Subscribed = unsubscribed,
) -> Batch:
    """Fan out new events and lease what may be delivered at ``at``, except for kinds that are on hold, and webhooks.

    The lease is committed before any work begins.
    """
    return in_transaction(store, lambda tx: _lease(tx, owner, wanted, subscribed, to_micros(at), limit))


def lease_webhook(store: Store, owner: str, reaction: str, at: datetime, limit: int) -> Batch:
    """Lease what may be sent to one subscription at ``at``, except for kinds that are on hold."""

    def leased(tx: Tx) -> Batch:
        park(tx, to_micros(at))
        free = tx.rows(f"{FREE_OF_WEBHOOK} {tx.skip_locked('d')}", at=to_micros(at), limit=limit, reaction=reaction)
        return _taken(tx, owner, free, to_micros(at), limit)

    return in_transaction(store, leased)


def _lease(tx: Tx, owner: str, wanted: Wanted, subscribed: Subscribed, at: int, limit: int) -> Batch:
    new = _fan_out(tx, wanted, subscribed, at, limit)
    park(tx, at)
    batch = _taken(tx, owner, tx.rows(f"{FREE} {tx.skip_locked('d')}", at=at, limit=limit), at, limit)
    batch.new = tuple(new)
    return batch


def _taken(tx: Tx, owner: str, free: Sequence[Any], at: int, limit: int) -> Batch:
    """Lease the free deliveries that were tried least, and bury those whose process was lost at every try."""
    until = at + LEASE // MICROSECOND
    batch_rows = _least_tried([row for row in free if row.tries < TRIES], limit)
    batch = Batch(_leased(row, owner, row.tries + 1, at) for row in batch_rows)
    batch.lost = tuple(_leased(row, owner, row.tries, at) for row in free if row.tries >= TRIES)
    tx.run_all(TAKE, [{"next_at": until, **leased.where} for leased in batch], many_sql.TAKE)
    tx.run_all(LOST, [leased.where for leased in batch.lost], many_sql.LOST)
    return batch


def _least_tried(free: list[Any], limit: int) -> list[Any]:
    """Return the deliveries with the fewest tries, fewer of them with each try, in the end one.

    A delivery that kills its process then costs no other delivery its tries.
    """
    tries = free[0].tries if free else 0
    return [row for row in free if row.tries == tries][: max(1, limit // 4**tries)]


def _leased(row: Any, owner: str, tries: int, at: int) -> Leased:
    return Leased(event_of(row), row.reaction, tries, owner, at)


def _fan_out(tx: Tx, wanted: Wanted, subscribed: Subscribed, at: int, limit: int) -> list[CaseEvent]:
    events = [event_of(row) for row in tx.rows(f"{TAKE_EVENTS} {tx.skip_locked('m')}", limit=limit)]
    keys = [{"case_id": event.case_id, "seq": event.seq} for event in events]
    happened = [event for event in events if event.move != CARRIED_OVER]  # there only the names changed
    new = [(event, name) for event in happened for name in wanted(event)]
    new += subscribed(tx, happened) if happened else []
    rows = [{"case_id": event.case_id, "seq": event.seq, "reaction": name, "next_at": at} for event, name in new]
    tx.run_all(INSERT, rows, many_sql.INSERT)
    tx.run_all(FANNED_OUT, keys, many_sql.FANNED_OUT)
    return events


def settle(store: Store, outcomes: Iterable[tuple[Leased, Ended]], at: datetime) -> list[Leased]:
    """Record how deliveries ended. Return those that are dead now."""
    ended = list(outcomes)
    return in_transaction(store, lambda tx: _settle(tx, ended, at))


def _settle(tx: Tx, outcomes: list[tuple[Leased, Ended]], at: datetime) -> list[Leased]:
    done = [{"done_at": to_micros(at), **leased.where} for leased, ended in outcomes if ended is None]
    tx.run_all(DONE, done, many_sql.DONE)
    again = {leased.key: leased.event.case_id for leased, ended in outcomes if ended is None and leased.tries > 1}
    queue_unsent(tx, again, to_micros(at))
    return [leased for leased, ended in outcomes if ended is not None and _record_failure(tx, leased, ended, at)]


def _record_failure(tx: Tx, leased: Leased, ended: str | Later, at: datetime) -> bool:
    """Postpone or fail a delivery; return whether it is dead now. ``Later`` with a past instant counts as a failure."""
    if isinstance(ended, Later) and ended.until > at:
        tx.run(POSTPONE, next_at=to_micros(ended.until), **leased.where)
        return False
    error = ended if isinstance(ended, str) else type(ended).__name__
    dead = leased.tries >= TRIES
    status = "dead" if dead else "waiting"
    next_at = to_micros(next_try(at, leased.tries))
    held = tx.run(FAIL, status=status, next_at=next_at, error=error, **leased.where) == 1
    return dead and held
