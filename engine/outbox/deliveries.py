"""The outbox: moments become deliveries, deliveries are leased, done, tried again, or dead."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from engine.commands.advance import retrying
from engine.commands.holds import park
from engine.store import Store
from engine.transaction import Tx
from models.columns import MICROSECOND, to_micros
from statemachines.kinds import lifecycle_of
from statemachines.retirement import CARRIED_OVER

LEASE = timedelta(seconds=60)
TRIES = 5
BACK_OFF = timedelta(seconds=10)

MOMENT = """
t.case_id, t.seq, t.move, t.source, t.dest, t.cycle, t.level, t.form, t.occurred_at, t.recorded_at, t.via,
c.kind, c.number
"""
TAKE_MOMENTS = f"""
SELECT {MOMENT} FROM outbox_event m JOIN transition t ON t.case_id = m.case_id AND t.seq = m.seq
  JOIN cases c ON c.id = m.case_id ORDER BY m.case_id, m.seq LIMIT :limit
"""
INSERT = """
INSERT INTO delivery (case_id, seq, reaction, status, tries, next_at)
VALUES (:case_id, :seq, :reaction, 'waiting', 0, :next_at) ON CONFLICT DO NOTHING
"""
# A reaction's n-th delivery for a case waits for its (n-1)-th, unless that one is dead.
FREE = f"""
SELECT {MOMENT}, d.reaction, d.tries FROM delivery d JOIN transition t ON t.case_id = d.case_id AND t.seq = d.seq
  JOIN cases c ON c.id = d.case_id
 WHERE d.status IN ('waiting', 'leased') AND d.next_at <= :at
   AND NOT EXISTS (SELECT 1 FROM delivery e WHERE e.case_id = d.case_id AND e.reaction = d.reaction
                      AND e.seq < d.seq AND e.status IN ('waiting', 'leased'))
   AND NOT EXISTS (SELECT 1 FROM outbox_event m WHERE m.case_id = d.case_id AND m.seq < d.seq)
 ORDER BY d.tries, d.case_id, d.seq, d.reaction LIMIT :limit
"""
THIS = "delivery.case_id = :case_id AND delivery.seq = :seq AND delivery.reaction = :reaction"
FANNED_OUT = "DELETE FROM outbox_event WHERE outbox_event.case_id = :case_id AND outbox_event.seq = :seq"
TAKE = f"""
UPDATE delivery SET status = 'leased', tries = tries + 1, lease_owner = :lease_owner, next_at = :next_at WHERE {THIS}
"""
# Only who still holds the lease may say how it ended.
DONE = f"""
UPDATE delivery SET status = 'done', done_at = :done_at, lease_owner = NULL, error = NULL
 WHERE {THIS} AND delivery.lease_owner = :lease_owner
"""
POSTPONE = f"""
UPDATE delivery SET status = 'waiting', tries = tries - 1, next_at = :next_at, lease_owner = NULL
 WHERE {THIS} AND delivery.lease_owner = :lease_owner
"""
FAIL = f"""
UPDATE delivery SET status = :status, next_at = :next_at, lease_owner = NULL, error = :error
 WHERE {THIS} AND delivery.lease_owner = :lease_owner
"""
LOST = f"UPDATE delivery SET status = 'dead', lease_owner = NULL, error = 'ProcessLost' WHERE {THIS}"
PEEK = """
SELECT c.number, c.kind, t.dest, t.cycle, m.case_id, m.seq FROM outbox_event m
  JOIN transition t ON t.case_id = m.case_id AND t.seq = m.seq JOIN cases c ON c.id = m.case_id
UNION SELECT c.number, c.kind, t.dest, t.cycle, d.case_id, d.seq FROM delivery d
  JOIN transition t ON t.case_id = d.case_id AND t.seq = d.seq JOIN cases c ON c.id = d.case_id
 WHERE d.status IN ('waiting', 'leased') AND d.next_at <= :at
 ORDER BY 5, 6 LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """A moment as a reaction reads it: this case did this."""

    case_id: int
    seq: int
    move: str
    source: str
    dest: str
    cycle: int
    level: int
    form: str
    occurred_at: int
    recorded_at: int
    via: str
    kind: str
    number: str


@dataclass(frozen=True, slots=True)
class Leased:
    """A delivery in hand: the moment, the reaction, which try it is and who holds it."""

    happened: CaseEvent
    reaction: str
    tries: int
    owner: str

    @property
    def key(self) -> str:
        """The key of every effect of this delivery (law 3)."""
        return f"{self.happened.number}:{self.happened.seq}:{self.reaction}"

    @property
    def where(self) -> dict[str, Any]:
        """The row, while the lease is held."""
        moment = self.happened
        return {"case_id": moment.case_id, "seq": moment.seq, "reaction": self.reaction, "lease_owner": self.owner}


