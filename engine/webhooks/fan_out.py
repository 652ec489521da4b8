"""Decides to which subscriptions an event is sent, in the transaction that turns events into deliveries.

A move does not look at subscriptions: it writes its outbox event as ever. What is decided here is one query for each
batch of events, and one more where a subscription is for certain departments.
"""

from collections.abc import Sequence
from datetime import timedelta

from engine.outbox.case_event import CaseEvent
from engine.transaction import Tx
from engine.webhooks.event_names import EventName, names_of
from engine.webhooks.subscriptions import Subscription, subscriptions
from models.columns import MICROSECOND

CONFIDENTIAL = frozenset({"violation", "appeal"})
"""Kinds that only a subscription which names them is sent: what is said there of people is not for every system."""
IMPORTED = "import"
HISTORIC = timedelta(hours=1) // MICROSECOND
"""What an import records later than this after it happened, in microseconds, is history: it is only sent by a replay.

Whoever imports ten thousand old cases does not set ten thousand telephones ringing.
"""

DEPARTMENTS = "SELECT id, department FROM cases WHERE id = ANY(:ids)"


def subscribed(tx: Tx, events: Sequence[CaseEvent]) -> list[tuple[CaseEvent, str]]:
    """Return the new events with the reactions of the subscriptions that are sent them."""
    hooks = subscriptions(tx)
    if not hooks:
        return []
    return matches(tx, hooks, [event for event in events if not _historic(event)])


def matches(tx: Tx, hooks: Sequence[Subscription], events: Sequence[CaseEvent]) -> list[tuple[CaseEvent, str]]:
    """Return the events with the reactions of those of the subscriptions whose filters they pass."""
    departments = _departments(tx, events) if any(hook.departments for hook in hooks) else {}
    return [
        (event, hook.reaction)
        for event in events
        for hook in hooks
        if name_for(hook, event) is not None
        and kind_passes(hook, event.kind)
        and (not hook.departments or departments.get(event.case_id) in hook.departments)
    ]


def name_for(hook: Subscription, event: CaseEvent) -> EventName | None:
    """Return the name under which a subscription is sent an event; None if it did not subscribe to it."""
    names = names_of(event)
    return next((name for name in names if not hook.events or name.value in hook.events), None)


def kind_passes(hook: Subscription, kind: str) -> bool:
    """Return whether a subscription is for cases of a kind; see ``CONFIDENTIAL``."""
    return kind in hook.kinds or (not hook.kinds and kind not in CONFIDENTIAL)


def _historic(event: CaseEvent) -> bool:
    return event.via == IMPORTED and event.recorded_at - event.occurred_at > HISTORIC


def _departments(tx: Tx, events: Sequence[CaseEvent]) -> dict[int, str | None]:
    ids = sorted({event.case_id for event in events})
    return {row.id: row.department for row in tx.rows_among(DEPARTMENTS, ids=ids)} if ids else {}
