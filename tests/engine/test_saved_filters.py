"""Filters are kept for a person until he may no longer log in; one of the same name is replaced."""

import pytest

from engine.accounts.accounts import disable_account, enable_account
from engine.commands.leaving import disable
from engine.saved_filters import MOST, SavedFilter, remove_filter, save_filter, saved_filters
from engine.store import Store
from tests.case_actions import AGENT, HANDLER, HOUR, START, query_rows
from tests.engine.accounts.people_with_accounts import ADMIN, add_accounts

pytestmark = pytest.mark.requirement("H4")

LATE = SavedFilter("late", "overdue=true")


@pytest.fixture
def people(store: Store) -> dict[str, int]:
    """The agent and the handler, each with a filter, by their handles."""
    add_accounts(store, AGENT, HANDLER)
    ids = {row["handle"]: row["id"] for row in query_rows(store, "SELECT id, handle FROM actor")}
    for handle in (AGENT, HANDLER):
        save_filter(store, ids[handle], LATE, START)
    return ids


def kept(store: Store, actor_id: int) -> list[SavedFilter]:
    with store.looking() as tx:
        return saved_filters(tx, actor_id)


def test_a_filter_of_the_same_name_is_replaced_and_one_that_is_not_there_is_no_fault(
    store: Store, people: dict[str, int]
):
    changed = SavedFilter("late", "overdue=true&level=2")
    save_filter(store, people[AGENT], changed, START + HOUR)
    assert kept(store, people[AGENT]) == [changed]
    remove_filter(store, people[AGENT], "early")
    remove_filter(store, people[AGENT], "late")
    assert (kept(store, people[AGENT]), kept(store, people[HANDLER])) == ([], [LATE])


def test_the_oldest_gives_way_to_one_too_many(store: Store, people: dict[str, int]):
    for n in range(MOST):
        save_filter(store, people[AGENT], SavedFilter(f"a{n}", ""), START + (n + 1) * HOUR)
    assert [each.name for each in kept(store, people[AGENT])] == [f"a{n}" for n in range(MOST)]
    assert kept(store, people[HANDLER]) == [LATE]


def test_whoever_may_not_log_in_keeps_no_filter(store: Store, people: dict[str, int]):
    disable_account(store, AGENT, ADMIN, START + HOUR)
    disable(store, HANDLER, ADMIN, START + HOUR)
    enable_account(store, AGENT, ADMIN, START + HOUR)
    assert (kept(store, people[AGENT]), kept(store, people[HANDLER])) == ([], [])
