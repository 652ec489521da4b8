"""The evaluation group changes packs, calendars and questionnaires by drafts, which a second person approves."""

import html
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from engine.accounts.invitations import accept, invite
from engine.actors import NewActor, add_actor
from engine.rules.drafts import draft_of, drafts, save_draft, start_draft
from engine.rules.in_force import Sort, rules_of
from engine.rules.interpretations import interpret, interpretations
from engine.rules.rule_texts import text_in_force
from engine.settings import Settings
from engine.store import Store
from models.columns import to_micros
from statemachines.roles import Role
from tests.apps.web_site import Served, check_accessible, log_in, picture, site_client
from tests.case_actions import AGENT, AUDITOR, DIRECTOR, HOUR, MANAGER, START, SUPERVISOR, make_move, new_case
from tests.engine.accounts.people_with_accounts import ADMIN, PASSWORD, RULES, add_accounts
from tests.engine.rules.sample_rules import EVA, OFFICE, add_evaluator

pytestmark = [pytest.mark.requirement("F4"), pytest.mark.any_database]

IVO = "ivo"
NASTY = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


def add_group(store: Store) -> None:
    add_evaluator(store)
    with store.writing() as tx:
        add_actor(tx, NewActor(IVO, (Role.EVALUATION_GROUP,)))


@pytest.fixture
def client(settings: Settings, store: Store) -> Iterator[TestClient]:
    add_group(store)
    add_accounts(store, EVA, IVO, AGENT, SUPERVISOR, MANAGER, DIRECTOR, AUDITOR)
    with site_client(settings, store, None) as opened:
        yield opened


def changed_pack(store: Store, hours: int, version: str = "next") -> str:
    """Return the logistics pack with another limit of the solution and another version."""
    with store.looking() as tx:
        text = text_in_force(tx, Sort.PACK, "logistics", to_micros(store.now()))
    content, count = re.subn(r"(\[clauses\.solution\]\namount = )\d+", rf"\g<1>{hours}", text.content)
    assert count == 1
    return content.replace(f'version = "{text.version}"', f'version = "{version}"', 1)


def revision(store: Store, draft_id: int) -> str:
    with store.looking() as tx:
        return str(draft_of(tx, draft_id).revision)


def open_draft(client: TestClient, csrf: str, name: str = "logistics", sort: str = "pack") -> str:
    """Begin a draft by the form; return its address."""
    begun = client.post("/console/rules/drafts", data={"_csrf": csrf, "rule_sort": sort, "rule_name": name})
    assert begun.status_code == 303
    return begun.headers["location"]


@pytest.mark.parametrize(
    ("handle", "reads", "writes"),
    [
        (EVA, 200, 303), (AUDITOR, 200, 403), (DIRECTOR, 200, 403), (AGENT, 403, 403), (SUPERVISOR, 403, 403),
        (MANAGER, 403, 403), (ADMIN, 403, 403),
    ],
)  # fmt: skip
def test_the_evaluation_group_works_on_rules_and_auditors_and_the_general_manager_read(
    client: TestClient, store: Store, handle: str, reads: int, writes: int
):
    draft_id = start_draft(store, Sort.PACK, "logistics", IVO, store.now())
    save_draft(store, draft_id, 1, changed_pack(store, 36), IVO, store.now())
    draft = f"/console/rules/drafts/{draft_id}"
    csrf = log_in(client, store, handle)
    pages = ("/console/rules", "/console/rules/pack/logistics", draft, f"{draft}/preview", f"{draft}/past")
    assert [client.get(page).status_code for page in pages] == [reads] * 5
    begun = client.post("/console/rules/drafts", data={"_csrf": csrf, "rule_sort": "pack", "rule_name": "general"})
    assert begun.status_code == writes
    fields = {"": {"rule_text": "x"}, "/submit": {"reason": "why"}, "/decline": {"reason": "no"}}
    acts = ("", "/submit", "/take-back", "/discard", "/approve", "/decline")
    sent = {act: {"_csrf": csrf, "_seq": "2"} | fields.get(act, {}) for act in acts}
    statuses = [client.post(draft + act, data=data).status_code for act, data in sent.items()]
    assert statuses == ([403, 403, 403, 403, 409, 409] if handle == EVA else [403] * 6)
    with store.looking() as tx:
        assert draft_of(tx, draft_id).status == "open"


