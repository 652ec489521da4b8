"""Every page and fragment against every role and every sort of case: what may not be read is answered as what is not.

The routes come from the routers, so a page that this file does not name fails the first test. Which role may read which
case is the table of the access rules' own test; which page is for which role is written here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from httpx import Response

from apps.api.session_cookie import COOKIE
from apps.console.routes import ROUTERS as CONSOLE_ROUTERS
from apps.portal.routes import ROUTERS as PORTAL_ROUTERS
from apps.portal.visit import COOKIE as VISIT_COOKIE
from engine.accounts.invitations import accept, invite
from engine.settings import Settings
from engine.store import Store
from flows.deployments.operator_forms import HOLD_REASONS
from statemachines.roles import Role
from tests.apps.web_site import log_in, session_for, site_client
from tests.case_actions import START
from tests.engine.access.people import PEOPLE, principal
from tests.engine.access.test_scope import OWN, READS, VIOLATION, WORKS_ON, Cases
from tests.engine.accounts.people_with_accounts import ADMIN, OTHER_PASSWORD, PASSWORD, RULES, add_administrator

pytestmark = [pytest.mark.requirement("H3"), pytest.mark.long]

GET, POST = "GET", "POST"
NOBODYS_NUMBER = "cp-26-999999"
NO_FILE = "0" * 32
KEY = "0123456789abcdef"

R = Role
LEADERS = {R.TEAM_SUPERVISOR, R.DEPARTMENT_MANAGER, R.GENERAL_MANAGER}
AT_THE_DESK = {R.AGENT, R.SALESPERSON, R.KEY_ACCOUNT_MANAGER, *LEADERS}
READ_FIGURES = {*LEADERS, R.QUALITY_TEAM, R.EVALUATION_GROUP, R.AUDITOR}
RECORD_CALLS = {*AT_THE_DESK, R.HANDLER, R.QUALITY_TEAM, R.MARKET}
DECIDE = {*LEADERS, R.APPEAL_PANEL, R.EVALUATION_GROUP, R.QUALITY_TEAM, R.HR}
HOLD = {R.DEPARTMENT_MANAGER, R.GENERAL_MANAGER, R.ADMINISTRATOR}
ADMINISTER = {R.ADMINISTRATOR}
AUDIT = {R.AUDITOR, R.ADMINISTRATOR}
READ_CONDUCT, SCORE_CONDUCT = {R.QUALITY_TEAM, R.EVALUATION_GROUP, R.AUDITOR, R.GENERAL_MANAGER}, {R.QUALITY_TEAM}
TAKE_PACK = {R.EVALUATION_GROUP, R.GENERAL_MANAGER, R.AUDITOR}
SUPERVISE = {R.AUDITOR, R.EVALUATION_GROUP, R.QUALITY_TEAM, R.GENERAL_MANAGER}
READ_RULES, CHANGE_RULES = {R.EVALUATION_GROUP, R.AUDITOR, R.GENERAL_MANAGER}, {R.EVALUATION_GROUP}
ANYBODY_OF_STAFF = set(PEOPLE)


@dataclass(frozen=True)
class Ask:
    """What is sent to a route, and the roles that it is for; ``{number}`` stands for that of a case."""

    roles: set[Role]
    data: dict[str, str] | None = None
    files: bool = False
    finds_nothing: bool = False
    """It is refused even to those whom it is for, as the thing that it names does not exist."""


OF_ONE_CASE: dict[tuple[str, str], Ask] = {
    (GET, "/cases/{number}"): Ask(ANYBODY_OF_STAFF),
    (POST, "/cases/{number}/unmask"): Ask(ANYBODY_OF_STAFF, {"fields": "phone", "reason": "A complaint."}),
    (GET, "/cases/{number}/runs"): Ask(ANYBODY_OF_STAFF),
    (GET, "/cases/{number}/diagram"): Ask(ANYBODY_OF_STAFF),
    (GET, "/cases/{number}/opened"): Ask(ANYBODY_OF_STAFF),
    (GET, "/cases/{number}/follow-up"): Ask(ANYBODY_OF_STAFF),
    (POST, "/cases/{number}/follow-up"): Ask(ANYBODY_OF_STAFF, {"text": "Again."}),
    (GET, "/cases/{number}/access-code"): Ask(AT_THE_DESK),
    (POST, "/cases/{number}/access-code"): Ask(AT_THE_DESK, {"customer": "Zhou", "phone": "1", "reason": "No mail."}),
    (GET, "/cases/{number}/bundle"): Ask(ANYBODY_OF_STAFF),
    (POST, "/cases/{number}/bundle"): Ask(ANYBODY_OF_STAFF, {"reason": "An appeal."}),
    (GET, "/cases/{number}/attachments"): Ask(ANYBODY_OF_STAFF),
    (POST, "/cases/{number}/attachments"): Ask(ANYBODY_OF_STAFF, {}, files=True),
    (GET, "/cases/{number}/attachments/{attachment_id}"): Ask(ANYBODY_OF_STAFF, finds_nothing=True),
    (GET, "/cases/{number}/attachments/{attachment_id}/thumbnail"): Ask(ANYBODY_OF_STAFF, finds_nothing=True),
    (GET, "/cases/{number}/moves/{move}"): Ask(ANYBODY_OF_STAFF),
    (POST, "/cases/{number}/moves/{move}"): Ask(ANYBODY_OF_STAFF, {"note": "Seen."}),
    (GET, "/own-matters/{number}"): Ask(ANYBODY_OF_STAFF, finds_nothing=True),
    (POST, "/own-matters/{number}"): Ask(ANYBODY_OF_STAFF, {"_move": "appeal", "grounds": "No."}, finds_nothing=True),
    (GET, "/callbacks/{number}"): Ask(RECORD_CALLS),
    (POST, "/callbacks/{number}"): Ask(RECORD_CALLS, {"_move": "call_unanswered", "reason": "busy"}),
    (POST, "/callbacks/{number}/cases"): Ask(RECORD_CALLS, {"kind": "lead", "text": "He wants an offer."}),
    (GET, "/decisions/{number}"): Ask(DECIDE),
    (POST, "/decisions/{number}"): Ask(DECIDE, {"_move": "approve"}),
    (GET, "/live"): Ask(ANYBODY_OF_STAFF),
}
"""The routes that name a case. The last one streams, so that only its refusals are asked for."""
OF_MANY: dict[tuple[str, str], Ask] = {
    (GET, "/cases"): Ask(ANYBODY_OF_STAFF),
    (GET, "/own-matters"): Ask(ANYBODY_OF_STAFF),
    (GET, "/board"): Ask(READ_FIGURES | ADMINISTER),
    (GET, "/bulk"): Ask(LEADERS),
    (GET, "/callbacks"): Ask(RECORD_CALLS),
    (GET, "/decisions"): Ask(DECIDE),
    (GET, "/report"): Ask(READ_FIGURES),
    (POST, "/cases/new/hints"): Ask(AT_THE_DESK, {"phone": "13800138000", "text": "My parcel is broken."}),
    (GET, "/kinds/{kind}"): Ask(READ_FIGURES),
    (GET, "/indicators/{indicator_name}"): Ask(ANYBODY_OF_STAFF),
    (GET, "/evaluation"): Ask(READ_FIGURES | {R.OPERATIONS, R.MARKET}),
    (GET, "/greetings"): Ask(READ_FIGURES | {R.MARKET}),
    (GET, "/third-party"): Ask(READ_FIGURES | {R.OPERATIONS, R.MARKET, R.THIRD_PARTY_ASSESSOR}),
    (GET, "/record-audit"): Ask(SUPERVISE),
    (GET, "/dead-letters"): Ask(ADMINISTER),
    (GET, "/conduct"): Ask(READ_CONDUCT),
    (GET, "/conduct/figures"): Ask(READ_CONDUCT),
    (GET, "/conduct/own"): Ask(ANYBODY_OF_STAFF),
    (GET, "/surveys"): Ask(READ_FIGURES),
}
"""The routes whose answers may name or count several cases."""
NAMES_FAULTY_CASES = (POST, "/record")
"""Whoever verifies the record learns the numbers of the cases that were tampered with, of whichever kind."""
OF_NO_CASE: dict[tuple[str, str], Ask] = {
    (GET, "/me"): Ask(ANYBODY_OF_STAFF),
    (POST, "/cases/filters"): Ask(ANYBODY_OF_STAFF, {"name": "urgent", "severity": "high"}),
    (GET, "/cases/new"): Ask(AT_THE_DESK),
    (POST, "/cases/new"): Ask(AT_THE_DESK, {"kind": "complaint", "channel": "phone", "text": ""}),
    (POST, "/board/holds"): Ask(HOLD, {"kind": "complaint", "reason": HOLD_REASONS[0]}),
    (POST, "/board/releases"): Ask(HOLD, {"kind": "complaint", "reason": "cause_mended"}),
    (POST, "/bulk"): Ask(LEADERS, {}),
    (GET, "/readings"): Ask(AUDIT),
    (GET, "/refusals"): Ask(AUDIT),
    (GET, "/record"): Ask(AUDIT),
    (POST, "/record"): Ask(AUDIT, {}),
    (GET, "/admin"): Ask({R.ADMINISTRATOR, R.AUDITOR, R.GENERAL_MANAGER}),
    (POST, "/sandbox"): Ask(ADMINISTER, {}),
    (GET, "/classifier"): Ask(ADMINISTER),
    (POST, "/classifier/train"): Ask(ADMINISTER, {}),
    (POST, "/dead-letters"): Ask(ADMINISTER, {}),
    (GET, "/exports"): Ask(AUDIT),
    (POST, "/exports"): Ask(AUDIT, {}),
    (GET, "/file-erasures"): Ask(ADMINISTER),
    (POST, "/file-erasures"): Ask(ADMINISTER, {}),
    (GET, "/indicators"): Ask(ANYBODY_OF_STAFF),
    (GET, "/staff-matters"): Ask(ANYBODY_OF_STAFF),
    (POST, "/staff-matters"): Ask(ANYBODY_OF_STAFF, {"kind": "staff_proposal", "pack": "logistics", "text": "Idea."}),
    (GET, "/indicators/book"): Ask(READ_FIGURES),
    (GET, "/indicators/report"): Ask(READ_FIGURES),
    (GET, "/regulator-pack"): Ask(TAKE_PACK),
    (POST, "/regulator-pack"): Ask(TAKE_PACK, {"period": "2026-03", "format": "xlsx"}),
    (GET, "/rules"): Ask(READ_RULES),
    (GET, "/rules/{sort}/{name}"): Ask(READ_RULES),
    (POST, "/rules/pack/{name}/interpretations"): Ask(
        CHANGE_RULES, {"clause": "solution", "reading": "Of each parcel."}
    ),
    (POST, "/rules/drafts"): Ask(CHANGE_RULES, {"sort": "pack", "name": "logistics"}),
    (GET, "/rules/drafts/{draft_id}"): Ask(READ_RULES, finds_nothing=True),
    (POST, "/rules/drafts/{draft_id}"): Ask(CHANGE_RULES, {}, finds_nothing=True),
    (POST, "/rules/drafts/{draft_id}/submit"): Ask(CHANGE_RULES, {}, finds_nothing=True),
    (POST, "/rules/drafts/{draft_id}/decline"): Ask(CHANGE_RULES, {}, finds_nothing=True),
    (POST, "/rules/drafts/{draft_id}/{act}"): Ask(CHANGE_RULES, {}, finds_nothing=True),
    (GET, "/rules/drafts/{draft_id}/preview"): Ask(READ_RULES, finds_nothing=True),
    (GET, "/rules/drafts/{draft_id}/past"): Ask(READ_RULES, finds_nothing=True),
    (POST, "/conduct/draws"): Ask(SCORE_CONDUCT, {}),
    (GET, "/duty"): Ask(ANYBODY_OF_STAFF),
    (GET, "/staffing"): Ask(READ_FIGURES),
    (POST, "/duty/acknowledgements"): Ask(ANYBODY_OF_STAFF, {"number": "x"}, finds_nothing=True),
    (POST, "/duty/swaps"): Ask({*LEADERS, *ADMINISTER}, {}),
    (POST, "/third-party"): Ask({R.OPERATIONS, R.MARKET, R.THIRD_PARTY_ASSESSOR}, {}, files=True),
    (POST, "/surveys"): Ask(CHANGE_RULES, {}),
    (GET, "/surveys/{survey_id}"): Ask(READ_FIGURES, finds_nothing=True),
    (POST, "/surveys/{survey_id}/send"): Ask(CHANGE_RULES, {}, finds_nothing=True),
    (POST, "/surveys/{survey_id}/call-off"): Ask(CHANGE_RULES, {"called_off_because": "Twice."}, finds_nothing=True),
    (GET, "/conduct/draws/{draw_id}"): Ask(READ_CONDUCT, finds_nothing=True),
    (GET, "/conduct/draws/{draw_id}/{position}"): Ask(READ_CONDUCT, finds_nothing=True),
    (POST, "/conduct/draws/{draw_id}/{position}"): Ask(SCORE_CONDUCT, {}, finds_nothing=True),
    (POST, "/conduct/draws/{draw_id}/{position}/answers/{sheet_id}"): Ask(SCORE_CONDUCT, {}, finds_nothing=True),
    (POST, "/conduct/own/{sheet_id}"): Ask(ANYBODY_OF_STAFF, {}, finds_nothing=True),
    (GET, "/people"): Ask(ADMINISTER),
    (POST, "/people"): Ask(ADMINISTER, {}),
    (GET, "/people/{handle}"): Ask(ADMINISTER),
    (POST, "/people/{handle}"): Ask(ADMINISTER, {}),
    (POST, "/people/{handle}/{act}"): Ask(ADMINISTER, {}),
    (GET, "/tokens"): Ask(ADMINISTER),
    (POST, "/tokens"): Ask(ADMINISTER, {}),
    (POST, "/tokens/{token_id}/revoke"): Ask(ADMINISTER, {}),
    (GET, "/webhooks"): Ask(ADMINISTER),
    (POST, "/webhooks"): Ask(ADMINISTER, {}),
    (POST, "/webhooks/{webhook_id}/rotate"): Ask(ADMINISTER, {}, finds_nothing=True),
    (POST, "/webhooks/{webhook_id}/test"): Ask(ADMINISTER, {}, finds_nothing=True),
    (POST, "/webhooks/{webhook_id}/replay"): Ask(ADMINISTER, {}, finds_nothing=True),
    (POST, "/webhooks/{webhook_id}/end"): Ask(ADMINISTER, {}, finds_nothing=True),
    (POST, "/me/sessions/{session_id}/end"): Ask(ANYBODY_OF_STAFF, {}, finds_nothing=True),
    (POST, "/me/password"): Ask(ANYBODY_OF_STAFF, {"old": PASSWORD, "new": OTHER_PASSWORD, "again": OTHER_PASSWORD}),
}
IN_HALF_A_SESSION = {
    (GET, "/second-factor"), (POST, "/second-factor"), (POST, "/second-factor/enrol"),
    (POST, "/second-factor/confirmation"), (POST, "/logout"),
}  # fmt: skip
"""The routes of a person who logged in, with or without the second factor."""
FOR_ANYBODY = {
    (GET, "/login"), (POST, "/login"), (POST, "/enter"), (GET, "/invitation"), (POST, "/invitation"),
    (POST, "/language"), (GET, "/duty/alerts/{alert_link}"), (POST, "/duty/alerts/{alert_link}"),
}  # fmt: skip
OF_A_VISIT = {
    (GET, "/case"), (POST, "/case/{move}"), (POST, "/files"), (GET, "/files/{attachment_id}"),
    (GET, "/files/{attachment_id}/thumbnail"), (POST, "/greetings"),
}  # fmt: skip
"""The routes of the portal for whoever proved that a case is his."""
PORTAL_FOR_ANYBODY = {
    *((GET, path) for path in ("/", "/contact", "/rate", "/track", "/status", "/report", "/link/{link}")),
    (GET, "/care/{link}"),
    (POST, "/care/{link}"),
    (POST, "/care/{link}/again"),
    *(
        (POST, path)
        for path in ("/language", "/contact", "/rate", "/track", "/status", "/code", "/leave", "/report", "/receipt")
    ),
}
MORE = {
    "move": "note", "attachment_id": NO_FILE, "kind": "complaint", "handle": "amy", "act": "unlock", "token_id": "abc",
    "webhook_id": "1", "session_id": "abc", "sort": "pack", "name": "logistics", "draft_id": "99",
    "draw_id": "99", "survey_id": "99", "position": "1", "sheet_id": "99", "indicator_name": "first_reply",
    "alert_link": "1.1.1.1.0",
}  # fmt: skip
NUMBER = re.compile(r"\b[a-z]{2}-\d{2}-\d{6}\b")
VARYING = re.compile(r'name="(?:_key|_csrf|ticket)" value="[^"]*"|data-now="\d+"|[0-9a-f]{32}|seq=\d+')
"""What differs between any two pages."""


def routes_of(routers: tuple[APIRouter, ...]) -> set[tuple[str, str]]:
    """Return the method and the path of every route."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    return {(method, route.path) for route in routes for method in route.methods or ()}


