"""Compose the message of an event: numbers, codes and instants, and personal fields only where they are allowed.

The codes come from the transition alone, which never changes, so that each try sends the same. What is personal is read
when it is sent: what was erased meanwhile is sent to nobody.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from engine.access.principal import Principal
from engine.outbox.case_event import CaseEvent
from engine.outbox.deliveries import Leased
from engine.store import Store
from engine.transaction import Tx
from engine.webhooks.address_rules import PUBLIC_ONLY, AddressRules
from engine.webhooks.event_names import EventName, escalation_step
from engine.webhooks.fan_out import name_for
from engine.webhooks.signing import new_nonce, signed_headers, signing_secret
from engine.webhooks.subscriptions import (
    Subscription,
    find_subscription,
    may_manage,
    subscription,
    subscriptions,
)
from models.columns import from_micros
from statemachines.kinds import lifecycle_of

PROMISED = ("promise",)
"""The moves whose form holds an instant that was promised to the customer."""
PARTY = """
SELECT p.name, p.phone, p.email, p.locale FROM cases c JOIN party p ON p.id = c.party_id WHERE c.id = :case_id
"""
STATEMENTS = """
SELECT field, content FROM statement WHERE case_id = :case_id AND seq = :seq AND content IS NOT NULL ORDER BY field
"""


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """A signed message: where it goes, its headers and its body."""

    url: str
    headers: dict[str, str]
    body: bytes


def composed(store: Store, leased: Leased, webhook_id: int, at: datetime) -> WebhookMessage | None:
    """Return the message of a delivery, signed at an instant; None if nobody subscribes to it any more."""
    with store.looking() as tx:
        hook = find_subscription(tx, webhook_id)
        if hook is None:
            return None
        event = leased.event
        name = name_for(hook, event) or EventName.MOVED
        personal = _personal(tx, event) if hook.personal else {}
    document = {
        "type": name.value,
        "timestamp": _instant(event.occurred_at),
        "data": _codes(event) | personal,
    }
    return signed(store, hook, leased.key, document, at)


def trial_message(
    store: Store, to: str, principal: Principal, at: datetime, rules: AddressRules = PUBLIC_ONLY
) -> tuple[WebhookMessage, str | None]:
    """Return a test message to a subscription, by its id or address, or to an address that has none.

    In the last case it is signed by a secret of its own, which is returned, too. Raises ``Refused('bad_webhook_url' |
    'unknown_webhook')`` and what ``may_manage`` raises.
    """
    with store.looking() as tx:
        may_manage(tx, principal)
        if to.isascii() and to.isdigit() and len(to) < 10:
            hook = subscription(tx, int(to))
        else:
            url = rules.checked(to)
            hook = next((each for each in subscriptions(tx) if each.url == url), None) or _unsubscribed(url, at)
    document = {"type": EventName.PING.value, "timestamp": at.isoformat(), "data": {"webhook": hook.id or None}}
    message_id = f"{hook.reaction}:test:{int(at.timestamp() * 1_000_000)}"
    secret = None if hook.id else signing_secret(store.secret, hook.nonce)
    return signed(store, hook, message_id, document, at), secret


def _unsubscribed(url: str, at: datetime) -> Subscription:
    """Return what stands for a subscription of an address that has none."""
    return Subscription(0, url, (), (), (), False, new_nonce(), None, None, at, "")


def signed(store: Store, hook: Subscription, message_id: str, document: dict[str, Any], at: datetime) -> WebhookMessage:
    """Return a message with its signatures; the id is the same in every try, the timestamp that of this one."""
    body = orjson.dumps(document)
    return WebhookMessage(hook.url, signed_headers(hook.secrets_at(store.secret, at), message_id, at, body), body)


def _codes(event: CaseEvent) -> dict[str, Any]:
    table = lifecycle_of(event.kind)
    state = table.state.get(event.dest)
    codes: dict[str, Any] = {
        "case": event.number,
        "seq": event.seq,
        "kind": event.kind,
        "move": event.move,
        "from": event.source or None,
        "state": event.dest,
        "milestone": None if state is None else state.milestone.value,
        "cycle": event.cycle,
        "level": event.level,
        "via": event.via,
        "occurred_at": _instant(event.occurred_at),
        "recorded_at": _instant(event.recorded_at),
    }
    promise = _promise(event)
    return codes if promise is None else codes | {"promise": promise}


def _promise(event: CaseEvent) -> dict[str, Any] | None:
    """Return the promise that the event is about: an escalation step's, or one that was made to the customer."""
    step = escalation_step(event)
    if step is not None:
        names = ("clause", "due_at", "percent", "level")
        return {name: step[name] for name in names if name in step}
    if event.move in PROMISED:
        form = orjson.loads(event.form)
        return {"clause": "promise", "due_at": form["due_at"]} if "due_at" in form else None
    return None


def _personal(tx: Tx, event: CaseEvent) -> dict[str, Any]:
    party = tx.row(PARTY, case_id=event.case_id)
    texts = {row.field: row.content for row in tx.rows(STATEMENTS, case_id=event.case_id, seq=event.seq)}
    customer = None if party is None else party._asdict()
    return {"customer": customer, "texts": texts}


def _instant(micros: int) -> str:
    return from_micros(micros).isoformat()
