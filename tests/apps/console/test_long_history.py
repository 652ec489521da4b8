"""The page of a case with a long history shows how it began and what happened last, and everything when asked."""

import re

import pytest

from apps.principal_case_page import NEWEST
from engine.settings import Settings
from engine.store import Store
from tests.apps.web_site import site_client
from tests.case_actions import AGENT, contact, make_move, new_case
from tests.engine.accounts.people_with_accounts import add_accounts

pytestmark = pytest.mark.requirement("A7")

LEFT_OUT = 3


@pytest.fixture
def page(sqlite_settings: Settings, sqlite_store: Store) -> dict[str, str]:
    """The page as it opens and the one to which its link leads, of a case with some notes more than a page shows."""
    add_accounts(sqlite_store, AGENT)
    number = new_case(sqlite_store)
    for note in range(NEWEST + LEFT_OUT):
        make_move(sqlite_store, number, "note", note=f"note-{note:03d}")
    with site_client(sqlite_settings, sqlite_store, AGENT) as amy:
        first = amy.get(f"/console/cases/{number}").text
        [link] = re.findall(r'href="([^"]*history=all)"', first)
        return {"first": first, "all": amy.get(link).text}


def notes(page: str) -> list[int]:
    return [int(number) for number in re.findall(r"note-(\d+)", page)]


def test_a_long_history_is_shown_from_its_end_with_how_it_began(page: dict[str, str]):
    assert notes(page["first"]) == list(range(NEWEST + LEFT_OUT - 1, LEFT_OUT - 1, -1)), "the newest first"
    assert contact().text in page["first"], "what the customer said at first"
    assert f"Show {LEFT_OUT} more moves" in page["first"]


def test_the_whole_history_is_one_link_away_and_stays_whole_when_the_page_is_refreshed(page: dict[str, str]):
    assert notes(page["all"]) == list(range(NEWEST + LEFT_OUT - 1, -1, -1))
    assert "more moves" not in page["all"]
    assert re.search(r'data-fragment="/console/cases/[^"]*\?history=all"', page["all"])