def test_a_draft_is_edited_compared_submitted_and_approved_by_another(client: TestClient, store: Store):
    csrf = log_in(client, store, EVA)
    draft = open_draft(client, csrf)
    text = changed_pack(store, 36)
    data = {"_csrf": csrf, "_seq": "1", "rule_text": text.replace("\n", "\r\n")}
    assert client.post(draft, data=data).headers["location"] == f"{draft}?done=draft_saved"
    page = client.get(draft).text
    assert "version = &#34;next&#34;</ins>" in page
    assert "<del>- version" in page
    assert "Two people are needed" in page
    assert "/approve" not in page
    wanted = {"_csrf": csrf, "_seq": "2", "reason": "decision 4", "effective_on": ""}
    assert client.post(f"{draft}/submit", data=wanted).status_code == 303
    own = client.post(f"{draft}/approve", data={"_csrf": csrf, "_seq": "3"})
    assert (own.status_code, "Another person" in own.text) == (403, True)
    csrf = log_in(client, store, IVO)
    assert "eva drafted it; you decide as the second person" in client.get(draft).text
    for _ in range(2):  # a double click
        assert client.post(f"{draft}/approve", data={"_csrf": csrf, "_seq": "3"}).status_code == 303
    assert rules_of(store).pack("logistics", to_micros(store.now())).version == "next"
    history = client.get("/console/rules/pack/logistics").text
    row = re.search(r"<th scope=\"row\">next</th>.*?</tr>", history, re.DOTALL)
    assert row is not None
    assert (EVA in row[0], IVO in row[0], "decision 4" in row[0]) == (True, True, True)


def test_the_evaluation_group_records_how_a_clause_is_read_beside_the_clause(client: TestClient, store: Store):
    address = "/console/rules/pack/logistics"
    typed = {"clause": "solution", "reading": f"Counted from the first call. {NASTY}"}
    csrf = log_in(client, store, EVA)
    for _ in range(2):  # a double click
        answer = client.post(f"{address}/interpretations", data={"_csrf": csrf, **typed})
        assert answer.headers["location"] == f"{address}?done=interpreted#interpretations"
    with store.looking() as tx:
        (row,) = interpretations(tx, "logistics")
    assert (row.clause, row.content, row.recorded_by) == ("solution", typed["reading"], EVA)
    log_in(client, store, DIRECTOR)
    page = client.get(address).text
    assert "Counted from the first call. &lt;script&gt;" in page
    assert "/interpretations" not in page, "who reads the rules does not interpret them"


@pytest.mark.parametrize(
    ("typed", "status", "error"),
    [
        ({"clause": "solution", "reading": " "}, 422, "field-reading-error"),
        ({"clause": "", "reading": "From the first call."}, 422, "field-clause-error"),
        ({"clause": "moon", "reading": "From the first call."}, 422, 'role="alert"'),
    ],
)
def test_a_reading_of_nothing_is_refused_and_what_was_typed_kept(
    client: TestClient, store: Store, typed: dict[str, str], status: int, error: str
):
    csrf = log_in(client, store, EVA)
    answer = client.post("/console/rules/pack/logistics/interpretations", data={"_csrf": csrf, **typed})
    assert (answer.status_code, error in answer.text) == (status, True)
    assert typed["reading"].strip() in answer.text
    with store.looking() as tx:
        assert interpretations(tx, "logistics") == []


def test_a_faulty_text_is_kept_and_its_faults_named_by_line(client: TestClient, store: Store):
    csrf = log_in(client, store, EVA)
    draft = open_draft(client, csrf, "cn-office", "calendar")
    faulty = OFFICE.replace('"10:00"', '"25:00"')
    client.post(draft, data={"_csrf": csrf, "_seq": "1", "rule_text": faulty})
    page = client.get(draft).text
    assert "Line 4:" in page
    assert html.escape('"25:00"', quote=True).replace("&quot;", "&#34;") in page
    refused = client.post(f"{draft}/submit", data={"_csrf": csrf, "_seq": "2", "reason": "why"})
    assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)
    broken = 'name = "x"\nversion = = 1\n'
    client.post(draft, data={"_csrf": csrf, "_seq": "2", "rule_text": broken})
    assert "Line 2:" in client.get(draft).text


