"""Actors are added once and looked up by handle."""

from dataclasses import replace

import pytest

from engine.actors import NewActor, acting, add_actor
from engine.store import Store
from models.columns import to_micros
from statemachines.roles import Role
from tests.case_actions import STAFF, START, query_rows, refusal

NEW = NewActor("new", (Role.AGENT, Role.HANDLER), department="claims", boss="sue", email="new@example.com")


def add(store: Store, actor: NewActor) -> bool:
    with store.writing() as tx:
        return add_actor(tx, actor)


def test_an_actor_is_looked_up_with_his_roles(store: Store):
    assert add(store, NEW) is True
    with store.looking() as tx:
        actor = acting(tx, "new", to_micros(START))
    assert (actor.handle, actor.roles) == ("new", {Role.AGENT, Role.HANDLER})


def test_the_same_actor_again_changes_nothing(store: Store):
    add(store, NEW)
    assert add(store, NEW) is False
    assert len(query_rows(store, "SELECT id FROM actor")) == len(STAFF) + 3


@pytest.mark.parametrize(
    "changed",
    [{"roles": (Role.ADMINISTRATOR,)}, {"boss": None}, {"department": "delivery"}, {"locale": "en"}, {"email": None}],
)
def test_a_handle_of_another_actor_is_refused(store: Store, changed: dict[str, object]):
    add(store, NEW)
    refused = refusal(lambda: add(store, replace(NEW, **changed)))
    assert (refused.code, refused.params) == ("actor_exists", {"handle": "new"})
    assert add(store, NEW) is False


def test_an_unknown_handle_is_refused(store: Store):
    def look_up() -> None:
        with store.looking() as tx:
            acting(tx, "nobody", to_micros(START))

    refused = refusal(look_up)
    assert (refused.code, refused.params) == ("unknown_actor", {"handle": "nobody"})
