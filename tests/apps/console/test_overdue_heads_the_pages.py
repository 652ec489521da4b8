"""What is overdue heads the console's report and board: by whom to call, how late, whose, who acted last (B11, I2)."""

import re

import pytest

from engine.commands.open_case import Opening, open_case
from engine.create_store import set_clock
from engine.settings import Settings
from engine.store import Store
from tests.apps.console.conftest import HANDLES
from tests.apps.web_site import log_in, site_client
from tests.case_actions import AGENT, DAY, DIRECTOR, HANDLER, HOUR, START, SUPERVISOR, contact, make_move, new_case
from tests.engine.accounts.people_with_accounts import add_accounts

pytestmark = [pytest.mark.requirement("B11"), pytest.mark.requirement("I2")]


def words(page: str) -> str:
    """Return a page's text without its tags, blanks joined."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.mark.parametrize("path", ["/console/report", "/console/board"])
def test_the_first_section_names_every_overdue_case_under_those_who_are_asked(
    settings: Settings, store: Store, path: str
):
    add_accounts(store, *HANDLES)
    touched, silent = new_case(store), new_case(store, HOUR)
    make_move(store, touched, "classify", AGENT, department="claims", severity="high")
    make_move(store, touched, "note", HANDLER)
    set_clock(store, START + DAY * 9)
    with site_client(settings, store, None) as client:
        log_in(client, store, DIRECTOR)
        page = client.get(path).text
    first = page.partition("<main")[2].partition("<section")[2].partition("</section>")[0]
    assert "Still overdue (2)" in words(first)
    assert f"Handler · {HANDLER} (1)" in words(first)
    assert f"agent · {AGENT} (1)" in words(first)
    rows = {number: words(row) for number, row in re.findall(r'cases/([a-z0-9-]+)">.*?</th>(.*?)</tr>', first)}
    assert list(rows) == [touched, silent], "the longest wait first"
    assert "High" in rows[touched]
    assert f"{HANDLER}: Note" in rows[touched]
    assert "nobody" in rows[silent].lower()
    assert " d " in rows[silent]


def test_of_very_many_cases_each_has_a_row_or_its_number(sqlite_settings: Settings, sqlite_store: Store):
    add_accounts(sqlite_store, DIRECTOR)
    numbers = {new_case(sqlite_store, HOUR * n) for n in range(35)}
    set_clock(sqlite_store, START + DAY * 20)
    with site_client(sqlite_settings, sqlite_store, None) as client:
        log_in(client, sqlite_store, DIRECTOR)
        for path in ("/console/report", "/console/board"):
            page = client.get(path).text
            section = page[page.index('id="overdue-title"') :].partition("</section>")[0]
            assert {*re.findall(r"/console/cases/(cp-[0-9-]+)", section)} == numbers


def test_open_cases_that_nothing_watches_are_named_by_department(sqlite_settings: Settings, sqlite_store: Store):
    add_accounts(sqlite_store, DIRECTOR, SUPERVISOR)
    number = open_case(sqlite_store, Opening(contact(), kind="service_order", pack="logistics"), START).number
    with site_client(sqlite_settings, sqlite_store, None) as client:
        log_in(client, sqlite_store, DIRECTOR)
        page = client.get("/console/report").text
    assert "no timer watches" in page
    assert number in page[page.index('id="unwatched-title"') :].partition("</section>")[0]
