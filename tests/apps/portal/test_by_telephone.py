"""Customers use the portal on an old telephone: 360 pixels wide, without scripts, in their language."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from engine.accounts.customer_keys import link_of
from engine.commands.open_case import Opening, open_case
from tests.apps.portal.visitors import WANG, mailed_code
from tests.apps.web_site import Served, check_accessible, picture
from tests.case_actions import (
    HANDLER,
    START,
    case_of,
    contact,
    execute_sql,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
)
from tests.engine.attachments.evidence import attach_files, photo

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.long, pytest.mark.parametrize("locale", ["zh_CN", "en"])]

TELEPHONE = {"viewport": {"width": 360, "height": 640}, "java_script_enabled": False}


@contextmanager
def telephone(site: Served, locale: str) -> Iterator["Page"]:
    """Open a page on an old telephone without scripts."""
    with site.person(None, locale, **TELEPHONE) as page:
        yield page


def look(site: Served, page: "Page", name: str, locale: str) -> None:
    """Keep a picture of the page; axe needs scripts, so the same page is checked in a browser that has them."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, "the page is read without sideways scrolling"
    picture(page, name, locale)
    with site.person(None, locale, viewport={"width": 360, "height": 640}) as other:
        other.context.add_cookies(page.context.cookies())  # pyright: ignore[reportArgumentType]
        other.goto(page.url)
        check_accessible(other)


def text(locale: str, chinese: str, english: str) -> str:
    """Return the text of a language."""
    return chinese if locale == "zh_CN" else english


def test_somebody_writes_to_us_and_adds_photos_later(sqlite_console: Served, locale: str):
    with telephone(sqlite_console, locale) as page:
        page.goto("/portal/")
        look(sqlite_console, page, "portal-choices", locale)
        page.get_by_role("link", name=text(locale, "联系我们", "Write to us")).click()
        look(sqlite_console, page, "portal-contact", locale)
        page.get_by_label(text(locale, "是什么事？", "What is it about?")).select_option("complaint")
        page.locator("textarea[name=text]").fill(text(locale, "签收时发现外箱破损。", "The box was crushed."))
        page.locator("input[name=customer]").fill(text(locale, "王女士", "Ms Wang"))
        page.locator("input[name=email]").fill("wang@example.com")
        page.get_by_role("button", name=text(locale, "提交", "Send")).click()
        page.get_by_role("heading", name="cp-26-000001").wait_for()
        look(sqlite_console, page, "portal-contact-taken", locale)
        page.locator("summary", has_text=text(locale, "添加照片或文件", "Add photos or files")).click()
        page.locator("input[type=file]").set_input_files(
            {"name": "box.txt", "mimeType": "text/plain", "buffer": b"The lid."}
        )
        page.get_by_role("button", name=text(locale, "添加", "Add"), exact=True).click()
        page.get_by_text(text(locale, "已收到您的文件。", "We have received your files.")).wait_for()
        page.get_by_text("box.txt").wait_for()


def test_somebody_sees_how_his_matter_stands_by_a_number_and_a_code(sqlite_console: Served, locale: str):
    store = sqlite_console.store
    number = new_case(store, **WANG)
    make_move(store, number, "classify")
    make_move(store, number, "promise", promise="A call.", due_at="2026-03-03T09:00:00+08:00")
    make_move(store, number, "reply", message=text(locale, "我们正在查找。", "We are looking for it."), medium="send")
    with telephone(sqlite_console, locale) as page:
        page.goto("/portal/status")
        look(sqlite_console, page, "portal-status", locale)
        page.locator("input[name=number]").fill(number)
        page.get_by_role("button", name=text(locale, "发送验证码", "Send me a code")).click()
        page.locator("input[name=code]").fill(mailed_code(store))
        picture(page, "portal-code", locale)
        page.get_by_role("button", name=text(locale, "查看我的事项", "Show my matter")).click()
        page.get_by_role("heading", name=number).wait_for()
        page.locator(".promises").get_by_text("2026-03-03 09:00").first.wait_for()
        look(sqlite_console, page, "portal-case", locale)


def test_the_link_of_a_letter_leads_to_the_question_that_he_answers(sqlite_console: Served, locale: str):
    store = sqlite_console.store
    number = new_case(store, **WANG)
    make_move(store, number, "classify")
    question = text(locale, "请问是哪一天？", "Which day was it?")
    make_move(store, number, "ask_customer", question=question, medium="send")
    with telephone(sqlite_console, locale) as page:
        page.goto(f"/portal/link/{link_of(store.secret, number, WANG['email'], START)}")
        assert page.url.endswith("/portal/case"), "the address shows the key no more"
        page.get_by_text(question).wait_for()
        look(sqlite_console, page, "portal-question", locale)
        page.locator("textarea[name=answer]").fill(text(locale, "星期日。", "On Sunday."))
        page.get_by_role("button", name=text(locale, "回答我们的问题", "Answer our question")).click()
        page.get_by_text(text(locale, "已收到您的答复", "We have received your answer")).wait_for()
    assert case_of(store, number)["state"] == "classified"