def readable(role: Role) -> set[str]:
    return WORKS_ON.get(role, set()) | READS.get(role, set())


@dataclass
class Caller:
    """Somebody of the staff in front of a browser."""

    client: TestClient
    csrf: str = ""
    fragment: bool = False

    def asks(self, route: tuple[str, str], ask: Ask, number: str = NOBODYS_NUMBER) -> Response:
        """Ask for a page, or send its form."""
        method, path = route
        address = f"/console{path.format(number=number, **MORE)}"
        if path == "/live":
            address += f"?case={number}"
        headers = {"HX-Request": "true"} if self.fragment else {}
        if method == GET:
            return self.client.get(address, headers=headers)
        data = {"_csrf": self.csrf, "_key": KEY, **(ask.data or {})}
        files: Any = {"_files": ("a.txt", b"Seen.", "text/plain")} if ask.files else None
        return self.client.post(address, data=data, files=files, headers=headers)


def shown(answer: Response, number: str) -> tuple[int, str]:
    """Return what a page shows, without what differs between any two."""
    return answer.status_code, VARYING.sub("", answer.text.replace(number, "NUMBER"))


@pytest.fixture
def cases(sqlite_store: Store) -> Cases:
    return Cases(sqlite_store)


@pytest.fixture
def client(sqlite_settings: Settings, cases: Cases) -> Iterator[TestClient]:
    with site_client(sqlite_settings, cases.store, None) as opened:
        yield opened


