"""What a stranger puts into a header, an address or a name of a file changes no page, no redirect and no header."""

import re
from urllib.parse import unquote

import pytest
from fastapi.testclient import TestClient

from engine.attachments.customer_files import files_for_customer
from engine.ledger.record import case_by_number
from engine.settings import Settings
from engine.store import Store
from tests.apps.portal.visitors import WANG, Visitor, hidden_of
from tests.apps.test_pages_escape import CANARY, check
from tests.apps.web_site import log_in, site_client
from tests.case_actions import AGENT, make_move, new_case
from tests.engine.accounts.people_with_accounts import PASSWORD, add_accounts
from tests.engine.attachments.evidence import attach_files

pytestmark = pytest.mark.requirement("H3")

ELSEWHERE = "evil.example.com"
FORGED = {
    "Accept-Language": f"{CANARY},en;q=0.1", "Referer": f"https://{ELSEWHERE}/{CANARY}", "User-Agent": CANARY,
    "X-Forwarded-Host": ELSEWHERE, "X-Forwarded-Proto": "javascript", "X-Forwarded-For": CANARY,
    "Forwarded": f"host={ELSEWHERE};proto=https", "X-Original-URL": f"/{CANARY}", "X-Request-Id": CANARY,
    "HX-Current-URL": f"https://{ELSEWHERE}/", "HX-Target": CANARY, "Cookie": f"closeloop-language={ELSEWHERE}",
}  # fmt: skip
ADDRESSES = (
    f"https://{ELSEWHERE}/", f"//{ELSEWHERE}/", f"///{ELSEWHERE}", f"/\\{ELSEWHERE}", f"/console//{ELSEWHERE}",
    f"/console/\\{ELSEWHERE}", f"/console/\r\nLocation: https://{ELSEWHERE}", f"/console/\t//{ELSEWHERE}",
    f"/consol\u0435/{ELSEWHERE}", f"javascript:location='//{ELSEWHERE}'", f"/console@{ELSEWHERE}",
    f"/portal@{ELSEWHERE}",
    f"https:{ELSEWHERE}", f" //{ELSEWHERE}", f"/portal/..//{ELSEWHERE}",
)  # fmt: skip
NAMES = (
    'a"; filename="evil.html.txt', "a\r\nSet-Cookie: x=1.txt", "invoice\u202etxt.exe.txt", "../../etc/passwd.txt",
    "..\\..\\boot.txt", "a\x00.txt", "=cmd|'/c calc'!A1.txt", "'; drop table case;--.txt",
    "<script>alert(1)</script>.txt",
    "账单\u200b\u2066.txt", "a%0d%0aX-Evil: 1.txt", "\u0007bell.txt",
)  # fmt: skip
PAGES = (
    "/", "/console/login", "/console/cases", "/console/nowhere", "/portal/", "/portal/contact", "/portal/status",
    "/portal/case", "/portal/nowhere",
)  # fmt: skip


@pytest.mark.parametrize("logged_in", [False, True])
def test_no_header_of_a_stranger_is_echoed(sqlite_settings: Settings, sqlite_store: Store, logged_in: bool):
    add_accounts(sqlite_store, AGENT)
    with site_client(sqlite_settings, sqlite_store, AGENT if logged_in else None) as client:
        pages = (*PAGES, f"/console/cases/{new_case(sqlite_store)}") if logged_in else PAGES
        headers = {name: value for name, value in FORGED.items() if name != "Cookie" or not logged_in}
        for page in pages:
            answer = client.get(page, headers=headers)
            assert not check(answer), f"{page} shows what stands in a header"
            assert ELSEWHERE not in answer.text, page
            told = {name: value for name, value in answer.headers.items() if ELSEWHERE in value or "onerror" in value}
            assert told == {}, page


@pytest.mark.parametrize("address", ADDRESSES)
def test_nobody_is_led_elsewhere(sqlite_settings: Settings, sqlite_store: Store, address: str):
    add_accounts(sqlite_store, AGENT)
    with site_client(sqlite_settings, sqlite_store, None) as client:
        answers = [
            client.post("/portal/language", data={"language": "en", "next": address}),
            client.post("/console/language", data={"language": "en", "next": address}),
            client.post("/console/enter", data={"handle": AGENT, "next": address}),
        ]
        client.cookies.clear()
        answers.append(client.post("/console/login", data={"handle": AGENT, "password": PASSWORD, "next": address}))
        client.cookies.clear()
        assert [answer.status_code for answer in answers] == [303] * 4
        for answer in answers:
            location = answer.headers["location"]
            assert re.match(r"/(console|portal)/(?![/\\])", location), location
            assert ELSEWHERE not in location
            assert location.isprintable()
        shown = client.get("/console/login", params={"to": address})
        assert ELSEWHERE not in shown.text
        page = client.get(f"/console//{ELSEWHERE}/")
        assert "location" not in page.headers or ELSEWHERE not in page.headers["location"]


def downloaded(client: TestClient, address: str) -> str:
    """Return under which name a browser keeps a file; fail at more than one, or at a header that was smuggled in."""
    answer = client.get(address)
    assert answer.status_code == 200
    assert not {"x-evil", "set-cookie"}.intersection(answer.headers), "a name became a header"
    given = answer.headers["content-disposition"]
    match = re.fullmatch(r"attachment; filename=\"([^\"\\\r\n]+)\"; filename\*=UTF-8''([A-Za-z0-9%._~-]+)", given)
    assert match is not None, given
    return unquote(match[2])


@pytest.mark.parametrize("given", NAMES)
def test_the_name_of_a_file_is_a_name_and_nothing_else(sqlite_settings: Settings, sqlite_store: Store, given: str):
    add_accounts(sqlite_store, AGENT)
    number = new_case(sqlite_store, **WANG)
    make_move(sqlite_store, number, "classify")
    [file] = attach_files(sqlite_store, number, (given, b"x"))
    make_move(sqlite_store, number, "reply", message="See the file.", attachments=file.id)
    with sqlite_store.looking() as tx:
        assert file.id in files_for_customer(tx, case_by_number(tx, number))
    with site_client(sqlite_settings, sqlite_store, None) as client:
        guest = Visitor(client, sqlite_store)
        guest.log_in(number)
        assert hidden_of(guest.get("/case").text, "/portal/case/follow_up")
        check(guest.get("/case"))
        names = {downloaded(client, f"/portal/files/{file.id}")}
        log_in(client, sqlite_store, AGENT)
        names.add(downloaded(client, f"/console/cases/{number}/attachments/{file.id}"))
        names.add(downloaded(client, f"/api/v1/cases/{number}/attachments/{file.id}"))
    [name] = names
    assert name.isprintable()
    assert not set('/\\"<>|:*?\u202e\u2066\u200b') & set(name)
    assert name.endswith(".txt")
