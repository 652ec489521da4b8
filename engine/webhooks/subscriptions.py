"""Subscriptions of webhooks: added, listed, rotated and removed by administrators; each change is journalled."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from engine.access.principal import OUTSIDERS, Principal, PrincipalKind, Scope
from engine.actors import administrator
from engine.departments import check_department
from engine.entry_checks import check_key
from engine.kept_answers import Answer, answered_once, keyed_request
from engine.ledger.journal import journal_row
from engine.store import Store
from engine.transaction import Tx
from engine.webhook_reactions import reaction_of
from engine.webhooks.address_rules import PUBLIC_ONLY, AddressRules
from engine.webhooks.event_names import SUBSCRIBABLE
from engine.webhooks.signing import new_nonce, nonce_of_key, signing_secret
from models.columns import from_micros, to_micros
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused

MOST = 20
"""The most subscriptions of a store: each event is looked at once for each."""
OVERLAP = timedelta(hours=24)
"""How long the former secret signs, too, unless a rotation says otherwise."""
LONGEST_OVERLAP = timedelta(days=30)

COLUMNS = """
id, url, events, kinds, departments, personal, nonce, former_nonce, former_until, added_at, added_by, removed_at
"""
LIVE = f"SELECT {COLUMNS} FROM webhook WHERE removed_at IS NULL ORDER BY id"
ONE = f"SELECT {COLUMNS} FROM webhook WHERE id = :id AND removed_at IS NULL"
OF_NONCE = f"SELECT {COLUMNS} FROM webhook WHERE (nonce = :nonce OR former_nonce = :nonce) AND removed_at IS NULL"
# On Postgres nobody else may add one meanwhile: the number of subscriptions is bounded.
LOCK = "LOCK TABLE webhook IN SHARE ROW EXCLUSIVE MODE"
NEXT_ID = "SELECT coalesce(max(id), 0) + 1 AS id FROM webhook"
ADD = """
INSERT INTO webhook (id, url, events, kinds, departments, personal, nonce, added_at, added_by)
VALUES (:id, :url, :events, :kinds, :departments, :personal, :nonce, :at, :by)
"""
ROTATE = """
UPDATE webhook SET nonce = :nonce, former_nonce = nonce, former_until = :until WHERE id = :id AND removed_at IS NULL
"""
REMOVE = "UPDATE webhook SET removed_at = :at, removed_by = :by WHERE id = :id AND removed_at IS NULL"
# As with a dead delivery that a person gave up, the error says that it was not sent.
DROP_UNSENT = """
UPDATE delivery SET status = 'done', done_at = :at, error = coalesce(error, 'WebhookRemoved'),
       tries = CASE WHEN tries < 1 THEN 1 ELSE tries END
 WHERE reaction = :reaction AND status IN ('waiting', 'dead')
