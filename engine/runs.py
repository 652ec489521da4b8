"""Record which scheduled work ran, when, and whether Prefect observed it; hand out leases on duties."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine.ledger.chain import canonical
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros

KEEP = """
INSERT INTO run (flow, began_at, ended_at, observed, did, note)
VALUES (:flow, :began_at, :ended_at, :observed, :did, :note)
"""
FORGET_OLDER = "DELETE FROM run WHERE flow = :flow"
HOLD = """
INSERT INTO lease (name, owner, seen_at, until) VALUES (:name, :owner, :at, :until)
ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, seen_at = excluded.seen_at, until = excluded.until
 WHERE lease.owner = excluded.owner OR lease.until <= excluded.seen_at
"""
HELD = "SELECT 1 AS one FROM lease WHERE until > :at AND (name = :name OR name LIKE :mine)"
FORGET = "DELETE FROM lease WHERE until < :old"
REMEMBERED = timedelta(days=7)
"""How long an expired lease is kept, so that ``status`` can show its last heartbeat."""


@dataclass(frozen=True, slots=True)
class Done:
    """A run that ended: how many items it handled, whether Prefect observed it, and ``why`` not."""

    flow: str
    began_at: datetime
    ended_at: datetime
    observed: bool
    did: int
    why: str = ""
    note: Mapping[str, Any] = field(default_factory=dict[str, Any])


def keep(store: Store, done: Done) -> None:
    """Store a run that ended."""
    with store.writing() as tx:
        keep_in(tx, done)


def keep_newest(store: Store, done: Done) -> None:
    """Store a run that ended instead of the earlier ones of its name."""
    with store.writing() as tx:
        tx.run(FORGET_OLDER, flow=done.flow)
        keep_in(tx, done)


def keep_in(tx: Tx, done: Done) -> None:
    """Store a run that ended in a transaction that does more."""
    tx.run(
        KEEP,
        flow=done.flow,
        began_at=to_micros(done.began_at),
        ended_at=to_micros(done.ended_at),
        observed=done.observed,
        did=done.did,
        note=canonical({**done.note, **({"why": done.why} if done.why else {})}),
    )


def hold(store: Store, name: str, owner: str, at: datetime, seconds: float) -> bool:
    """Take or renew the lease on a duty for ``seconds``. Return False while another owner holds it."""
    until = at + timedelta(seconds=seconds)
    with store.writing() as tx:
        tx.run(FORGET, old=to_micros(at - REMEMBERED))
        return tx.run(HOLD, name=name, owner=owner, at=to_micros(at), until=to_micros(until)) == 1


def let_go(store: Store, name: str, owner: str) -> None:
    """Release the lease on a duty."""
    with store.writing() as tx:
        tx.run("DELETE FROM lease WHERE name = :name AND owner = :owner", name=name, owner=owner)


def held(tx: Tx, name: str, at: datetime) -> bool:
    """Return whether anybody holds the duty, or a share of it (``driver:…``), at that instant."""
    return tx.row(HELD, name=name, mine=f"{name}:%", at=to_micros(at)) is not None