def person_with_account(cases: Cases, role: Role, handle: str = "") -> str:
    """Return the handle of somebody with one role, who may log in."""
    add_administrator(cases.store)
    who = principal(cases.store, role, handle).actor.handle
    accept(cases.store, invite(cases.store, who, ADMIN, START).code, PASSWORD, START, RULES)
    return who


def caller_of(client: TestClient, cases: Cases, role: Role) -> Caller:
    """Return somebody of a role who is logged in; the case of his own is his."""
    who = person_with_account(cases, role)
    cases.put(OWN, owner=who)
    return Caller(client, log_in(client, cases.store, who))


def test_every_route_is_in_a_table_of_this_file():
    assert routes_of(CONSOLE_ROUTERS) == {*OF_ONE_CASE, *OF_MANY, *OF_NO_CASE} | IN_HALF_A_SESSION | FOR_ANYBODY
    assert routes_of(PORTAL_ROUTERS) == OF_A_VISIT | PORTAL_FOR_ANYBODY


@pytest.mark.parametrize("role", sorted(PEOPLE))
def test_a_case_that_a_role_may_not_read_is_answered_as_one_that_does_not_exist(
    client: TestClient, cases: Cases, role: Role
):
    caller = caller_of(client, cases, role)
    wrong = list[str]()
    for route, ask in OF_ONE_CASE.items():
        for caller.fragment in (False, True) if route[0] == GET else (False,):
            nothing = shown(caller.asks(route, ask), NOBODYS_NUMBER)
            if nothing[0] != (404 if role in ask.roles else 403):
                wrong.append(f"{route} of no case: {nothing[0]}")
            hidden = cases.numbers.keys() - readable(role)
            wrong += [
                f"{route} {sort}: {answer.status_code}, which is another answer than for no case"
                for sort in hidden
                if shown(answer := caller.asks(route, ask, number := cases.numbers[sort]), number) != nothing
            ]
    assert wrong == []


