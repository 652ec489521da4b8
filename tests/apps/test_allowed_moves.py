"""The moves that a case shows as possible now are those that the engine would accept: it asks with the same facts."""

import pytest

from apps import views
from engine.create_store import set_clock
from engine.store import Store
from tests.case_actions import AGENT, DAY, START, SUPERVISOR, make_move, new_case

pytestmark = pytest.mark.requirement("F3")


def allowed(store: Store, number: str, by: str | None) -> list[str]:
    return views.case(store, number, by).allowed


def test_a_mistaken_end_is_undone_while_its_window_is_open(sqlite_store: Store):
    number = new_case(sqlite_store)
    make_move(sqlite_store, number, "withdraw")
    assert "undo_end" in allowed(sqlite_store, number, SUPERVISOR)
    assert "undo_end" in allowed(sqlite_store, number, None)
    set_clock(sqlite_store, START + 400 * DAY)
    assert "undo_end" not in allowed(sqlite_store, number, SUPERVISOR)


def test_a_promise_is_kept_while_one_runs(sqlite_store: Store):
    number = new_case(sqlite_store)
    assert "keep_promise" not in allowed(sqlite_store, number, AGENT)
    make_move(sqlite_store, number, "promise", AGENT)
    assert "keep_promise" in allowed(sqlite_store, number, AGENT)
    make_move(sqlite_store, number, "keep_promise", AGENT)
    assert "keep_promise" not in allowed(sqlite_store, number, AGENT)
