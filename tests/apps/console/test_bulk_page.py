"""Many cases moved at once: a result for each, refused ones stay chosen, nothing is done twice."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient

from engine.settings import Settings
from engine.store import Store
from tests.apps.console.conftest import HANDLES
from tests.apps.web_site import Served, answers_to, check_accessible, log_in, picture, site_client
from tests.case_actions import AGENT, AUDITOR, HANDLER, MANAGER, SUPERVISOR, make_move, new_case, query_rows
from tests.engine.accounts.people_with_accounts import ADMIN, add_accounts

pytestmark = pytest.mark.requirement("B10")


@contextmanager
def supervisor(settings: Settings, store: Store) -> Iterator[tuple[TestClient, str]]:
    with site_client(settings, store, None) as client:
        yield client, log_in(client, store, SUPERVISOR)


def owners(store: Store) -> dict[str, str | None]:
    return {row["number"]: row["owner"] for row in query_rows(store, "SELECT number, owner FROM cases ORDER BY id")}


def boxes(page: str) -> dict[str, tuple[str, bool]]:
    """Return the value of the box of each listed case, and whether it is ticked."""
    found = re.findall(r'name="number" value="(([a-z0-9-]+)@\d+)"( checked)?', page)
    return {number: (value, bool(ticked)) for value, number, ticked in found}


def test_a_chosen_case_that_moved_meanwhile_is_refused_alone_and_stays_chosen(settings: Settings, store: Store):
    add_accounts(store, *HANDLES)
    first, second, other = (new_case(store) for _ in range(3))
    with supervisor(settings, store) as (client, csrf):
        listed = boxes(client.get("/console/bulk?unowned=true").text)
        assert {number: ticked for number, (_, ticked) in listed.items()} == {first: False, second: False, other: False}
        make_move(store, second, "note", AGENT)
        sent = {
            "_csrf": csrf, "_key": "b", "number": [listed[first][0], listed[second][0]], "department": "claims",
            "owner": HANDLER, "reason": "",
        }  # fmt: skip
        answer = client.post("/console/bulk?unowned=true", data=sent)
        assert answer.status_code == 200
        assert "Done: 1. Refused: 1." in answer.text
        assert owners(store) == {first: HANDLER, second: None, other: None}
        assert {number: ticked for number, (_, ticked) in boxes(answer.text).items()} == {second: True, other: False}
        assert '<option value="claims" selected>' in answer.text
        again = client.post("/console/bulk?unowned=true", data=sent)  # the browser sends the form once more
        assert "Done: 1. Refused: 1." in again.text
        assert [
            row["n"] for row in query_rows(store, "SELECT count(*) AS n FROM transition WHERE move = 'assign'")
        ] == [1]


def test_an_extension_names_the_promise_and_a_faulty_one_is_shown_at_its_field(settings: Settings, store: Store):
    add_accounts(store, *HANDLES)
    number = new_case(store)
    make_move(store, number, "classify")
    with supervisor(settings, store) as (client, csrf):
        page = client.get("/console/bulk?act=extend").text
        assert '<option value="solution">' in page
        sent = {"_csrf": csrf, "_key": "e", "number": boxes(page)[number][0], "clause": "solution", "hours": "0"}
        wrong = client.post("/console/bulk?act=extend", data=sent | {"reason": "The port is closed."})
        assert wrong.status_code == 422
        assert 'id="field-hours-error"' in wrong.text
        assert "The port is closed." in wrong.text
        right = client.post("/console/bulk?act=extend", data=sent | {"hours": "12", "reason": "The port is closed."})
        assert "Done: 1. Refused: 0." in right.text
    [timer] = query_rows(store, "SELECT extended FROM timer WHERE clause = 'solution'")
    assert timer["extended"] == 12 * 3600 * 1_000_000


def test_nothing_is_done_where_no_case_is_chosen(sqlite_settings: Settings, sqlite_store: Store):
    add_accounts(sqlite_store, *HANDLES)
    new_case(sqlite_store)
    with supervisor(sqlite_settings, sqlite_store) as (client, csrf):
        answer = client.post("/console/bulk", data={"_csrf": csrf, "_key": "n", "department": "claims"})
    assert (answer.status_code, "Choose one to a hundred cases." in answer.text) == (422, True)


ACCESS = {
    ("/console/bulk", AGENT): 403, ("/console/bulk", HANDLER): 403, ("/console/bulk", SUPERVISOR): 200,
    ("/console/bulk", MANAGER): 200, ("/console/bulk", AUDITOR): 403, ("/console/bulk", ADMIN): 403,
    ("/console/bulk?level=9", SUPERVISOR): 422,
}  # fmt: skip


def test_who_moves_many_cases(sqlite_settings: Settings, sqlite_store: Store):
    add_accounts(sqlite_store, *HANDLES)
    assert answers_to(sqlite_settings, sqlite_store, ACCESS) == ACCESS


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_a_supervisor_reassigns_many_cases(sqlite_console: Served, locale: str):
    store = sqlite_console.store
    numbers = [new_case(store) for _ in range(5)]
    for number in numbers[:4]:
        make_move(store, number, "classify")
    with sqlite_console.person(SUPERVISOR, locale) as page:
        page.goto("/console/bulk")
        check_accessible(page)
        for number in numbers[:3]:
            page.locator(f'input[value^="{number}@"]').check()
        make_move(store, numbers[2], "note", AGENT)
        page.locator("#field-department").select_option("claims")
        page.locator("#field-owner").select_option(HANDLER)
        page.locator("button.main").click()
        page.locator("#results-title").wait_for()
        check_accessible(page)
        picture(page, "bulk", locale)
        page.set_viewport_size({"width": 360, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
