"""The outbox: moments become deliveries, deliveries are leased, done, tried again, or dead."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.moving import retrying
from engine.store import Store, Tx
from models.columns import MICROSECOND, to_micros
from statemachines.lifecycle import Refused

LEASE = timedelta(seconds=60)
TRIES = 5
BACK_OFF = timedelta(seconds=10)

MOMENT = """
t.case_id, t.seq, t.move, t.source, t.dest, t.cycle, t.level, t.form, t.occurred_at, t.recorded_at, t.via,
c.kind, c.number
"""
TAKE_MOMENTS = f"""
SELECT {MOMENT} FROM moment m JOIN transition t ON t.case_id = m.case_id AND t.seq = m.seq
  JOIN cases c ON c.id = m.case_id ORDER BY m.case_id, m.seq LIMIT :limit
"""
INSERT = """
INSERT INTO delivery (case_id, seq, reaction, status, tries, next_at)
VALUES (:case_id, :seq, :reaction, 'waiting', 0, :at) ON CONFLICT DO NOTHING
"""
# A reaction's n-th delivery for a case waits for its (n-1)-th, unless that one is dead.
FREE = """
SELECT d.case_id, d.seq, d.reaction, d.tries FROM delivery d
 WHERE d.status IN ('waiting', 'leased') AND d.next_at <= :at
   AND NOT EXISTS (SELECT 1 FROM delivery e WHERE e.case_id = d.case_id AND e.reaction = d.reaction
                      AND e.seq < d.seq AND e.status IN ('waiting', 'leased'))
   AND NOT EXISTS (SELECT 1 FROM moment m WHERE m.case_id = d.case_id AND m.seq < d.seq)
 ORDER BY d.tries, d.case_id, d.seq, d.reaction LIMIT :limit
"""
LEASE_ONE = """
UPDATE delivery SET status = 'leased', tries = tries + 1, lease_owner = :owner, next_at = :until
 WHERE case_id = :case_id AND seq = :seq AND reaction = :reaction
"""
LEASED = f"""
SELECT {MOMENT}, d.reaction, d.tries FROM delivery d JOIN transition t ON t.case_id = d.case_id AND t.seq = d.seq
  JOIN cases c ON c.id = d.case_id WHERE d.case_id = :case_id AND d.seq = :seq AND d.reaction = :reaction
"""
# Only who still holds the lease may say how it ended.
DONE = """
UPDATE delivery SET status = 'done', done_at = :at, lease_owner = NULL, error = NULL
 WHERE case_id = :case_id AND seq = :seq AND reaction = :reaction AND lease_owner = :owner
"""
FAIL = """
UPDATE delivery SET status = :status, next_at = :next_at, lease_owner = NULL, error = :error
 WHERE case_id = :case_id AND seq = :seq AND reaction = :reaction AND lease_owner = :owner
"""
LOST = """
UPDATE delivery SET status = 'dead', lease_owner = NULL, error = 'ProcessLost'
 WHERE case_id = :case_id AND seq = :seq AND reaction = :reaction
"""
AGAIN = """
UPDATE delivery SET status = 'waiting', tries = 0, next_at = :at, lease_owner = NULL
 WHERE case_id = :case_id AND seq = :seq AND reaction = :reaction AND status = 'dead'
"""
DROP = """
UPDATE delivery SET status = 'done', done_at = :at
 WHERE case_id = :case_id AND seq = :seq AND reaction = :reaction AND status = 'dead'
"""
PEEK = """
SELECT c.number, c.kind, t.dest, t.cycle, m.case_id, m.seq FROM moment m
  JOIN transition t ON t.case_id = m.case_id AND t.seq = m.seq JOIN cases c ON c.id = m.case_id
UNION SELECT c.number, c.kind, t.dest, t.cycle, d.case_id, d.seq FROM delivery d
  JOIN transition t ON t.case_id = d.case_id AND t.seq = d.seq JOIN cases c ON c.id = d.case_id
 WHERE d.status IN ('waiting', 'leased') AND d.next_at <= :at
 ORDER BY 5, 6 LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Happened:
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

    happened: Happened
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
        return {"case_id": moment.case_id, "seq": moment.seq, "reaction": self.reaction, "owner": self.owner}


