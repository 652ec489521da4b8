"""What strangers write is text on every page: names, texts, file names, headers, parameters of addresses."""

from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from httpx import Response

from engine.access.principal import Principal, PrincipalKind
from engine.actors import known_actor
from engine.attachments.attach import attach
from engine.attachments.content_types import USUAL, Limits
from engine.attachments.upload import Upload
from engine.settings import Settings
from engine.store import Store
from tests.apps.portal.visitors import Visitor, hidden_of
from tests.apps.test_page_access import FOR_ANYBODY, GET, MORE, OF_MANY, OF_NO_CASE, OF_ONE_CASE
from tests.apps.web_site import log_in, site_client
from tests.case_actions import AGENT, AUDITOR, DIRECTOR, HANDLER, START, SUPERVISOR, case_of, make_move, query_rows
from tests.engine.accounts.people_with_accounts import ADMIN, PASSWORD, add_accounts

pytestmark = pytest.mark.requirement("H3")

CANARY = '"><img src=x onerror=alert(1)></textarea><script>alert(1)</script>{{7*7}}'
PARAMETERS = (
    "text", "name", "number", "case", "by", "since", "owner", "day", "done", "to", "next", "move", "kind", "act",
    "state", "cursor", "notice",
)  # fmt: skip
ENTRIES = (
    "handle", "password", "code", "reason", "words", "note", "_move", "_act", "_template", "_language", "_seq",
    "kept.text", *PARAMETERS,
)  # fmt: skip
"""The fields of the console's forms that take any text."""
PORTAL_ENTRIES = (
    "nature", "text", "customer", "email", "phone", "shipment", "number", "ticket", "code", "receipt", "words",
    "language", "next",
)  # fmt: skip
PORTAL_FORMS = (
    "/contact", "/rate", "/track", "/status", "/code", "/report", "/receipt", "/case/follow_up", "/files", "/language",
)  # fmt: skip
PORTAL_PAGES = ("/", "/contact", "/rate", "/track", "/status", "/report", "/case", f"/link/{quote(CANARY, safe='')}")


class Strangers(HTMLParser):
    """Collects what no template of ours writes: scripts within the page, images of strangers, attributes that run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found = list[str]()
        self.texts = list[str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        runs = [name for name in values if name.startswith("on") or name in ("style", "srcdoc")]
        leads = [name for name in ("href", "src", "action") if (values.get(name) or "").startswith("javascript:")]
        stray = (tag == "script" and "src" not in values) or (tag == "img" and values.get("src") == "x")
        if runs or leads or stray or tag in ("style", "iframe", "object", "base"):
            self.found.append(self.get_starttag_text() or tag)
        self.texts += [value for value in values.values() if value]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def check(answer: Response) -> bool:
    """Fail where a page holds anything of a stranger's making; return whether it shows the canary as text."""
    assert answer.status_code < 500, answer.text
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return False
    read = Strangers(answer.text)
    assert read.found == [], f"{answer.request.method} {answer.request.url}"
    assert "49" not in [text.strip() for text in read.texts], "a text was read as a template"
    return any("onerror=alert(1)" in text for text in read.texts)


@pytest.fixture
def number(sqlite_settings: Settings, sqlite_store: Store) -> str:
    """A complaint by the portal, each of whose texts and files was written by an attacker."""
    add_accounts(sqlite_store, AGENT, HANDLER, SUPERVISOR, DIRECTOR, AUDITOR)
    typed = {"nature": "complaint", "text": CANARY, "subject": CANARY, "demand": CANARY, "customer": CANARY}
    with site_client(sqlite_settings, sqlite_store, None) as client:
        guest = Visitor(client, sqlite_store)
        fields = hidden_of(guest.get("/contact").text, "/portal/contact")
        assert guest.send("/contact", **fields, **typed, email="wang@example.com").status_code == 303
        assert check(guest.get("/case"))
        assert guest.does("follow_up", words=CANARY).status_code == 303
        assert check(guest.get("/case"))
    [row] = query_rows(sqlite_store, "SELECT number FROM cases")
    number = str(row["number"])
    make_move(sqlite_store, number, "classify")
    make_move(sqlite_store, number, "investigate", findings=CANARY)
    make_move(sqlite_store, number, "note", note=CANARY)
    with sqlite_store.looking() as tx:
        han = Principal(known_actor(tx, HANDLER), PrincipalKind.PERSON, "console")
    attach(
        sqlite_store,
        han,
        number,
        [Upload('"><img src=x onerror=alert(1)>.txt', b"x")],
        Limits(USUAL, 10_000, 20),
        START,
    )
    return number