def test_what_was_typed_is_kept_when_somebody_changed_the_draft_meanwhile(client: TestClient, store: Store):
    csrf = log_in(client, store, EVA)
    draft = open_draft(client, csrf)
    save_draft(store, int(draft.rpartition("/")[2]), 1, "# in another window\n", EVA, store.now())
    answer = client.post(draft, data={"_csrf": csrf, "_seq": "1", "rule_text": "# typed here"})
    assert answer.status_code == 412
    assert "# typed here" in answer.text
    late = client.post(f"{draft}/submit", data={"_csrf": csrf, "_seq": "1", "reason": "", "effective_on": "tomorrow"})
    assert (late.status_code, 'value="tomorrow"' in late.text, late.text.count("aria-invalid")) == (422, True, 2)


def test_a_preview_names_the_deadlines_that_would_move(client: TestClient, store: Store):
    number = new_case(store)
    draft_id = start_draft(store, Sort.PACK, "logistics", EVA, store.now())
    save_draft(store, draft_id, 1, changed_pack(store, 36), EVA, store.now())
    log_in(client, store, AUDITOR)
    page = client.get(f"/console/rules/drafts/{draft_id}/preview").text
    assert number in page
    assert "1 of 1 open cases would have other deadlines" in page
    assert "Nothing was changed" in page


def test_the_past_under_a_draft_says_which_promises_would_have_ended_otherwise(client: TestClient, store: Store):
    number = new_case(store)
    make_move(store, number, "propose_solution", after=10 * HOUR)
    draft_id = start_draft(store, Sort.PACK, "logistics", EVA, store.now())
    save_draft(store, draft_id, 1, changed_pack(store, 3), EVA, store.now())
    log_in(client, store, AUDITOR)
    page = client.get(f"/console/rules/drafts/{draft_id}/past").text
    assert "Complaint · Solution: 1 of 1 would have been late instead of 0." in page
    assert number in page
    assert "might have acted earlier" in page
    survey = start_draft(store, Sort.SURVEY, "after_complaint", EVA, store.now())
    assert client.get(f"/console/rules/drafts/{survey}/past").status_code == 404


def test_no_text_of_a_rule_becomes_part_of_the_page(client: TestClient, store: Store):
    interpret(store, "logistics", "solution", NASTY, EVA, store.now())
    csrf = log_in(client, store, EVA)
    draft = open_draft(client, csrf)
    client.post(draft, data={"_csrf": csrf, "_seq": "1", "rule_text": f"</textarea>{NASTY}"})
    shown = [
        client.get(draft).text,
        client.get("/console/rules/pack/logistics").text,
        client.get("/console/rules").text,
    ]
    client.post(f"{draft}/discard", data={"_csrf": csrf, "_seq": "2"})
    shown += [
        client.get(draft).text,
        client.post("/console/rules/drafts", data={"_csrf": csrf, "rule_sort": "pack", "rule_name": NASTY}).text,
        client.get("/console/rules/pack/%3Cscript%3E").text,
    ]
    assert not any("<script>alert" in page or "<img src=x" in page for page in shown)


def test_an_unknown_rule_or_draft_is_not_found(client: TestClient, store: Store):
    csrf = log_in(client, store, EVA)
    assert client.get("/console/rules/pack/nothing").status_code == 404
    assert client.get("/console/rules/drafts/99").status_code == 404
    assert client.post("/console/rules/drafts/99/approve", data={"_csrf": csrf, "_seq": "1"}).status_code == 404
    assert client.post("/console/rules/drafts/99/else", data={"_csrf": csrf}).status_code == 404
    wrong = client.post("/console/rules/drafts", data={"_csrf": csrf, "rule_sort": "law", "rule_name": "x"})
    assert wrong.status_code == 404
    with store.looking() as tx:
        assert drafts(tx, 10) == []