class Later(Exception):
    """Raised by a reaction whose hour is still to come: its delivery waits until then, and spends no try on it."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


Wanted = Callable[[CaseEvent], Iterable[str]]
"""Which reactions a moment calls for."""

Ended = str | Later | None
"""How a delivery ended: None for done, the type of its error, or that it waits for its hour."""


class Batch(list[Leased]):
    """The deliveries in hand; ``lost`` are those that took their process with them at every try, and are dead now."""

    lost: tuple[Leased, ...] = ()


def lease(store: Store, owner: str, wanted: Wanted, at: datetime, limit: int = 200) -> Batch:
    """Fan out new moments and lease what may be delivered now, of kinds that are not on hold.

    Committed before any work begins.
    """
    return retrying(lambda: _lease(store, owner, wanted, to_micros(at), limit))


def _lease(store: Store, owner: str, wanted: Wanted, at: int, limit: int) -> Batch:
    with store.writing() as tx:
        _fan_out(tx, wanted, at, limit)
        park(tx, at)
        free = tx.rows(f"{FREE} {tx.skip_locked('d')}", at=at, limit=limit)
        until = at + LEASE // MICROSECOND
        alike = _alike([row for row in free if row.tries < TRIES], limit)
        batch = Batch(_in_hand(row, owner, row.tries + 1) for row in alike)
        batch.lost = tuple(_in_hand(row, owner, row.tries) for row in free if row.tries >= TRIES)
        tx.put_all(TAKE, [{"next_at": until, **leased.where} for leased in batch])
        tx.put_all(LOST, [leased.where for leased in batch.lost])
        return batch


def _alike(free: list[Any], limit: int) -> list[Any]:
    """The least tried; what was tried before in ever smaller company, in the end alone.

    So one that takes its process with it takes no other's tries as well.
    """
    tries = free[0].tries if free else 0
    return [row for row in free if row.tries == tries][: max(1, limit // 4**tries)]


def _in_hand(row: Any, owner: str, tries: int) -> Leased:
    *event, reaction, _ = row
    return Leased(_event(event), reaction, tries, owner)


def _event(row: Sequence[Any]) -> CaseEvent:
    """The event under the names of today: it may have been recorded before its move, state or field was retired."""
    recorded = CaseEvent(*row)
    table = lifecycle_of(recorded.kind)
    if not table.retired:
        return recorded
    resolver = table.resolver
    form = json.loads(recorded.form)
    resolved = table.resolved_form(recorded.move, form)
    return replace(
        recorded,
        move=resolver.move(recorded.move),
        source=resolver.state(recorded.source),
        dest=resolver.state(recorded.dest),
        form=recorded.form if resolved == form else json.dumps(resolved),
    )


def _fan_out(tx: Tx, wanted: Wanted, at: int, limit: int) -> None:
    moments = [_event(row) for row in tx.rows(f"{TAKE_MOMENTS} {tx.skip_locked('m')}", limit=limit)]
    keys = [{"case_id": moment.case_id, "seq": moment.seq} for moment in moments]
    new = [
        key | {"reaction": name, "next_at": at}
        for key, moment in zip(keys, moments, strict=True)
        for name in (wanted(moment) if moment.move != CARRIED_OVER else ())  # nothing happened but a change of names
    ]
    tx.put_all(INSERT, new)
    tx.put_all(FANNED_OUT, keys)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a delivery that waits is about: enough to name a run."""

    number: str
    kind: str
    step: str
    round: int


def peek(store: Store, at: datetime, limit: int = 200) -> list[Waiting]:
    """What waits now, oldest case first; nothing is leased."""
    with store.looking() as tx:
        return [
            Waiting(row.number, row.kind, row.dest, row.cycle) for row in tx.rows(PEEK, at=to_micros(at), limit=limit)
        ]


def settle(store: Store, outcomes: Iterable[tuple[Leased, Ended]], at: datetime) -> list[Leased]:
    """Record how deliveries ended. Returns those that died."""
    return retrying(lambda: _settle(store, list(outcomes), at))


def _settle(store: Store, outcomes: list[tuple[Leased, Ended]], at: datetime) -> list[Leased]:
    done = [{"done_at": to_micros(at), **leased.where} for leased, ended in outcomes if ended is None]
    with store.writing() as tx:
        tx.put_all(DONE, done)
        return [leased for leased, ended in outcomes if ended is not None and _put_off(tx, leased, ended, at)]


def _put_off(tx: Tx, leased: Leased, ended: str | Later, at: datetime) -> bool:
    """Whether it died of it. An hour that is not ahead is none to wait for: that counts as a failure."""
    if isinstance(ended, Later) and ended.until > at:
        tx.run(POSTPONE, next_at=to_micros(ended.until), **leased.where)
        return False
    error = ended if isinstance(ended, str) else type(ended).__name__
    gone = leased.tries >= TRIES
    again = at + BACK_OFF * 4 ** (leased.tries - 1)
    status = "dead" if gone else "waiting"
    held = tx.run(FAIL, status=status, next_at=to_micros(again), error=error, **leased.where) == 1
    return gone and held