@pytest.mark.parametrize("role", sorted(PEOPLE))
def test_a_case_that_a_role_reads_is_shown_on_the_pages_that_are_for_the_role(
    client: TestClient, cases: Cases, role: Role
):
    caller = caller_of(client, cases, role)
    pages = {route: ask for route, ask in OF_ONE_CASE.items() if route[0] == GET and not ask.finds_nothing}
    wrong = {
        f"{route} {sort}": answer.status_code
        for route, ask in pages.items()
        for sort in readable(role)
        if route[1] != "/live"
        and (answer := caller.asks(route, ask, cases.numbers[sort])).status_code != (200 if role in ask.roles else 403)
    }
    assert wrong == {}


@pytest.mark.parametrize("role", sorted(PEOPLE))
def test_a_page_is_opened_by_the_roles_that_it_is_for(client: TestClient, cases: Cases, role: Role):
    caller = caller_of(client, cases, role)
    wrong = dict[str, int]()
    for route, ask in (OF_MANY | OF_NO_CASE).items():
        status = caller.asks(route, ask).status_code
        found = status < 300 or (ask.finds_nothing and status == 404)
        allowed = found if route[0] == GET else status not in (401, 403, 500)
        if allowed is not (role in ask.roles):
            wrong[str(route)] = status
    assert wrong == {}


