"""Sends again what a subscription missed: dead deliveries, or the events of a period, under the ids they had."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from engine.access.principal import Principal
from engine.contention import in_transaction
from engine.kept_answers import Answer, KeyedRequest, answered_once, keep_answer, kept_answer, keyed_request
from engine.ledger.journal import journal_row
from engine.outbox.case_event import EVENT, event_of
from engine.outbox.dead_letters import DEAD_LETTER
from engine.store import Store
from engine.transaction import Tx
from engine.webhooks.fan_out import matches
from engine.webhooks.subscriptions import Subscription, may_manage, subscription
from models.columns import to_micros
from statemachines.refused import Refused
from statemachines.retirement import CARRIED_OVER

AT_ONCE = 500
"""How many transitions are looked at in one transaction."""

REVIVE = """
UPDATE delivery SET status = 'waiting', tries = 0, next_at = :at, retried_at = :at, lease_owner = NULL, error = NULL
 WHERE reaction = :reaction AND status = 'dead' RETURNING case_id, seq
"""
RECORDED = f"""
SELECT {EVENT} FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE (t.case_id > :case_id OR (t.case_id = :case_id AND t.seq > :seq))
   AND t.recorded_at >= :since AND t.recorded_at < :until ORDER BY t.case_id, t.seq LIMIT :limit
"""
# What waits or is being sent now goes out anyway; what a person gave up stays given up.
AGAIN = """
INSERT INTO delivery (case_id, seq, reaction, status, tries, next_at)
VALUES (:case_id, :seq, :reaction, 'waiting', 0, :at)
ON CONFLICT (case_id, seq, reaction) DO UPDATE
   SET status = 'waiting', tries = 0, next_at = excluded.next_at, lease_owner = NULL, error = NULL, done_at = NULL
 WHERE delivery.status IN ('done', 'dead') AND delivery.drop_reason IS NULL
"""


@dataclass(frozen=True, slots=True)
class Period:
    """From an instant on, and before another one, by when the events were recorded; without an end until now."""

    since: datetime
    until: datetime | None = None


def replay_dead(store: Store, webhook_id: int, principal: Principal, at: datetime, key: str | None = None) -> int:
    """Send the dead deliveries of a subscription again; return how many. The journal says who did.

    The same request under the same idempotency ``key`` gets the same answer. Raises ``Refused('unknown_webhook' |
    'key_reused')`` and what ``may_manage`` raises.
    """
    request = _request(store, principal, key, webhook_id, None)

    def revive(tx: Tx) -> int:
        may_manage(tx, principal)
        tx.wakes = True

        def act() -> Answer:
            reaction, now = subscription(tx, webhook_id).reaction, to_micros(at)
            revived = tx.rows(REVIVE, reaction=reaction, at=now)
            for row in revived:
                journal_row(tx, DEAD_LETTER, (row.case_id, row.seq, reaction), principal.actor.handle, now)
            return {"queued": len(revived)}

        return answered_once(tx, request, at, act)["queued"]

    return in_transaction(store, revive)


def replay_period(
    store: Store, webhook_id: int, period: Period, principal: Principal, at: datetime, key: str | None = None
) -> int:
    """Send the events of a period that pass the subscription's filters; return how many are sent.

    History that an import brought is among them, and what was recorded before the subscription was added. An event
    that was sent before is sent under the same id. What the filters say of a case is taken as it is now. The same
    request under the same idempotency ``key`` gets the same answer; one that was interrupted begins anew.

    Raises ``Refused('unknown_webhook' | 'empty_period' | 'key_reused')`` and what ``may_manage`` raises.
    """
    until = period.until or at
    if period.since >= until:
        raise Refused("empty_period", since=period.since.isoformat(), until=until.isoformat())
    request = _request(store, principal, key, webhook_id, period)
    with store.looking() as tx:
        may_manage(tx, principal)
        known = kept_answer(tx, request, at)
        subscription(tx, webhook_id)
    if known is not None:
        return known["queued"]
    queued = sum(_batches(store, webhook_id, period.since, until, at))
    return keep_answer(store, request, at, {"queued": queued})["queued"]


def _request(
    store: Store, principal: Principal, key: str | None, webhook_id: int, period: Period | None
) -> KeyedRequest | None:
    bounds = None if period is None else [period.since.isoformat(), period.until and period.until.isoformat()]
    return keyed_request(store, principal, key, f"webhook {webhook_id} replay", period=bounds)


def _batches(store: Store, webhook_id: int, since: datetime, until: datetime, at: datetime) -> Iterator[int]:
    """Queue the events batch by batch, each in a transaction of its own, and yield how many each queued."""
    after: tuple[int, int] | None = (0, 0)
    bounds = {"since": to_micros(since), "until": to_micros(until)}
    while after is not None:
        queued, after = in_transaction(store, lambda tx, after=after: _queue(tx, webhook_id, bounds, after, at))
        yield queued


def _queue(
    tx: Tx, webhook_id: int, bounds: dict[str, int], after: tuple[int, int], at: datetime
) -> tuple[int, tuple[int, int] | None]:
    """Queue the matching events among the next transitions; return how many, and where to go on."""
    hook: Subscription = subscription(tx, webhook_id)
    case_id, seq = after
    events = [event_of(row) for row in tx.rows(RECORDED, case_id=case_id, seq=seq, limit=AT_ONCE, **bounds)]
    happened = [event for event in events if event.move != CARRIED_OVER]
    rows = [
        {"case_id": event.case_id, "seq": event.seq, "reaction": reaction, "at": to_micros(at)}
        for event, reaction in matches(tx, [hook], happened)
    ]
    queued = sum(tx.run(AGAIN, **row) for row in rows)
    tx.wakes = True
    return queued, (events[-1].case_id, events[-1].seq) if len(events) == AT_ONCE else None
