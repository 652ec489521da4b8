"""What the tests of webhooks share: an administrator, subscriptions, and the events that are turned into deliveries."""

from dataclasses import replace
from typing import Any

from engine.access.principal import Principal, PrincipalKind, Scope
from engine.actors import NewActor, add_actor, known_actor
from engine.outbox.deliveries import lease
from engine.store import Store
from engine.webhooks.fan_out import subscribed
from engine.webhooks.subscriptions import NewWebhook, Subscription, add_webhook
from statemachines.roles import Role
from tests.case_actions import START, query_rows

ROOT = "root"
URL = "https://hooks.example.com/closeloop"


def administrator(store: Store, *scopes: Scope) -> Principal:
    """Return an administrator, with a token of these scopes if there are any."""
    return principal(store, ROOT, Role.ADMINISTRATOR, *scopes)


def principal(store: Store, handle: str, role: Role, *scopes: Scope) -> Principal:
    """Return somebody of a role, who is added if he is not there."""
    with store.writing() as tx:
        add_actor(tx, NewActor(handle, (role,)))
        person = Principal(known_actor(tx, handle), PrincipalKind.PERSON, "cli")
    return replace(person, kind=PrincipalKind.TOKEN, scopes=frozenset(scopes)) if scopes else person


def subscribe(store: Store, url: str = URL, **filters: Any) -> tuple[Subscription, str]:
    """Add a subscription; return it and its secret."""
    return add_webhook(store, NewWebhook(url, **filters), administrator(store), START)


def fan_out(store: Store) -> None:
    """Turn the new events into deliveries of webhooks, and of no other reaction."""
    lease(store, "a-process", lambda event: (), START, subscribed=subscribed)


def queued(store: Store) -> list[tuple[str, int]]:
    """Return number and step of each case for which a webhook is queued, in order."""
    sql = (
        "SELECT c.number, d.seq FROM delivery d JOIN cases c ON c.id = d.case_id ORDER BY d.case_id, d.seq, d.reaction"
    )
    return [(row["number"], row["seq"]) for row in query_rows(store, sql)]
