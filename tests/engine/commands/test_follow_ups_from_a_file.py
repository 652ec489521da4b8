"""A row of a contact file may name a case: it reopens it in the window, and opens a linked one after it."""

from datetime import timedelta

import pytest

from engine.commands.arrivals import Source, record, take_due
from engine.store import Store
from models.columns import from_micros
from tests.case_actions import (
    AGENT,
    DAY,
    HOUR,
    START,
    case_of,
    contact,
    make_move,
    moves_of,
    new_case,
    new_resolved_case,
    query_rows,
)

pytestmark = pytest.mark.requirement("B3")

FILE = Source("hotline", "complaint", "logistics")
LINKS = """
SELECT p.number AS parent, c.number AS child, l.relation FROM link l
  JOIN cases p ON p.id = l.parent_id JOIN cases c ON c.id = l.child_id
"""


def take_row(store: Store, case: str, after: timedelta, row_id: str = "T-1") -> list[str]:
    """Import one row about a case so long after ``START``; return the cases that it touched."""
    record(store, FILE, [contact(after, row_id=row_id, text="It is broken again.", case=case)])
    return take_due(store, START + after)


def archived(store: Store) -> str:
    """Return a complaint whose customer was satisfied, and which was archived after a day."""
    number = new_resolved_case(store)
    make_move(store, number, "revisit", by=AGENT, after=HOUR)
    make_move(store, number, "archive", by="system", after=DAY)
    return number


def test_a_row_about_an_open_case_is_a_further_contact_of_it(store: Store):
    number = new_case(store)
    assert take_row(store, number, HOUR) == [number]
    assert moves_of(store, number)[-1] == "follow_up"
    assert take_row(store, number, HOUR) == [], "a second import of the row adds nothing"


def test_within_the_window_the_row_reopens_the_case(store: Store):
    number = archived(store)
    assert take_row(store, number, 29 * DAY) == [number]
    case = case_of(store, number)
    assert (case["state"], case["cycle"], bool(case["closed"])) == ("investigated", 2, False)


def test_after_the_window_a_linked_case_is_opened_at_the_time_of_the_contact(store: Store):
    old = archived(store)
    record(store, FILE, [contact(40 * DAY, row_id="T-1", text="It is broken again.", case=old)])
    [new] = take_due(store, START + 41 * DAY)
    assert (new != old, case_of(store, old)["state"]) == (True, "archived")
    assert query_rows(store, LINKS) == [{"parent": old, "child": new, "relation": "follow_up"}]
    assert from_micros(case_of(store, new)["opened_at"]) == START + 40 * DAY


def test_a_row_about_a_merged_case_reaches_the_one_that_goes_on(store: Store):
    first, target = new_case(store), new_case(store)
    make_move(store, first, "merge", after=HOUR, into=target)
    assert take_row(store, first, 2 * HOUR) == [target]
    assert moves_of(store, target)[-1] == "follow_up"
