"""Who suspended or released automatic work, when and why, stands on the page of the case and on that of the record."""

import re

import pytest

from engine.commands.holds import hold
from engine.settings import Settings
from engine.store import Store
from engine.timers.parking import TIMER, TRIES, note_failure
from models.columns import to_micros
from tests.apps.console.conftest import HANDLES
from tests.apps.web_site import log_in, site_client
from tests.case_actions import AUDITOR, DIRECTOR, HOUR, MANAGER, START, case_of, new_case
from tests.engine.accounts.people_with_accounts import ADMIN, add_accounts

pytestmark = pytest.mark.requirement("H4")


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_release_asks_why_and_is_shown_on_the_case_and_to_the_auditor(settings: Settings, store: Store):
    add_accounts(store, *HANDLES)
    number = new_case(store)
    with store.writing() as tx:
        hold(tx, "complaint", MANAGER, "maintenance", START)
    for _ in range(TRIES):
        with store.writing() as tx:
            note_failure(tx, case_of(store, number)["id"], TIMER, "KeyError", to_micros(START + HOUR))
    with site_client(settings, store, None) as client:
        csrf = log_in(client, store, ADMIN)
        assert "Reason of the release" in client.get("/console/dead-letters").text
        sent = {"_csrf": csrf, "act": "release", "case": number}
        without = client.post("/console/dead-letters", data=sent)
        assert (without.status_code, "Choose the reason" in without.text) == (422, True)
        assert client.post("/console/dead-letters", data={**sent, "reason": "checked"}).status_code == 303
        log_in(client, store, DIRECTOR)
        case = words(client.get(f"/console/cases/{number}").text)
        log_in(client, store, AUDITOR)
        record = words(client.get("/console/record").text)
    for shown in (case, record):
        assert f"Automatic work suspended {MANAGER}" in shown or f"{MANAGER} Automatic work suspended" in shown
        assert f"Automatic work released {ADMIN}" in shown or f"{ADMIN} Automatic work released" in shown
        for reason in ("Maintenance of the system", "KeyError", "Looked at: nothing is wrong"):
            assert reason in shown
    assert f"{number} ·" in record