WORDS = {
    "zh_CN": {"begin": "起草", "save": "保存", "submit": "提交审批", "approve": "批准并发布", "preview": "预览影响"},
    "en": {
        "begin": "Begin a draft", "save": "Save", "submit": "Submit for approval", "approve": "Approve and publish",
        "preview": "Preview the effect",
    },
}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_packs_are_edited_as_drafts_compared_previewed_published_by_one_and_approved_by_another(
    sqlite_console: Served, locale: str
):
    store, words = sqlite_console.store, WORDS[locale]
    add_group(store)
    for handle in (EVA, IVO):
        accept(store, invite(store, handle, ADMIN, START).code, PASSWORD, START, RULES)
    for _ in range(3):
        new_case(store)
    text = changed_pack(store, 36)
    with sqlite_console.person(EVA, locale) as page:
        page.goto("/console/rules")
        check_accessible(page)
        picture(page, "rules", locale)
        page.goto("/console/rules/pack/logistics")
        check_accessible(page)
        picture(page, "rules-pack", locale)
        page.get_by_role("button", name=words["begin"]).click()
        page.locator("textarea").fill(text.replace("amount = 36", 'amount = "soon"'))
        page.get_by_role("button", name=words["save"], exact=True).click()
        expect(page.locator(".notice.warn li")).not_to_have_count(0)
        check_accessible(page)
        picture(page, "rules-draft-faulty", locale)
        page.locator("textarea").fill(text)
        page.get_by_role("button", name=words["save"], exact=True).click()
        expect(page.locator("ins")).not_to_have_count(0)
        page.get_by_role("link", name=words["preview"]).click()
        expect(page.locator("table")).to_have_count(2)
        check_accessible(page)
        picture(page, "rules-preview", locale)
        page.go_back()
        page.locator("[name=reason]").fill("decision 4")
        check_accessible(page)
        picture(page, "rules-draft", locale)
        page.get_by_role("button", name=words["submit"]).click()
        expect(page.locator(".badge.warn").first).to_be_visible()
        address = page.url
    with sqlite_console.person(IVO, locale, viewport={"width": 360, "height": 740}) as page:
        page.goto(address)
        check_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        picture(page, "rules-approve", locale)
        page.get_by_role("button", name=words["approve"]).click()
        expect(page.locator(".badge.good").first).to_be_visible()
    assert rules_of(store).pack("logistics", to_micros(store.now())).version == "next"


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_the_past_under_a_draft_is_read_in_the_browser(sqlite_console: Served, locale: str):
    store = sqlite_console.store
    number = new_case(store)
    make_move(store, number, "propose_solution", after=10 * HOUR)
    add_group(store)
    accept(store, invite(store, EVA, ADMIN, START).code, PASSWORD, START, RULES)
    draft_id = start_draft(store, Sort.PACK, "logistics", EVA, store.now())
    save_draft(store, draft_id, 1, changed_pack(store, 3), EVA, store.now())
    with sqlite_console.person(EVA, locale) as page:
        page.goto(f"/console/rules/drafts/{draft_id}")
        page.locator("a[href$='/past']").click()
        expect(page.locator("main")).to_contain_text(number)
        check_accessible(page)
        picture(page, "rules-past", locale)
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.long
@pytest.mark.parametrize(
    ("locale", "reading", "record"),
    [("zh_CN", "自首次来电起算。", "登记解释"), ("en", "Counted from the first call.", "Record the interpretation")],
)
def test_how_a_clause_is_read_is_recorded_in_the_browser(
    sqlite_console: Served, locale: str, reading: str, record: str
):
    store = sqlite_console.store
    add_group(store)
    accept(store, invite(store, EVA, ADMIN, START).code, PASSWORD, START, RULES)
    with sqlite_console.person(EVA, locale) as page:
        page.goto("/console/rules/pack/logistics")
        page.locator("[name=clause]").select_option("solution")
        page.locator("[name=reading]").fill(reading)
        page.get_by_role("button", name=record).click()
        expect(page.locator("#interpretations")).to_contain_text(reading)
        check_accessible(page)
        picture(page, "rules-interpretation", locale)