Wanted = Callable[[Happened], Iterable[str]]
"""Which reactions a moment calls for."""


def lease(store: Store, owner: str, wanted: Wanted, at: datetime, limit: int = 200) -> list[Leased]:
    """Fan out new moments and lease what may be delivered now. Committed before any work begins."""
    return retrying(lambda: _lease(store, owner, wanted, to_micros(at), limit))


def _lease(store: Store, owner: str, wanted: Wanted, at: int, limit: int) -> list[Leased]:
    with store.writing() as tx:
        _fan_out(tx, wanted, at, limit)
        free = tx.rows(f"{FREE} {tx.skip_locked('d')}", at=at, limit=limit)
        until = at + LEASE // MICROSECOND
        for row in free:
            if row.tries >= TRIES:
                _give_up(tx, row)
        return [_lease_one(tx, row, owner, until) for row in _alike([row for row in free if row.tries < TRIES], limit)]


def _alike(free: list[Any], limit: int) -> list[Any]:
    """The least tried; what was tried before in ever smaller company, in the end alone.

    So one that takes its process with it takes no other's tries as well.
    """
    tries = free[0].tries if free else 0
    return [row for row in free if row.tries == tries][: max(1, limit // 4**tries)]


def _give_up(tx: Tx, row: Any) -> None:
    """Every try of this one took its process with it: it never lived to be settled."""
    tx.run(LOST, case_id=row.case_id, seq=row.seq, reaction=row.reaction)


def _fan_out(tx: Tx, wanted: Wanted, at: int, limit: int) -> None:
    for row in tx.rows(f"{TAKE_MOMENTS} {tx.skip_locked('m')}", limit=limit):
        for reaction in wanted(Happened(*row)):
            tx.run(INSERT, case_id=row.case_id, seq=row.seq, reaction=reaction, at=at)
        tx.run("DELETE FROM moment WHERE case_id = :case_id AND seq = :seq", case_id=row.case_id, seq=row.seq)


def _lease_one(tx: Tx, row: Any, owner: str, until: int) -> Leased:
    where = {"case_id": row.case_id, "seq": row.seq, "reaction": row.reaction}
    tx.run(LEASE_ONE, owner=owner, until=until, **where)
    *moment, reaction, tries = tx.row(LEASED, **where)
    return Leased(Happened(*moment), reaction, tries, owner)


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


def settle(store: Store, outcomes: Iterable[tuple[Leased, str | None]], at: datetime) -> list[Leased]:
    """Record how deliveries ended: None for done, else the error's type. Returns those that died."""
    return retrying(lambda: _settle(store, list(outcomes), at))


def _settle(store: Store, outcomes: list[tuple[Leased, str | None]], at: datetime) -> list[Leased]:
    dead: list[Leased] = []
    with store.writing() as tx:
        for leased, error in outcomes:
            if error is None:
                tx.run(DONE, at=to_micros(at), **leased.where)
                continue
            gone = leased.tries >= TRIES
            later = at + BACK_OFF * 4 ** (leased.tries - 1)
            status = "dead" if gone else "waiting"
            held = tx.run(FAIL, status=status, next_at=to_micros(later), error=error, **leased.where) == 1
            dead += [leased] if gone and held else []
    return dead


def revive(store: Store, number: str, seq: int, reaction: str, at: datetime) -> None:
    """Give a dead delivery its tries back. Raises ``Refused('not_dead')``."""
    _bury(store, AGAIN, number, seq, reaction, at)


def drop(store: Store, number: str, seq: int, reaction: str, at: datetime) -> None:
    """Give a dead delivery up for good. Raises ``Refused('not_dead')``."""
    _bury(store, DROP, number, seq, reaction, at)


def _bury(store: Store, sql: str, number: str, seq: int, reaction: str, at: datetime) -> None:
    with store.writing() as tx:
        case = tx.row("SELECT id FROM cases WHERE number = :number", number=number)
        values = {"seq": seq, "reaction": reaction, "at": to_micros(at)}
        if case is None or tx.run(sql, case_id=case.id, **values) != 1:
            raise Refused("not_dead", number=number, seq=seq, reaction=reaction)