@pytest.mark.parametrize("role", sorted(PEOPLE))
def test_no_page_names_a_case_that_a_role_may_not_read(client: TestClient, cases: Cases, role: Role):
    caller = caller_of(client, cases, role)
    allowed = {cases.numbers[sort] for sort in readable(role)}
    named = {
        f"{route} {fragment}": set(NUMBER.findall(Caller(client, caller.csrf, fragment).asks(route, ask).text))
        for route, ask in (OF_MANY | OF_NO_CASE).items()
        if route != NAMES_FAULTY_CASES
        for fragment in (False, True)
    }
    assert {name: numbers - allowed for name, numbers in named.items() if numbers - allowed} == {}


def test_nobody_who_is_not_logged_in_sees_anything(client: TestClient, cases: Cases):
    tables = OF_ONE_CASE | OF_MANY | OF_NO_CASE | {route: Ask(set(), {}) for route in IN_HALF_A_SESSION}
    for fragment in (False, True):
        nobody = Caller(client, fragment=fragment)
        answers = {route: nobody.asks(route, ask, cases.numbers[OWN]) for route, ask in tables.items()}
        assert {route: answer.status_code for route, answer in answers.items()} == dict.fromkeys(tables, 401)
        assert [route for route, answer in answers.items() if "Wang" in answer.text] == []


