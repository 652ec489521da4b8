"""Every route against every role and every sort of case: what may not be known is answered as what does not exist.

The routes come from the schema that is served, so a route that this file does not know fails the first test. Which role
may read which case is the table of the access rules' own test.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from apps.api.schema import schema
from apps.principal_rules import READS_RULES
from engine.rules.policy import POLICIES
from engine.settings import Settings
from engine.store import Store
from statemachines.roles import Role
from tests.apps.api.conftest import client
from tests.engine.access.people import PEOPLE, principal
from tests.engine.access.test_scope import OWN, READS, WORKS_ON, Cases

pytestmark = pytest.mark.requirement("H3")

GET, POST, DELETE = "get", "post", "delete"
NOBODYS_NUMBER = "cp-26-999999"
NO_FILE = "0" * 32

OF_ONE_CASE: dict[str, tuple[str, str, dict[str, Any]]] = {
    "show_case": (GET, "/cases/{number}", {}),
    "show_history": (GET, "/cases/{number}/history", {}),
    "show_statements": (GET, "/cases/{number}/statements", {}),
    "show_links": (GET, "/cases/{number}/links", {}),
    "show_timers": (GET, "/cases/{number}/timers", {}),
    "show_moves": (GET, "/cases/{number}/moves", {}),
    "make_move": (POST, "/cases/{number}/moves/note", {"json": {"note": "Seen."}}),
    "follow_up": (POST, "/cases/{number}/contacts", {"json": {"text": "Again."}}),
    "track_order": (GET, "/tracking/{number}", {}),
    "open_case": (POST, "/cases", {"json": {"text": "It came of another.", "parent": "{number}"}}),
    "take_bundle": (POST, "/cases/{number}/bundle", {"json": {"reason": "An appeal."}}),
    "hand_access_code": (POST, "/cases/{number}/access-codes", {"json": {"name": "Wang", "reason": "She has none."}}),
    "list_attachments": (GET, "/cases/{number}/attachments", {}),
    "attach_files": (POST, "/cases/{number}/attachments", {"files": {"files": ("a.txt", b"Seen.", "text/plain")}}),
    "download_attachment": (GET, f"/cases/{{number}}/attachments/{NO_FILE}", {}),
    "download_thumbnail": (GET, f"/cases/{{number}}/attachments/{NO_FILE}/thumbnail", {}),
}
"""The routes that name a case: method, address, and what is sent."""
OF_ADMINISTRATORS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "erase_case_texts": (POST, "/cases/{number}/erasures", {"json": {"reason": "The customer asked for it."}}),
    "erase_case_file": (
        POST,
        f"/cases/{{number}}/attachments/{NO_FILE}/erasure",
        {"json": {"reason": "Hers."}},
    ),
}
"""The routes that name a case which an administrator need not be able to read; others learn nothing by them."""
FOUND_NOWHERE = {"track_order", "download_attachment", "download_thumbnail", "erase_case_file"}
"""Those that find nothing in most of the cases."""
DAYS = {"since": "2026-03-01", "until": "2026-03-31"}
SHIPPED = (POLICIES / "logistics.toml").read_text("utf-8").replace('version = "2026-12"', 'version = "next"')
SHORTER = SHIPPED.replace("[clauses.solution]\namount = 24", "[clauses.solution]\namount = 1")
"""The shipped pack as another version, with a solution within an hour: it moves the deadline of each open case."""
SURVEY = {"pack": "logistics", "period": "2026-02", "kinds": ["complaint"], "size": 5}
OF_MANY: dict[str, tuple[str, str, dict[str, Any]]] = {
    "list_cases": (GET, "/cases", {"params": {"all": True, "limit": 200}}),
    "show_board": (GET, "/board", {}),
    "list_forecasts": (GET, "/forecasts", {}),
    "list_callbacks": (GET, "/callbacks", {}),
    "find_customers": (GET, "/customers", {"params": {"phone": "13800138000"}}),
    "recoveries": (GET, "/reports/recoveries", {}),
    "list_deliveries": (GET, "/deliveries", {}),
    "analysis": (GET, "/reports/analysis", {"params": {"month": "2026-03"}}),
    "evaluation": (GET, "/reports/evaluation", {"params": {"period": "2026-Q1"}}),
    "record_audit": (GET, "/reports/record-audit", {"params": {"period": "2026-03"}}),
    "supervise_evaluation": (GET, "/reports/evaluation-supervision", {"params": {"period": "2026-03"}}),
    "download_period_report": (GET, "/reports/period", {"params": {"period": "2026-03", "file_format": "xlsx"}}),
    "download_regulator_pack": (
        GET,
        "/reports/regulator-pack",
        {"params": {"period": "2026-03", "file_format": "xlsx"}},
    ),
    "download_named_regulator_pack": (
        POST,
        "/reports/regulator-pack/named",
        {"params": {"period": "2026-03", "file_format": "xlsx"}, "json": {"reason": "The authority asks."}},
    ),
    "greetings": (GET, "/reports/greetings", {"params": {"period": "2026-03"}}),
    "surveys": (GET, "/reports/surveys", {}),
    "show_whatif": (GET, "/whatif", {"params": {"pack": "shipping"}}),
    "preview_rules": (POST, "/rules/preview", {"json": {"sort": "pack", "content": SHORTER}}),
    "show_staffing": (GET, "/staffing", {}),
    "list_draws": (GET, "/conduct/draws", {}),
    "list_own_sheets": (GET, "/conduct/own-sheets", {}),
    "show_conduct_figures": (GET, "/conduct/figures", {"params": DAYS}),
    "show_training_plan": (GET, "/trainings/plan", {"params": {"year": 2026}}),
    "list_certificates": (GET, "/trainings/certificates", {}),
    "list_third_party_evaluations": (GET, "/third-party-evaluations", {}),
    "list_indicators": (GET, "/indicators", {"params": {"period": "2026-03"}}),
    "show_indicator": (GET, "/indicators/first_reply", {"params": {"period": "2026-03"}}),
    "list_indicator_cases": (GET, "/indicators/complaint_rate/cases", {"params": {"period": "2026-03"}}),
}
"""The routes whose answers may name or count several cases."""
MAKES_MANY = "make_moves"
OF_NO_CASE: dict[str, tuple[str, str, dict[str, Any]]] = {
    "list_packs": (GET, "/packs", {}),
    "show_pack": (GET, "/packs/logistics", {}),
    "list_calendars": (GET, "/calendars", {}),
    "list_questionnaires": (GET, "/questionnaires", {}),
    "list_checklists": (GET, "/checklists", {}),
    "draw_contacts": (POST, "/conduct/draws", {"json": {"channel": "phone", "size": 1, **DAYS}}),
    "show_draw": (GET, "/conduct/draws/99", {}),
    "show_drawn_contact": (GET, "/conduct/draws/99/contacts/1", {}),
    "score_drawn_contact": (POST, "/conduct/draws/99/contacts/1/sheets", {"json": {"revision": 0, "marks": {}}}),
    "object_to_own_sheet": (POST, "/conduct/sheets/99/objection", {"json": {"text": "No."}}),
    "answer_conduct_objection": (POST, "/conduct/sheets/99/answer", {"json": {"text": "No."}}),
    "record_third_party_scores": (
        POST,
        "/third-party-evaluations",
        {
            "json": {
                "assessor": "SGS",
                "announcement": "planned",
                "period": "2026-03",
                "scores": [{"department": "claims", "criterion": "attitude", "score": 9000}],
            }
        },
    ),
    "show_duty": (GET, "/duty", {}),
    "record_duty_roster": (
        POST,
        "/duty/rosters",
        {"json": {"shifts": [{"level": 1, "days": ["mon"], "begins": "20:00", "ends": "08:00", "person": "-"}]}},
    ),
    "record_duty_swap": (
        POST,
        "/duty/swaps",
        {
            "json": {
                "level": 1,
                "person": "amy",
                "stand_in": "han",
                "starts_at": "2026-03-02T12:00:00Z",
                "ends_at": "2026-03-03T00:00:00Z",
                "reason": "A wedding.",
            }
        },
    ),
    "acknowledge_duty_alert": (POST, "/duty/acknowledgements", {"json": {"number": "cp-26-000099"}}),
    "list_surveys": (GET, "/surveys", {}),
    "draw_survey": (POST, "/surveys", {"json": SURVEY}),
    "show_survey": (GET, "/surveys/99", {}),
    "send_survey": (POST, "/surveys/99/invitations", {}),
    "call_off_survey": (POST, "/surveys/99/cancellation", {"json": {"reason": "Asked twice."}}),
    "explain_indicator": (GET, "/indicators/first_reply/definition", {}),
    "reckon_deadline": (
        GET,
        "/deadline",
        {"params": {"start": "2026-03-06T17:00:00Z", "amount": 1, "unit": "days", "calendar": "cn-office"}},
    ),
    "hand_in": (
        POST,
        "/arrivals",
        {"json": {"source": "web", "contacts": [{"row_id": "1", "at": "2026-03-01T00:00:00Z", "text": "Late."}]}},
    ),
    "show_arrival": (GET, "/arrivals/web/1", {}),
    "retry": (POST, "/deliveries/retry", {}),
    "retry_delivery": (POST, "/deliveries/dead/retry", {"json": {"number": "cp-26-000099", "seq": 1, "reaction": "r"}}),
    "drop_delivery": (
        POST,
        "/deliveries/dead/drop",
        {"json": {"number": "cp-26-000099", "seq": 1, "reaction": "r", "reason": "She was called."}},
    ),
    "list_failed_log_ins": (GET, "/failed-log-ins", {}),
    "list_webhooks": (GET, "/webhooks", {}),
    "subscribe": (POST, "/webhooks", {"json": {"url": "https://hooks.example.com/"}}),
    "unsubscribe": (DELETE, "/webhooks/1", {}),
    "rotate_webhook": (POST, "/webhooks/1/rotate", {"json": {}}),
    "send_test_message": (POST, "/webhooks/1/test", {}),
    "replay_webhook": (POST, "/webhooks/1/replay", {"json": {}}),
}
BY_SESSION: dict[str, tuple[str, str, dict[str, Any]]] = {
    "show_session": (GET, "/session", {}),
    "end_own_session": (DELETE, "/session", {}),
    "list_sessions": (GET, "/sessions", {}),
    "end_one_session": (DELETE, "/sessions/abc", {}),
    "list_identities": (GET, "/identities", {}),
    "begin_link": (POST, "/identities", {}),
    "undo_link": (DELETE, "/identities/abc", {}),
    "change_password": (POST, "/password", {"json": {"old": "a long password", "new": "another long password"}}),
    "begin_second_factor": (POST, "/second-factor", {}),
    "confirm_second_factor": (POST, "/second-factor/confirmation", {"json": {"code": "123456"}}),
    "give_second_factor": (POST, "/session/second-factor", {"json": {"code": "123456"}}),
}
"""The routes of a person who logged in; no token opens them."""
LEADS_TO_SESSION = {"log_in", "accept_invitation", "check_invitation", "go_to_provider", "come_back"}
"""The routes of the log-in: `test_login` and `test_oidc` say what they refuse."""
FOR_ANYBODY = {"livez", "readyz", "metrics"}
BY_SIGNATURE = {"take_channel_messages"}
"""The routes whose callers sign what they send: `test_channels` says what they refuse."""
NUMBER = re.compile(r"\b[a-z]{2}-\d{2}-\d{6}\b")


def operations() -> dict[str, dict[str, Any]]:
    """Return every operation of the schema by its name."""
    return {each["operationId"]: each for methods in schema()["paths"].values() for each in methods.values()}


@pytest.fixture
def cases(sqlite_store: Store) -> Cases:
    return Cases(sqlite_store)


@pytest.fixture
def caller(sqlite_settings: Settings, cases: Cases) -> Iterator[TestClient]:
    with client(sqlite_settings) as opened:
        yield opened


def asked(caller: TestClient, call: tuple[str, str, dict[str, Any]], handle: str, number: str = "") -> Response:
    method, address, sent = call
    body = {name: _filled(value, number) for name, value in sent.items()}
    headers = {"Authorization": f"Bearer {handle}"} if handle else {"Authorization": ""}
    return caller.request(method, f"/api/v1{address.format(number=number)}", headers=headers, **body)


def _filled(value: Any, number: str) -> Any:
    if isinstance(value, dict):
        return {name: _filled(each, number) for name, each in value.items()}
    return number if value == "{number}" else value


def told(answer: Response, number: str) -> tuple[int, str, dict[str, str]]:
    """Return what an answer tells, without what differs between any two requests."""
    text = answer.text.replace(number, "NUMBER")
    headers = {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "content-length")}
    return answer.status_code, re.sub(r'"request_id":"\w+"', "", text), headers


def readable(role: Role) -> set[str]:
    return WORKS_ON.get(role, set()) | READS.get(role, set())


def test_every_route_is_in_a_table_of_this_file():
    by_token = {*OF_ONE_CASE, *OF_ADMINISTRATORS, *OF_MANY, MAKES_MANY, *OF_NO_CASE}
    assert operations().keys() == by_token | BY_SESSION.keys() | LEADS_TO_SESSION | FOR_ANYBODY | BY_SIGNATURE


def test_a_token_or_nothing_opens_no_route_of_a_session(caller: TestClient, cases: Cases):
    for handle in ("", "amy"):
        answers = {name: asked(caller, call, handle).status_code for name, call in BY_SESSION.items()}
        assert answers == dict.fromkeys(BY_SESSION, 401)


def test_whoever_sends_no_token_gets_nothing(caller: TestClient, cases: Cases):
    number = cases.numbers[OWN]
    calls = {**OF_ONE_CASE, **OF_ADMINISTRATORS, **OF_MANY, **OF_NO_CASE}
    answers = {name: asked(caller, call, "", number).status_code for name, call in calls.items()}
    assert answers == dict.fromkeys(calls, 401)
    assert caller.post("/api/v1/moves", json={"moves": []}, headers={"Authorization": ""}).status_code == 401


def test_a_token_without_scopes_can_do_nothing(caller: TestClient, cases: Cases):
    number = cases.numbers[OWN]
    calls = {**OF_ONE_CASE, **OF_ADMINISTRATORS, **OF_MANY, **OF_NO_CASE}
    answers = {name: asked(caller, call, "amy|", number).json().get("code") for name, call in calls.items()}
    assert answers == dict.fromkeys(calls, "scope_missing")


@pytest.mark.parametrize("role", sorted(PEOPLE))
def test_a_case_that_a_role_may_not_read_is_answered_as_one_that_does_not_exist(
    sqlite_store: Store, caller: TestClient, cases: Cases, role: Role
):
    who = principal(sqlite_store, role).actor.handle
    cases.put(OWN, owner=who)
    for name, call in OF_ONE_CASE.items():
        nothing = told(asked(caller, call, who, NOBODYS_NUMBER), NOBODYS_NUMBER)
        assert nothing[0] == 404, name
        for sort, number in cases.numbers.items():
            answer = asked(caller, call, who, number)
            if sort not in readable(role):
                assert told(answer, number) == nothing, f"{name} {sort}"
            elif call[0] == GET and name not in FOUND_NOWHERE:
                assert answer.status_code == 200, f"{name} {sort}: {answer.text}"


@pytest.mark.parametrize("role", sorted(PEOPLE))
def test_a_route_of_administrators_tells_others_nothing_of_a_case(
    sqlite_store: Store, caller: TestClient, cases: Cases, role: Role
):
    who = principal(sqlite_store, role).actor.handle
    for name, call in OF_ADMINISTRATORS.items():
        told_of = {told(asked(caller, call, who, number), number)[:2] for number in cases.numbers.values()}
        of_none = told(asked(caller, call, who, NOBODYS_NUMBER), NOBODYS_NUMBER)
        if role is Role.ADMINISTRATOR:
            expected = {404} if name in FOUND_NOWHERE else {200, 409}
            assert (of_none[0], {status for status, _ in told_of} <= expected) == (404, True), name
        else:
            assert (of_none[0], told_of) == (403, {of_none[:2]}), name


@pytest.mark.parametrize("role", sorted(PEOPLE))
def test_no_list_names_a_case_that_a_role_may_not_read(
    sqlite_store: Store, caller: TestClient, cases: Cases, role: Role
):
    who = principal(sqlite_store, role).actor.handle
    cases.put(OWN, owner=who)
    allowed = {cases.numbers[sort] for sort in readable(role)}
    named = {name: set(NUMBER.findall(asked(caller, call, who).text)) for name, call in OF_MANY.items()}
    assert {name: numbers - allowed for name, numbers in named.items() if numbers - allowed} == {}
    assert named["list_cases"] == allowed
    still_open = [number for number in allowed if number != cases.numbers["closed, other department"]]
    assert asked(caller, OF_MANY["show_board"], who).json()["open"] == len(still_open)


@pytest.mark.parametrize("role", sorted(PEOPLE))
def test_the_past_under_other_rules_counts_the_cases_that_a_role_may_read(
    sqlite_store: Store, caller: TestClient, cases: Cases, role: Role
):
    who = principal(sqlite_store, role).actor.handle
    cases.put(OWN, owner=who)
    answer = asked(caller, OF_MANY["show_whatif"], who)
    if role in READS_RULES:
        assert answer.json()["figures"]["cases"] == len(readable(role))
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "not_in_charge")


@pytest.mark.parametrize("role", sorted(PEOPLE))
def test_a_proposed_pack_is_tried_on_the_open_cases_that_a_role_may_read(
    sqlite_store: Store, caller: TestClient, cases: Cases, role: Role
):
    who = principal(sqlite_store, role).actor.handle
    cases.put(OWN, owner=who)
    answer = asked(caller, OF_MANY["preview_rules"], who)
    if role in READS_RULES:
        still_open = readable(role) - {"closed, other department"}
        assert answer.json()["preview"]["computed_cases"] == len(still_open)
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "not_in_charge")


@pytest.mark.parametrize("role", sorted(PEOPLE))
def test_many_moves_tell_no_more_than_one(sqlite_store: Store, caller: TestClient, cases: Cases, role: Role):
    who = principal(sqlite_store, role).actor.handle
    cases.put(OWN, owner=who)
    hidden = [cases.numbers[sort] for sort in cases.numbers.keys() - readable(role)]
    moves = [{"number": number, "move": "note", "form": {"note": "x"}} for number in [*hidden, NOBODYS_NUMBER]]
    answer = asked(caller, (POST, "/moves", {"json": {"moves": moves}}), who)
    assert answer.status_code == 200, answer.text
    assert {each["problem"]["code"] for each in answer.json()["results"]} == {"unknown_case"}


def test_the_accused_learns_nothing_of_the_violation(sqlite_store: Store, caller: TestClient, cases: Cases):
    who = principal(sqlite_store, Role.AUDITOR, "ann").actor.handle
    cases.put("violation", variables='{"accused":"ann"}', owner="ann")
    number = cases.numbers["violation"]
    for name, call in OF_ONE_CASE.items():
        nothing = told(asked(caller, call, who, NOBODYS_NUMBER), NOBODYS_NUMBER)
        assert told(asked(caller, call, who, number), number) == nothing, name
    for name, call in OF_MANY.items():
        assert number not in asked(caller, call, who).text, name