@pytest.mark.requirement("A10")
def test_somebody_opens_the_files_that_came_with_a_letter(sqlite_console: Served, locale: str):
    store = sqlite_console.store
    number = new_case(store, text=text(locale, "外箱破损。", "The box was crushed."), **WANG)
    make_move(store, number, "classify")
    [shown] = attach_files(store, number, (text(locale, "理赔方案.jpg", "offer.jpg"), photo()))
    message = text(locale, "随函附上理赔方案，请查看。", "Please find our offer enclosed.")
    make_move(store, number, "reply", message=message, attachments=shown.id)
    with telephone(sqlite_console, locale) as page:
        page.goto(f"/portal/link/{link_of(store.secret, number, WANG['email'], START)}")
        page.locator(".said img").wait_for()
        look(sqlite_console, page, "portal-files", locale)
        with page.expect_download() as download:
            page.locator(".said a.file").click()
        assert download.value.suggested_filename == text(locale, "理赔方案.jpg", "offer.jpg")


@pytest.mark.requirement("C2")
def test_somebody_refuses_an_acceptance_and_says_why(sqlite_console: Served, locale: str):
    store = sqlite_console.store
    number = open_case(store, Opening(contact(**WANG), "order"), START).number
    known = '{"criteria":"dry","lead_department":"claims"}'
    sql = "UPDATE cases SET state = 'accepting', variables = :known WHERE number = :number"
    execute_sql(store, sql, known=known, number=number)
    with telephone(sqlite_console, locale) as page:
        page.goto(f"/portal/link/{link_of(store.secret, number, WANG['email'], START)}")
        page.locator("#move-refuse_acceptance summary").click()
        why = text(locale, "地面仍有积水。", "The floor is still wet.")
        page.locator("#move-refuse_acceptance [name=reason]").fill(why)
        look(sqlite_console, page, "portal-refusal", locale)
        page.locator("#move-refuse_acceptance button").click()
        page.locator(".said").get_by_text(why).wait_for()
    assert case_of(store, number)["state"] == "acceptance_refused"


def test_somebody_accepts_the_result_and_rates_us(sqlite_console: Served, locale: str):
    store = sqlite_console.store
    number = new_resolved_case(store, **WANG)
    with telephone(sqlite_console, locale) as page:
        page.goto(f"/portal/link/{link_of(store.secret, number, WANG['email'], START)}")
        page.locator("#move-revisit select[name=outcome]").select_option("satisfied")
        page.locator("#move-revisit select[name=attitude]").select_option("5")
        look(sqlite_console, page, "portal-result", locale)
        page.locator("#move-revisit button").click()
        page.get_by_role("status").wait_for()
    assert case_of(store, number)["state"] == "revisited"


def test_somebody_signs_an_acceptance_and_sees_where_his_goods_are(sqlite_console: Served, locale: str):
    store = sqlite_console.store
    number = open_case(store, Opening(contact(**WANG), "order"), START).number
    known = '{"as_of":"2026-03-01T20:00:00.000000Z","criteria":"dry","lead_department":"claims","position":"port"}'
    sql = "UPDATE cases SET state = 'accepting', variables = :known WHERE number = :number"
    execute_sql(store, sql, known=known, number=number)
    with telephone(sqlite_console, locale) as page:
        page.goto(f"/portal/link/{link_of(store.secret, number, WANG['email'], START)}")
        for field in ("documents", "site", "function"):
            page.locator(f"#move-pass_acceptance select[name={field}]").select_option("true")
        page.locator("#move-pass_acceptance input[name=met]").check()
        page.locator("#move-pass_acceptance input[name=report]").fill(text(locale, "王芳", "Wang Fang"))
        look(sqlite_console, page, "portal-acceptance", locale)
        page.locator("#move-pass_acceptance button").click()
        page.get_by_role("status").wait_for()
    assert case_of(store, number)["state"] == "resolved"


def test_somebody_rates_us_without_an_order(sqlite_console: Served, locale: str):
    with telephone(sqlite_console, locale) as page:
        page.goto("/portal/rate")
        page.locator("textarea[name=text]").fill(text(locale, "有点慢，但态度很好。", "Slow, but friendly."))
        page.locator("select[name=attitude]").select_option("5")
        look(sqlite_console, page, "portal-rate", locale)
        page.get_by_role("button", name=text(locale, "提交", "Send")).click()
        page.get_by_role("status").wait_for()
    assert [row["kind"] for row in query_rows(sqlite_console.store, "SELECT kind FROM cases")] == ["evaluation"]


def test_somebody_reports_without_a_name_and_writes_back(sqlite_console: Served, locale: str):
    store = sqlite_console.store
    with telephone(sqlite_console, locale) as page:
        page.goto("/portal/report")
        page.locator("textarea[name=text]").fill(text(locale, "派送员代签收。", "The driver signed for me."))
        look(sqlite_console, page, "portal-report", locale)
        page.get_by_role("button", name=text(locale, "提交举报", "Report"), exact=True).click()
        receipt = page.locator(".receipt").inner_text()
        picture(page, "portal-receipt", locale)
        execute_sql(store, "UPDATE actor SET roles = roles || ' quality_team' WHERE handle = :handle", handle=HANDLER)
        question = text(locale, "请问是哪一天？", "Which day was it?")
        make_move(store, "vi-26-000001", "write_to_reporter", by=HANDLER, message=question)
        page.goto("/portal/report")
        page.locator("input[name=receipt]").fill(receipt)
        page.get_by_role("button", name=text(locale, "查看", "Read"), exact=True).click()
        page.get_by_text(question).wait_for()
        page.locator("summary").first.click()
        page.locator("textarea[name=words]").fill(text(locale, "星期日。", "On Sunday."))
        look(sqlite_console, page, "portal-report-answer", locale)
        page.locator("#move-reporter_writes button").click()
        page.get_by_text(text(locale, "星期日。", "On Sunday.")).wait_for()