def test_the_accused_learns_nothing_of_the_violation(client: TestClient, cases: Cases):
    who = person_with_account(cases, Role.AUDITOR, "ann")
    cases.put(VIOLATION, variables='{"accused":"ann"}', owner="ann")
    number = cases.numbers[VIOLATION]
    for fragment in (False, True):
        ann = Caller(client, log_in(client, cases.store, who), fragment)
        for route, ask in OF_ONE_CASE.items():
            assert shown(ann.asks(route, ask, number), number) == shown(ann.asks(route, ask), NOBODYS_NUMBER), route
        for route, ask in OF_MANY.items():
            assert number not in ann.asks(route, ask).text.replace(number + "?", ""), route


def test_the_portal_shows_a_case_to_nobody_without_its_key(client: TestClient, cases: Cases):
    staff = {COOKIE: session_for(cases.store, person_with_account(cases, Role.AGENT)).cookie}
    for cookies in ({}, {VISIT_COOKIE: "customer:1:0123456789abcdef"}, staff):
        client.cookies.clear()
        client.cookies.update(cookies)
        answers = {
            (method, path): client.request(
                method,
                f"/portal{path.format(**MORE | {'move': 'follow_up'})}",
                data={"words": "Again."} if method == POST else None,
            )
            for method, path in OF_A_VISIT
        }
        assert {route: answer.status_code for route, answer in answers.items()} == dict.fromkeys(OF_A_VISIT, 401)