def pages_of(number: str) -> list[str]:
    """Return the address of every page of the console, but for streams."""
    routes = [path for method, path in OF_ONE_CASE | OF_MANY | OF_NO_CASE if method == GET and path != "/live"]
    return [f"/console{path.format(number=number, **MORE)}" for path in [*routes, "/cases/{number}/moves/propose"]]


@pytest.mark.parametrize("handle", [AGENT, HANDLER, SUPERVISOR, DIRECTOR, AUDITOR, ADMIN])
def test_what_a_stranger_wrote_is_shown_as_text_on_every_page(
    sqlite_settings: Settings, sqlite_store: Store, number: str, handle: str
):
    with site_client(sqlite_settings, sqlite_store, None) as client:
        client.headers["User-Agent"] = CANARY
        client.post("/console/login", data={"handle": handle, "password": PASSWORD})
        log_in(client, sqlite_store, handle)
        shown = {
            page: check(client.get(page, headers={"HX-Request": "true"} if fragment else {}))
            for page in pages_of(number)
            for fragment in (True, False)
        }
    assert shown["/console/me"] or handle == ADMIN, "the browser of another session is named"
    if handle != ADMIN:
        assert shown[f"/console/cases/{number}"]
        assert shown[f"/console/cases/{number}/attachments"] is (handle != AUDITOR), "names of files are masked for him"


@pytest.mark.parametrize("place", ["query", "path", "form"])
def test_what_an_address_or_a_form_holds_is_shown_as_text(
    sqlite_settings: Settings, sqlite_store: Store, number: str, place: str
):
    with site_client(sqlite_settings, sqlite_store, None) as client:
        query = "&".join(f"{name}={quote(CANARY)}" for name in PARAMETERS)
        for logged_in in (False, True):
            csrf = log_in(client, sqlite_store, DIRECTOR) if logged_in else ""
            for method, path in [*OF_ONE_CASE, *OF_MANY, *OF_NO_CASE, *FOR_ANYBODY]:
                if path == "/live" or path.startswith("/me"):
                    continue
                real = f"/console{path.format(number=number, **MORE)}"
                if place == "query" and method == GET:
                    check(client.get(f"{real}?{query}"))
                elif place == "path" and "{" in path:
                    forged = dict.fromkeys(("number", *MORE), quote(CANARY, safe=""))
                    check(client.request(method, f"/console{path.format(**forged)}", data={"_csrf": csrf}))
                elif place == "form" and method != GET:
                    check(client.post(real, data=dict.fromkeys(ENTRIES, CANARY) | {"_csrf": csrf}))


def test_what_is_sent_to_the_portal_is_shown_as_text(sqlite_settings: Settings, sqlite_store: Store, number: str):
    with site_client(sqlite_settings, sqlite_store, None) as client:
        for path in PORTAL_PAGES:
            check(client.get(f"/portal{path}?done={quote(CANARY)}&number={quote(CANARY)}"))
        typed = dict.fromkeys(PORTAL_ENTRIES, CANARY)
        shown = {path: check(client.post(f"/portal{path}", data=typed)) for path in PORTAL_FORMS}
    assert shown["/contact"]
    assert shown["/case/follow_up"], "what was typed is not lost when the visit had ended"
    assert case_of(sqlite_store, number)["state"] == "investigated"
