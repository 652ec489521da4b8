"""Those who act are added once and looked up by handle."""

from dataclasses import replace

import pytest

from engine.actors import NewActor, acting, add_actor
from engine.store import Store
from models.columns import to_micros
from statemachines.roles import Role
from tests.case_actions import STAFF, START, query_rows, refusal

NEW = NewActor("new", (Role.AGENT, Role.HANDLER), department="claims", boss="sue", email="new@example.com")


def added(store: Store, actor: NewActor) -> bool:
    with store.writing() as tx:
        return add_actor(tx, actor)


def test_an_actor_is_found_with_his_roles(store: Store):
    assert added(store, NEW) is True
    with store.looking() as tx:
        found = acting(tx, "new", to_micros(START))
    assert (found.handle, found.roles) == ("new", {Role.AGENT, Role.HANDLER})


def test_the_same_actor_again_changes_nothing(store: Store):
    added(store, NEW)
    assert added(store, NEW) is False
    assert len(query_rows(store, "SELECT id FROM actor")) == len(STAFF) + 3


@pytest.mark.parametrize(
    "changed",
    [{"roles": (Role.ADMINISTRATOR,)}, {"boss": None}, {"department": "delivery"}, {"locale": "en"}, {"email": None}],
)
def test_a_handle_that_is_anothers_is_refused(store: Store, changed: dict[str, object]):
    added(store, NEW)
    told = refusal(lambda: added(store, replace(NEW, **changed)))
    assert (told.code, told.params) == ("actor_exists", {"handle": "new"})
    assert added(store, NEW) is False


def test_an_unknown_handle_is_refused(store: Store):
    def look() -> None:
        with store.looking() as tx:
            acting(tx, "nobody", to_micros(START))

    told = refusal(look)
    assert (told.code, told.params) == ("unknown_actor", {"handle": "nobody"})
