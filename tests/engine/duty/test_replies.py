"""An answer to the mail of an alert acknowledges it: from whoever was alerted, with one word, for a day."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from engine.attachments.content_types import Limits
from engine.audit.verify import verify
from engine.create_store import set_clock
from engine.outbox.duty_replies import alert_reply, reply_address, says_so
from flows.mail_intake import Desk, Outcome, take_mail
from flows.tick import drain
from flows.work import Work
from gateways.mailboxes import FetchedMail, MailboxSettings
from tests.case_actions import MANAGER, START, SUPERVISOR, execute_sql, new_case, query_rows
from tests.engine.duty.rosters import recorded, weekly
from tests.flows.scenes import DAMAGE, sent_mails
from tests.gateways.incoming_mails import mail
from tests.one_thread import run_in_one_thread

pytestmark = pytest.mark.requirement("B11")

SERVICE = "service@example.com"
BOX = MailboxSettings.model_validate(
    {"name": "service", "host": "imap.example.com", "user": "service", "password_file": "imap.password"}
)


@pytest.fixture
def addresses(work: Work) -> Sequence[str]:
    """The addresses to which the mails of a night's alert to Sue are answered."""
    work.reply_to = SERVICE
    recorded(work.store, weekly(SUPERVISOR), weekly(MANAGER, department="", level=2))
    new_case(work.store, datetime.fromisoformat("2026-03-03T00:10:00+08:00") - START, text=DAMAGE)
    set_clock(work.store, datetime.fromisoformat("2026-03-03T02:10:01+08:00"))
    run_in_one_thread(drain(work))
    return [each.reply_to for each in sent_mails(work) if each.key.startswith("duty:")]


def answer(work: Work, to: str, text: str = "确认", sender: str = "sue@example.com", **headers: str) -> Outcome:
    content = bytes(mail(text, From=f"Sue <{sender}>", To=to, Subject="Re: alert", **headers))
    return take_mail(Desk(work.store, Limits(), "en"), BOX, FetchedMail("1", None, content), work.store.now())


def acknowledged(work: Work) -> list[dict[str, object]]:
    return query_rows(work.store, "SELECT via FROM duty_alert WHERE acknowledged_at IS NOT NULL")


def test_the_mail_asks_for_one_word_and_the_answer_ends_the_alert(work: Work, addresses: Sequence[str]):
    [to] = addresses
    [alerted] = [each for each in sent_mails(work) if each.key.startswith("duty:")]
    assert "只写“确认”二字" in alerted.body or "one word OK" in alerted.body
    assert answer(work, to, "确认。\n\n> 您正在值班") is Outcome.ALERT
    assert acknowledged(work) == [{"via": "mail"}]
    assert answer(work, to) is Outcome.ALERT
    assert query_rows(work.store, "SELECT count(*) AS n FROM cases") == [{"n": 1}]
    set_clock(work.store, datetime.fromisoformat("2026-03-03T03:00:00+08:00"))
    run_in_one_thread(drain(work))
    assert len(query_rows(work.store, "SELECT level FROM duty_alert")) == 1
    assert verify(work.store).faults == ()


@pytest.mark.parametrize(
    ("text", "sender", "headers"),
    [
        ("我明天看", "sue@example.com", {}),
        ("自动回复：我已收到您的邮件，休假中。", "sue@example.com", {}),
        ("确认", "mei@example.com", {}),
        ("确认", "sue@elsewhere.example", {}),
    ],
    ids=["another word", "an automatic answer that does not say so", "a colleague", "a stranger"],
)
def test_no_other_answer_acknowledges_or_opens_a_case(
    work: Work, addresses: Sequence[str], text: str, sender: str, headers: dict[str, str]
):
    assert answer(work, addresses[0], text, sender, **headers) is Outcome.PROBLEM
    assert acknowledged(work) == []
    assert query_rows(work.store, "SELECT count(*) AS n FROM cases") == [{"n": 1}]


def test_an_automatic_answer_acknowledges_nothing(work: Work, addresses: Sequence[str]):
    assert answer(work, addresses[0], Auto_Submitted="auto-replied") is Outcome.AUTOMATIC
    assert acknowledged(work) == []


def test_a_forged_or_old_address_acknowledges_nothing(work: Work, addresses: Sequence[str]):
    [to] = addresses
    mailbox, at, domain = to.partition("@")
    forged = f"{mailbox[:-1]}{'0' if mailbox[-1] != '0' else '1'}{at}{domain}"
    assert answer(work, forged) is Outcome.PROBLEM
    unknown = reply_address(work.store.secret, SERVICE, "duty:999:1:1:sue")
    assert answer(work, unknown) is Outcome.PROBLEM
    set_clock(work.store, work.store.now() + timedelta(days=1, seconds=1))
    assert answer(work, to) is Outcome.PROBLEM
    assert acknowledged(work) == []


def test_what_another_has_acknowledged_and_whoever_was_disabled(work: Work, addresses: Sequence[str]):
    execute_sql(work.store, "UPDATE actor SET disabled_at = 1 WHERE handle = 'sue'")
    assert answer(work, addresses[0]) is Outcome.PROBLEM
    execute_sql(work.store, "UPDATE actor SET disabled_at = NULL WHERE handle = 'sue'")
    execute_sql(work.store, "UPDATE duty_alert SET ended_at = raised_at, climbs_at = NULL")
    assert answer(work, addresses[0]) is Outcome.ALERT


def test_addresses_are_of_alerts_alone_and_short_enough_for_rfc_5321():
    assert reply_address(b"s", SERVICE, "cp-26-000001:2:x:sue") == ""
    assert reply_address(b"s", SERVICE, "duty:1:2:1:group:nights:mail") == ""
    long = reply_address(b"s", SERVICE, f"duty:{10**9}:999:3:sue")
    assert len(long.partition("@")[0]) <= 64
    assert alert_reply([SERVICE], "sue@example.com", "OK") is None
    assert alert_reply([SERVICE, long.upper()], "sue@example.com", "OK") is not None


@pytest.mark.parametrize("text", ["OK", "ok!", "\n 收到。\nthanks", "確認", "Ack"])
def test_these_first_lines_acknowledge(text: str):
    assert says_so(text)


@pytest.mark.parametrize("text", ["", "OK?", "收到您的邮件", "not OK", "1", "\n\nlater\nOK"])
def test_these_do_not(text: str):
    assert not says_so(text)
