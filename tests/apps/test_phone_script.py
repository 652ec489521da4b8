"""The script and the mandatory fields of a call are those of the pack in force, in the console and for programs."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.rules.publishing import publish
from engine.settings import Settings
from engine.store import Store
from tests.apps.web_site import log_in, site_client
from tests.case_actions import AGENT, START, new_case, query_rows
from tests.engine.accounts.people_with_accounts import add_accounts
from tests.engine.rules.sample_rules import EVA, SCRIPT, VALID_PACK, add_evaluator

pytestmark = pytest.mark.any_database

TOLD = {"kind": "complaint", "channel": "hotline", "pack": "test", "text": "货物破损。"}


class Doors:
    """The two doors by which an agent hands in a contact: the form of the console, and the API."""

    def __init__(self, client: TestClient, store: Store) -> None:
        self.client, self.store, self.csrf = client, store, log_in(client, store, AGENT)

    def typed(self, path: str = "/cases/new", **entries: str) -> Any:
        return self.client.post(f"/console{path}", data={"_csrf": self.csrf} | TOLD | entries)

    def sent(self, **body: Any) -> Any:
        headers = {"X-CSRF-Token": self.csrf}
        return self.client.post("/api/v1/cases", json=TOLD | body, headers=headers)

    @property
    def opened(self) -> int:
        return query_rows(self.store, "SELECT count(*) AS n FROM cases")[0]["n"]


@pytest.fixture
def doors(settings: Settings, store: Store) -> Iterator[Doors]:
    """Both doors of an agent, on each database, over a store whose pack ``test`` asks for a shipment and a number."""
    add_accounts(store, AGENT)
    add_evaluator(store)
    publish(store, "pack", VALID_PACK + SCRIPT, EVA, START, START, "decision 4")
    with site_client(settings, store, None) as client:
        yield Doors(client, store)


@pytest.mark.requirement("A1")
def test_the_console_asks_for_what_the_pack_names_at_its_field(doors: Doors):
    refused = doors.typed()
    assert (refused.status_code, doors.opened) == (422, 0)
    for name, missing in {"phone": True, "shipment": True, "customer": False, "demand": False}.items():
        assert (f"field-{name}-error" in refused.text) is missing, name
    assert "货物破损。" in refused.text, "what was typed is kept"
    assert doors.typed(phone="13800138000", shipment="SF1").status_code == 303
    assert doors.typed(shipment="SF2", _anonymous="true").status_code == 303, "he declines to say who he is"


@pytest.mark.requirement("A1")
def test_a_program_that_takes_calls_is_refused_the_same(doors: Doors):
    refused = doors.sent()
    assert (refused.status_code, doors.opened) == (422, 0)
    assert [fault["field"] for fault in refused.json()["errors"]] == ["phone", "shipment"]
    assert doors.sent(customer={"phone": "13800138000"}, shipment="SF1").status_code == 201
    assert doors.sent(unnamed=True, shipment="SF2").status_code == 201
    assert [each["field"] for each in doors.sent(unnamed=True).json()["errors"]] == ["shipment"]
    assert doors.sent(channel="website").status_code == 201, "nobody was on the phone"


def test_a_case_that_comes_of_another_is_asked_nothing_again(doors: Doors):
    parent = new_case(doors.store)
    assert doors.sent(parent=parent).status_code == 201


def test_the_script_beside_the_form_is_that_of_the_pack(doors: Doors):
    shown = doors.typed("/cases/new/hints").text
    assert f"This is {AGENT}." in shown
    assert "Which container?" in shown
    assert "Which container?" not in doors.typed("/cases/new/hints", kind="praise").text
    assert "This is amy" not in doors.typed("/cases/new/hints", pack="logistics").text
    opened = doors.typed(phone="13800138000", shipment="SF1").headers["location"]
    page = doors.client.get(opened).text
    assert f"Goodbye from {AGENT}." in page
    assert "This is amy" not in page, "the closing words alone stand beside the number"


def test_a_pack_without_a_script_asks_for_no_more_than_the_form(doors: Doors):
    text = VALID_PACK.replace('version = "1"', 'version = "2"')
    publish(doors.store, "pack", text, EVA, START, START, "decision 5")
    assert 'class="panel script"' not in doors.typed("/cases/new/hints").text
    assert doors.typed().status_code == 303
    assert [each["field"] for each in doors.sent(text="").json()["errors"]] == ["text"]
