"""An agent makes a code in the console, by the API or at the command line, and the customer comes in with it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.settings import Settings
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.apps.portal.visitors import Visitor, codes_in
from tests.apps.web_site import log_in, site_client
from tests.case_actions import AGENT, HANDLER, new_case
from tests.engine.accounts.people_with_accounts import add_accounts

pytestmark = pytest.mark.requirement("H4")

HIS: dict[str, Any] = {"customer": "王芳", "phone": "13800138000"}
TYPED = HIS | {"reason": "He has no mail address."}
SENT = {"name": "王芳", "phone": "13800138000", "reason": "He has no mail address."}


@pytest.fixture
def site(settings: Settings, store: Store) -> Iterator[TestClient]:
    add_accounts(store, AGENT, HANDLER)
    with site_client(settings, store, None) as client:
        yield client


def test_the_code_that_an_agent_reads_out_opens_the_case_in_the_portal_once(site: TestClient, store: Store):
    number = new_case(store, **HIS)
    csrf = log_in(site, store, AGENT)
    assert f"/console/cases/{number}/access-code" in site.get(f"/console/cases/{number}").text
    wrong = site.post(f"/console/cases/{number}/access-code", data={"_csrf": csrf} | TYPED | {"phone": "1390013"})
    assert (wrong.status_code, "do not match" in wrong.text, 'value="1390013"' in wrong.text) == (422, True, True)
    shown = site.post(f"/console/cases/{number}/access-code", data={"_csrf": csrf} | TYPED).text
    code = re.search(r"<kbd>(\d{4} \d{4})</kbd>", shown)
    assert code is not None
    customer = Visitor(site, store)
    assert codes_in(store) == []
    answer = customer.send("/code", ticket=customer.ask_for_code(number), code=code[1])
    assert (answer.status_code, answer.headers["location"]) == (303, "/portal/case")
    assert number in customer.get("/case").text
    again = customer.send("/code", ticket=customer.ask_for_code(number), code=code[1])
    assert (again.status_code, "The code is wrong" in again.text) == (422, True)


def test_a_code_of_another_case_opens_nothing(site: TestClient, store: Store):
    number, other = new_case(store, **HIS), new_case(store, row_id="2", **HIS)
    csrf = log_in(site, store, AGENT)
    headers = {"X-CSRF-Token": csrf}
    made = site.post(f"/api/v1/cases/{number}/access-codes", json=SENT, headers=headers)
    assert (made.status_code, made.json()["number"]) == (201, number)
    customer = Visitor(site, store)
    wrong = customer.send("/code", ticket=customer.ask_for_code(other), code=made.json()["code"])
    assert wrong.status_code == 422
    right = customer.send("/code", ticket=customer.ask_for_code(number), code=made.json()["code"])
    assert right.status_code == 303


def test_a_program_is_refused_with_the_reason(site: TestClient, store: Store):
    number, reached = new_case(store, **HIS), new_case(store, row_id="2", **HIS, email="wang@example.com")
    headers = {"X-CSRF-Token": log_in(site, store, AGENT)}

    def asked(of: str, **body: str) -> tuple[int, str]:
        answer = site.post(f"/api/v1/cases/{of}/access-codes", json=SENT | body, headers=headers)
        return answer.status_code, answer.json()["code"]

    assert asked(number, name="Li") == (422, "identity_not_proved")
    assert asked(reached) == (409, "code_goes_by_mail")
    assert asked(number, reason=" ") == (422, "no_reason")
    assert [asked(number, name="Li") for _ in range(5)][-1] == (429, "rate_limited")


def test_a_handler_is_not_offered_codes(site: TestClient, store: Store):
    number = new_case(store, **HIS)
    log_in(site, store, HANDLER)
    page = site.get(f"/console/cases/{number}")
    assert "/access-code" not in page.text


def test_an_agent_makes_one_at_the_command_line(closeloop: Closeloop, simulated: Store):
    number = new_case(simulated, **HIS)
    options = ("--phone", "13800138000", "--reason", "He has no mail address.", "--as", AGENT)
    refused = closeloop.refused("case", "access-code", number, "--name", "Li", *options)
    assert refused["code"] == "identity_not_proved"
    made = closeloop.json("case", "access-code", number, "--name", "王芳", *options)
    assert (made["case"], len(made["code"])) == (number, 8)
    assert closeloop.json("verify")["ok"]
