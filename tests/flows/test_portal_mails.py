"""What the portal has mailed: the link in a letter, and the code that a customer asked for."""

import re
from datetime import timedelta
from typing import Any

import pytest

from apps.principal_portal import send_code
from engine.accounts.customer_keys import ask_for_code, visit_by_code, visit_by_link
from engine.attachments.upload import Upload, upload
from flows.mailing import send_queued
from flows.work import Work
from tests.case_actions import AGENT, HOUR, START, case_of, make_move, new_case
from tests.engine.attachments.evidence import LIMITS, principal_of
from tests.flows.scenes import drained, sent_mails
from tests.one_thread import run_in_one_thread

pytestmark = pytest.mark.any_database

WANG: dict[str, Any] = {"email": "wang@example.com", "customer": "王女士", "text": "签收时发现货物破损。"}
PORTAL = "https://care.example.com/portal"


def letter(work: Work) -> tuple[str, str]:
    """Return the number of a case, and the body of the letter with the answer to it."""
    number = new_case(work.store, **WANG)
    drained(work, timedelta())
    make_move(work.store, number, "reply", AGENT, HOUR, message="三点给您回电。", medium="send", recipient=None)
    drained(work, HOUR)
    [body] = [mail.body for mail in sent_mails(work) if ":send_message:" in mail.key]
    return number, body


@pytest.mark.requirement("A5")
def test_a_letter_ends_with_the_link_to_its_case(work: Work):
    work.portal_url = PORTAL
    number, body = letter(work)
    last = body.splitlines()[-1]
    assert last.startswith("查询进度、答复或评价，请点击：")
    link = last.removeprefix(f"查询进度、答复或评价，请点击：{PORTAL}/link/")
    assert visit_by_link(work.store, link, "-", START + HOUR).case_id == case_of(work.store, number)["id"]


@pytest.mark.requirement("A10")
def test_a_letter_says_how_many_files_come_with_it(work: Work):
    work.portal_url = PORTAL
    number = new_case(work.store, **WANG)
    drained(work, timedelta())
    files = [Upload("offer.txt", b"1,200"), Upload("plan.txt", b"On Monday.")]
    uploaded = upload(work.store, principal_of(work.store), number, files, LIMITS, START)
    named = " ".join(file.id for file in uploaded)
    make_move(
        work.store,
        number,
        "reply",
        AGENT,
        HOUR,
        message="报价见附件。",
        medium="send",
        recipient=None,
        attachments=named,
    )
    drained(work, HOUR)
    [body] = [mail.body for mail in sent_mails(work) if ":send_message:" in mail.key]
    assert body.splitlines()[-1] == "随函文件 2 个，请在上述页面查看。"
    assert "offer.txt" not in body, "a name may be personal, and a mail is not erased"


def test_a_house_without_a_public_address_sends_letters_as_before(work: Work):
    _, body = letter(work)
    assert "link" not in body
    assert body.endswith("客服中心")


@pytest.mark.requirement("H4")
def test_the_code_is_sent_to_the_address_of_the_case_in_the_customers_language(work: Work):
    number = new_case(work.store, **WANG)
    ticket = ask_for_code(work.store, number, "-", START)
    send_code(work.store, ticket, "en", START)
    assert run_in_one_thread(send_queued(work)) == 1
    [mail] = sent_mails(work)
    assert (mail.to, mail.subject) == ("wang@example.com", f"编号 {number} 的验证码")
    code = re.search(r"\b\d{6}\b", mail.body)
    assert code is not None
    assert visit_by_code(work.store, ticket, code[0], "-", START).case_id == case_of(work.store, number)["id"]