"""


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A subscription to be added. Empty ``events``, ``kinds`` and ``departments`` mean all that may be sent.

    ``personal`` allows the customer's name, number and address and the texts of the move.
    """

    url: str
    events: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as it is stored, without its secrets; ``former_until`` is the end of a rotation."""

    id: int
    url: str
    events: tuple[str, ...]
    kinds: tuple[str, ...]
    departments: tuple[str, ...]
    personal: bool
    nonce: str
    former_nonce: str | None
    former_until: datetime | None
    added_at: datetime
    added_by: str

    @property
    def reaction(self) -> str:
        """Return the reaction by which events are delivered to it."""
        return reaction_of(self.id)

    def secrets_at(self, store_secret: bytes, at: datetime) -> tuple[str, ...]:
        """Return the signing secrets in force at an instant, the newest one first."""
        former = (self.former_nonce,) if self.former_until is not None and at < self.former_until else ()
        return tuple(signing_secret(store_secret, nonce) for nonce in (self.nonce, *former) if nonce is not None)


def add_webhook(
    store: Store,
    new: NewWebhook,
    principal: Principal,
    at: datetime,
    key: str | None = None,
    rules: AddressRules = PUBLIC_ONLY,
) -> tuple[Subscription, str]:
    """Add a subscription; return it and its signing secret, which is not shown again.

    The same request under the same idempotency ``key`` adds nothing and gets the same answer.

    Raises ``Refused('bad_webhook_url' | 'unknown_event' | 'unknown_kind' | 'unknown_department' | 'webhooks_full' |
    'key_reused')`` and what ``may_manage`` raises.
    """
    with store.writing() as tx:
        by = may_manage(tx, principal, personal=new.personal)
        url = rules.checked(new.url)
        _check_filters(tx, new)
        nonce = _nonce(store, by, key, "add")
        if tx.postgres:
            tx.run(LOCK)
        if (known := tx.row(OF_NONCE, nonce=nonce)) is not None:
            return _same(_subscription(known), new, url, key), signing_secret(store.secret, nonce)
        if len(subscriptions(tx)) >= MOST:
            raise Refused("webhooks_full", most=MOST)
        webhook_id = tx.row(NEXT_ID).id
        values = {name: " ".join(dict.fromkeys(getattr(new, name))) for name in ("events", "kinds", "departments")}
        tx.run(ADD, id=webhook_id, url=url, personal=new.personal, nonce=nonce, at=to_micros(at), by=by, **values)
        journal_row(tx, "webhook", (webhook_id,), by, to_micros(at))
        return subscription(tx, webhook_id), signing_secret(store.secret, nonce)


def rotate_secret(
    store: Store,
    webhook_id: int,
    principal: Principal,
    at: datetime,
    overlap: timedelta = OVERLAP,
    key: str | None = None,
) -> tuple[Subscription, str]:
    """Give a subscription a new signing secret; return both. The former one signs, too, for the ``overlap``.

    The same request under the same idempotency ``key`` changes nothing more and gets the same answer.

    Raises ``Refused('unknown_webhook' | 'bad_overlap' | 'key_reused')`` and what ``may_manage`` raises.
    """
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise Refused("bad_overlap", most=LONGEST_OVERLAP.days)
    request = keyed_request(store, principal, key, f"webhook {webhook_id} rotate", overlap=overlap.total_seconds())
    until = at + overlap
    with store.writing() as tx:
        by = may_manage(tx, principal)

        def rotate() -> Answer:
            nonce = new_nonce()
            if tx.run(ROTATE, id=webhook_id, nonce=nonce, until=to_micros(until)) != 1:
                raise Refused("unknown_webhook", id=webhook_id)
            journal_row(tx, "webhook", (webhook_id,), by, to_micros(at))
            return {"nonce": nonce, "former_until": until.isoformat()}

        answer = answered_once(tx, request, at, rotate)
        hook = subscription(tx, webhook_id)
    rotated = replace(hook, former_until=datetime.fromisoformat(answer["former_until"]))
    return rotated, signing_secret(store.secret, answer["nonce"])


def remove_webhook(store: Store, webhook_id: int, principal: Principal, at: datetime, key: str | None = None) -> int:
    """End a subscription; return how many events are not sent to it any more.

    The same request under the same idempotency ``key`` gets the same answer. Raises ``Refused('unknown_webhook')`` and
    what ``may_manage`` raises.
    """
    request = keyed_request(store, principal, key, f"webhook {webhook_id} remove")
    with store.writing() as tx:
        by = may_manage(tx, principal)

        def remove() -> Answer:
            if tx.run(REMOVE, id=webhook_id, at=to_micros(at), by=by) != 1:
                raise Refused("unknown_webhook", id=webhook_id)
            journal_row(tx, "webhook", (webhook_id,), by, to_micros(at))
            return {"unsent": tx.run(DROP_UNSENT, reaction=reaction_of(webhook_id), at=to_micros(at))}

        return answered_once(tx, request, at, remove)["unsent"]


def may_manage(tx: Tx, principal: Principal, *, personal: bool = False) -> str:
    """Return the handle of somebody who may manage webhooks: an administrator, whose token may have to allow it.

    Whether personal fields are sent is decided by an administrator whose token, if any, is his whole authority.

    Raises ``Refused('not_in_charge' | 'unknown_actor' | 'actor_disabled' | 'scope_missing')``.
    """
    by = administrator(tx, principal.actor.handle).handle
    if principal.kind in {*OUTSIDERS, PrincipalKind.SYSTEM}:
        raise Refused("scope_missing", scope=Scope.WEBHOOKS.value)
    for scope in (Scope.WEBHOOKS, *((Scope.ADMINISTER, Scope.READ_CONTACTS) if personal else ())):
        if not principal.holds(scope):
            raise Refused("scope_missing", scope=scope.value)
    return by


def subscriptions(tx: Tx) -> list[Subscription]:
    """Return the subscriptions in force, oldest first."""
    return [_subscription(row) for row in tx.rows(LIVE)]


def subscription(tx: Tx, webhook_id: int) -> Subscription:
    """Return one subscription. Raises ``Refused('unknown_webhook')``."""
    found = find_subscription(tx, webhook_id)
    if found is None:
        raise Refused("unknown_webhook", id=webhook_id)
    return found


def find_subscription(tx: Tx, webhook_id: int) -> Subscription | None:
    """Return one subscription, or None if there is none or it was removed."""
    row = tx.row(ONE, id=webhook_id)
    return None if row is None else _subscription(row)


def _nonce(store: Store, by: str, key: str | None, request: str) -> str:
    """Return the nonce of a request: a new one, or under an idempotency key the one that this request always has."""
    check_key(key)
    return new_nonce() if key is None else nonce_of_key(store.secret, by, f"{key} {request}")


def _same(known: Subscription, new: NewWebhook, url: str, key: str | None) -> Subscription:
    """Return the subscription that a key was used for. Raises ``Refused('key_reused')`` for another request."""
    filters = tuple(tuple(dict.fromkeys(names)) for names in (new.events, new.kinds, new.departments))
    if (known.url, known.events, known.kinds, known.departments, known.personal) != (url, *filters, new.personal):
        raise Refused("key_reused", key=key)
    return known


def _subscription(row: Any) -> Subscription:
    return Subscription(
        row.id,
        row.url,
        tuple(row.events.split()),
        tuple(row.kinds.split()),
        tuple(row.departments.split()),
        bool(row.personal),
        row.nonce,
        row.former_nonce,
        None if row.former_until is None else from_micros(row.former_until),
        from_micros(row.added_at),
        row.added_by,
    )


def _check_filters(tx: Tx, new: NewWebhook) -> None:
    _check_events(new.events)
    for kind in new.kinds:
        lifecycle_of(kind)
    for department in new.departments:
        check_department(tx, department)


def _check_events(events: Iterable[str]) -> None:
    known = [name.value for name in SUBSCRIBABLE]
    for event in events:
        if event not in known:
            raise Refused("unknown_event", event=event[:40], known=known)
