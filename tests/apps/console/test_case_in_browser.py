"""Staff work on a case in Chromium: see it in one look, write to the customer, make its moves, two at once."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine.access.principal import Principal, PrincipalKind
from engine.actors import known_actor
from engine.attachments.attach import attach
from engine.attachments.content_types import USUAL, Limits
from engine.attachments.upload import Upload
from engine.create_store import set_clock
from engine.store import Store
from tests.apps.web_site import Served, check_accessible, picture
from tests.case_actions import AGENT, AUDITOR, DAY, HANDLER, HOUR, START, SUPERVISOR, make_move, moves_of, new_case
from tests.engine.attachments.evidence import photo

pytestmark = [pytest.mark.long, pytest.mark.requirement("B1")]

LANGUAGES = pytest.mark.parametrize("locale", ["zh_CN", "en"])
WORDS = {
    "zh_CN": {
        "text": "我的包裹外箱被压破，里面的瓷器碎了两件，请尽快处理。",
        "findings": "装卸时从叉车上跌落，外箱右下角受力。",
        "happened": "经过", "may_do": "您现在可以办理", "promises": "时限与到期时间", "days": "逐日计时明细",
        "template": "回复模板", "preview": "预览信件", "anyway": "仍然发送", "done": "已办理。",
        "letter": "客户将看到的内容", "reply": "回复客户", "return": "退回", "escalate": "升级上报", "reason": "原因",
        "meanwhile": "工单已由他人先行办理", "bad": "这不归我管，请等着吧。", "phrases": "含有服务禁语",
        "changed": "工单已有新进展", "diagram": "流转路径", "unmask": "查看", "here": "当前", "kind": "实际运行的流程",
    },
    "en": {
        "text": "The carton of my parcel was crushed and two pieces of china are broken. Please settle this soon.",
        "findings": "It fell from the forklift; the lower right corner took the blow.",
        "happened": "What happened", "may_do": "What you may do now", "promises": "What runs out when",
        "days": "Counted day by day", "template": "Reply template",
        "preview": "Preview the letter", "anyway": "Send all the same", "done": "Done.",
        "letter": "As the customer will read it", "reply": "Reply to the customer", "return": "Return",
        "escalate": "Escalate", "reason": "reason", "meanwhile": "Somebody moved the case meanwhile",
        "bad": "That is not my job, just wait.", "phrases": "This is not how we speak to customers",
        "changed": "The case has moved meanwhile", "diagram": "The way of the case", "unmask": "Show",
        "here": "here now", "kind": "the lifecycle as it is lived",
    },
}  # fmt: skip


def broken_china(store: Store, locale: str) -> str:
    """Return the number of a complaint at work: classified, with a photo, a reply by telephone, and findings."""
    words = WORDS[locale]
    number = new_case(
        store, customer="王小明女士", phone="13800138000", email="wang@example.com", text=words["text"], language=locale
    )
    make_move(store, number, "classify", after=HOUR / 4)
    with store.looking() as tx:
        han = Principal(known_actor(tx, HANDLER), PrincipalKind.PERSON, "console")
    limits = Limits(USUAL, 10 * 2**20, 20)
    attach(store, han, number, [Upload("破损外箱.jpg", photo())], limits, START + HOUR / 3)
    make_move(
        store, number, "reply", HANDLER, after=HOUR / 2, message="我们正在核实。" if locale != "en" else "We check."
    )
    make_move(store, number, "investigate", after=HOUR, findings=words["findings"])
    set_clock(store, START + 2 * HOUR)
    return number


def no_sideways_scrolling(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@LANGUAGES
def test_the_case_page_answers_in_one_look(sqlite_console: Served, locale: str):
    number, words = broken_china(sqlite_console.store, locale), WORDS[locale]
    with sqlite_console.person(HANDLER, locale) as page:
        page.goto(f"/console/cases/{number}")
        for heading in ("may_do", "promises", "happened"):
            expect(page.get_by_role("heading", name=words[heading])).to_be_visible()
        expect(page.locator("time[data-due] .left").first).to_be_visible()
        page.get_by_text(words["days"]).first.click()
        expect(page.get_by_role("cell").first).to_be_visible()
        expect(page.get_by_text(words["text"])).to_be_visible()
        expect(page.get_by_role("link", name="破损外箱.jpg").first).to_be_visible()
        check_accessible(page)
        picture(page, "case", locale)
        no_sideways_scrolling(page)


@LANGUAGES
def test_a_letter_is_made_of_a_template_seen_and_warned_of_before_it_is_sent(sqlite_console: Served, locale: str):
    number, words = broken_china(sqlite_console.store, locale), WORDS[locale]
    with sqlite_console.person(HANDLER, locale) as page:
        page.goto(f"/console/cases/{number}/moves/reply")
        page.get_by_label(words["template"]).select_option("received")
        expect(page.locator("#field-message")).to_have_value(re.compile(re.escape(number)))
        page.locator("#field-message").fill(f"{page.locator('#field-message').input_value()}\n\n{words['bad']}")
        page.get_by_role("button", name=words["preview"]).click()
        expect(page.get_by_role("heading", name=words["letter"])).to_be_visible()
        expect(page.get_by_role("heading", name=words["phrases"])).to_be_visible()
        check_accessible(page)
        picture(page, "case-letter", locale)
        no_sideways_scrolling(page)
        page.get_by_role("button", name=words["anyway"]).click()
        expect(page.get_by_text(words["done"])).to_be_visible()
    assert moves_of(sqlite_console.store, number)[-1] == "reply"


@LANGUAGES
def test_two_people_work_on_one_case_at_once(sqlite_console: Served, locale: str):
    number, words = broken_china(sqlite_console.store, locale), WORDS[locale]
    note = {"zh_CN": "客户每天来电。", "en": "He calls every day."}[locale]
    with sqlite_console.person(HANDLER, locale) as han, sqlite_console.person(SUPERVISOR, locale) as sue:
        han.goto(f"/console/cases/{number}/moves/note")
        han.locator("#field-note").fill(note)
        sue.goto(f"/console/cases/{number}/moves/escalate")
        sue.locator("#field-level").select_option("2")
        sue.locator("#field-reason").fill(note)
        sue.get_by_role("button", name=words["escalate"], exact=True).click()
        expect(sue.get_by_text(words["done"])).to_be_visible()
        expect(han.get_by_text(words["changed"])).to_be_visible()
        expect(han.locator("#field-note")).to_have_value(note)
        han.locator("button.main").click()
        expect(han.get_by_role("heading", name=words["meanwhile"])).to_be_visible()
        expect(han.locator("#field-note")).to_have_value(note)
        check_accessible(han)
        picture(han, "case-meanwhile", locale)
        han.locator("button.main").click()
        expect(han.get_by_text(words["done"])).to_be_visible()
        expect(sue.locator("#case")).to_contain_text(f"{HANDLER} · ")
    assert moves_of(sqlite_console.store, number)[-2:] == ["escalate", "note"]


@LANGUAGES
def test_a_handler_reports_findings_with_photos_or_returns_the_case(
    sqlite_console: Served, locale: str, tmp_path: Path
):
    words, store = WORDS[locale], sqlite_console.store
    number = new_case(store, text=words["text"])
    make_move(store, number, "classify")
    file = tmp_path / "外箱.jpg"
    file.write_bytes(photo())
    with sqlite_console.person(HANDLER, locale) as page:
        page.goto(f"/console/cases/{number}/moves/investigate")
        page.locator("button.main").click()
        expect(page.locator("#field-findings-error")).to_be_visible()
        page.locator("#field-findings").fill(words["findings"])
        page.locator("input[type=file]").set_input_files(file)
        check_accessible(page)
        picture(page, "case-findings", locale)
        page.locator("button.main").click()
        expect(page.get_by_role("link", name="外箱.jpg").first).to_be_visible()
        page.goto(f"/console/cases/{number}/attachments")
        check_accessible(page)
        picture(page, "case-files", locale)
        other = new_case(store, text=words["text"], row_id="2")
        make_move(store, other, "classify")
        page.goto(f"/console/cases/{other}/moves/return")
        page.locator("#field-code").select_option("not_ours")
        page.locator("#field-reason").fill(words["findings"])
        picture(page, "case-return", locale)
        page.locator("button.main").click()
        expect(page.get_by_text(words["done"])).to_be_visible()
    assert (moves_of(store, number)[-1], moves_of(store, other)[-1]) == ("investigate", "return")


@LANGUAGES
def test_who_reviews_a_case_unmasks_it_with_a_reason(sqlite_console: Served, locale: str):
    number = broken_china(sqlite_console.store, locale)
    with sqlite_console.person(AUDITOR, locale) as page:
        page.goto(f"/console/cases/{number}")
        expect(page.get_by_text("13800138000")).to_have_count(0)
        picture(page, "case-masked", locale)
        page.locator("#unmask input[value=phone]").check()
        page.locator("#unmask-reason").fill("8/2026")
        page.get_by_role("button", name=WORDS[locale]["unmask"], exact=True).click()
        expect(page.get_by_text("13800138000")).to_be_visible()
        check_accessible(page)


@LANGUAGES
def test_the_lifecycle_is_drawn_with_the_way_that_a_case_went(sqlite_console: Served, locale: str):
    number = broken_china(sqlite_console.store, locale)
    with sqlite_console.person(HANDLER, locale) as page:
        page.goto(f"/console/cases/{number}/diagram")
        expect(page.get_by_role("img")).to_be_visible()
        expect(page.locator("svg .here")).to_contain_text(WORDS[locale]["here"])
        check_accessible(page)
        picture(page, "case-diagram", locale)
        no_sideways_scrolling(page)


@LANGUAGES
def test_the_page_of_a_kind_shows_the_lifecycle_as_lived(sqlite_console: Served, locale: str):
    store = sqlite_console.store
    for n in range(6):
        number = new_case(store, text=WORDS[locale]["text"], row_id=str(n))
        make_move(store, number, "classify", after=(n + 1) * HOUR)
        if n % 2:
            make_move(store, number, "investigate", after=(n + 5) * HOUR)
        if n % 3 == 2:
            make_move(store, number, "withdraw", after=2 * DAY)
    set_clock(store, START + 3 * DAY)
    with sqlite_console.person(SUPERVISOR, locale) as page:
        page.goto("/console/kinds/complaint")
        expect(page.get_by_role("heading", name=WORDS[locale]["kind"])).to_be_visible()
        check_accessible(page)
        picture(page, "kind", locale)


def test_the_case_page_works_without_scripts(sqlite_console: Served):
    number = broken_china(sqlite_console.store, "en")
    with sqlite_console.person(AGENT, "en", java_script_enabled=False) as page:
        page.goto(f"/console/cases/{number}")
        page.get_by_role("link", name="Note", exact=True).click()
        page.locator("#field-note").fill("Typed without scripts.")
        page.get_by_role("button", name="Note", exact=True).last.click()
        expect(page.get_by_text("Typed without scripts.")).to_be_visible()
