"""Kinds of case on hold: their reactions wait until the hold ends, while timers run and people work."""

from dataclasses import dataclass
from datetime import UTC, datetime

from engine.actors import in_charge
from engine.ledger import suspensions
from engine.ledger.journal import journal_row
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Refused
from statemachines.roles import Role

HOLDERS = (Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER, Role.ADMINISTRATOR)
"""The roles that may hold and release a kind."""
PARKED = to_micros(datetime.max.replace(tzinfo=UTC))
"""The instant until which a delivery of a held kind waits: far enough that no driver wakes for it."""

TAKE = """
INSERT INTO hold (kind, since, held_by, reason) VALUES (:kind, :at, :actor_id, :reason) ON CONFLICT (kind) DO NOTHING
"""
END = "DELETE FROM hold WHERE kind = :kind"
HELD = """
SELECT h.kind, h.since, h.reason, a.handle FROM hold h JOIN actor a ON a.id = h.held_by ORDER BY h.kind
"""
SHARED = "SELECT kind FROM hold"
# Due ones only: what waits for a later hour keeps it, and a lease that runs is let run out.
PARK = """
UPDATE delivery SET status = 'waiting', lease_owner = NULL, next_at = :parked
 WHERE status IN ('waiting', 'leased') AND next_at <= :at
   AND case_id IN (SELECT c.id FROM cases c JOIN hold h ON h.kind = c.kind)
"""
WAKE_UP = """
UPDATE delivery SET next_at = :at WHERE status = 'waiting' AND next_at = :parked
   AND case_id IN (SELECT id FROM cases WHERE kind = :kind)
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A kind on hold: since when, by whom, and the reason's code."""

    kind: str
    since: datetime
    reason: str
    handle: str


def hold(tx: Tx, kind: str, handle: str, reason: str, at: datetime) -> bool:
    """Hold a kind's reactions back; return False if it is on hold already.

    Raises ``Refused('unknown_kind' | 'not_in_charge')`` and what ``acting`` raises.
    """
    lifecycle_of(kind)
    actor = in_charge(tx, handle, HOLDERS, to_micros(at))
    journal_row(tx, "hold", (kind,), actor.handle, to_micros(at))
    held_now = tx.run(TAKE, kind=kind, at=to_micros(at), actor_id=actor.id, reason=reason) == 1
    if held_now:
        suspensions.record_kind(tx, suspensions.HELD, kind, actor.handle, reason, to_micros(at))
    return held_now


def release(tx: Tx, kind: str, handle: str, reason: str, at: datetime) -> int:
    """End a hold for the reason of a code; return how many deliveries that fell due meanwhile are free now.

    Raises ``Refused('no_release_reason' | 'not_in_charge' | 'not_on_hold')`` and what ``acting`` raises.
    """
    suspensions.check_release_reason(reason)
    in_charge(tx, handle, HOLDERS, to_micros(at))
    if tx.run(END, kind=kind) != 1:
        raise Refused("not_on_hold", kind=kind)
    journal_row(tx, "hold", (kind,), handle, to_micros(at))
    suspensions.record_kind(tx, suspensions.RELEASED, kind, handle, reason, to_micros(at))
    # A transaction that parks deliveries locks the row that is deleted here, so none is parked after this.
    freed = tx.run(WAKE_UP, kind=kind, at=to_micros(at), parked=PARKED)
    tx.wakes = True
    return freed


def park(tx: Tx, at: int) -> None:
    """Put off due deliveries of held kinds until the hold ends, in the transaction that leases deliveries."""
    if tx.rows(SHARED + (" FOR SHARE" if tx.postgres else "")):
        tx.run(PARK, at=at, parked=PARKED)


def held(tx: Tx) -> list[Held]:
    """Return the kinds that are on hold."""
    return [Held(row.kind, from_micros(row.since), row.reason, row.handle) for row in tx.rows(HELD)]
