"""A message that comes back opens its promise again; what nobody can have sent changes nothing (A5)."""

import json
from pathlib import Path

import pytest

from engine.outbox.bounces import BounceOutcome, record_bounce
from flows.work import Work
from gateways.bounces import mail_reports
from tests.case_actions import AGENT, BY_PHONE, HOUR, START, history_of, make_move, moves_of, new_case, timer_of
from tests.flows.scenes import drained, sent_mails
from tests.gateways.bounce_mails import bounce

pytestmark = [pytest.mark.requirement("A5"), pytest.mark.any_database]

WANG = "wang@example.com"
SEND = {"medium": "send", "recipient": None}


def replied(work: Work) -> tuple[str, str]:
    """Open a case and reply by mail an hour later; return the case and the key of the mail."""
    number = new_case(work.store, text="签收时发现货物破损。", email=WANG)
    drained(work, 0 * HOUR)
    make_move(work.store, number, "reply", AGENT, HOUR, message="三点给您回电。", **SEND)
    drained(work, HOUR)
    [key] = [mail.key for mail in sent_mails(work) if ":send_message:" in mail.key]
    return number, key


def come_back(work: Work, folder: Path, key: str, recipient: str = WANG, hours: int = 2) -> BounceOutcome:
    """Let a mail come back so many hours after ``START``."""
    (file := folder / "mail.eml").write_bytes(bounce(key, recipient))
    [report] = mail_reports(file)
    return record_bounce(work.store, report.key, report.addresses, START + hours * HOUR)


def test_a_bounce_opens_the_promise_again_once(work: Work, tmp_path: Path):
    number, key = replied(work)
    assert timer_of(work.store, number, "first_reply")["outcome"] == "met"
    assert come_back(work, tmp_path, key) is BounceOutcome.RECORDED
    last = history_of(work.store, number)[-1]
    assert (last["move"], json.loads(last["form"])["cause"]) == ("message_undelivered", "bounced")
    timer = timer_of(work.store, number, "first_reply")
    assert (timer["outcome"], timer["consumed"]) == (None, 3_600_000_000), "an hour was used when the message left"
    assert come_back(work, tmp_path, key, hours=3) is BounceOutcome.KNOWN
    drained(work, 4 * HOUR)
    assert moves_of(work.store, number).count("message_undelivered") == 1
    assert f"{number}：发给客户的消息未送达" in [mail.subject for mail in sent_mails(work)]


@pytest.mark.parametrize(
    "forged",
    [
        {"key": "cp-26-000001:2:send_message:customer_message"},
        {"key": "cp-26-999999:4:send_message:customer_message"},
        {"key": "nonsense"},
        {"key": ""},
        {"recipient": "somebody@else.example"},
    ],
    ids=str,
)
def test_a_forged_bounce_changes_nothing(work: Work, tmp_path: Path, forged: dict[str, str]):
    number, key = replied(work)
    before = moves_of(work.store, number)
    outcome = come_back(work, tmp_path, forged.get("key", key), forged.get("recipient", WANG))
    assert outcome is BounceOutcome.NOT_OURS
    assert moves_of(work.store, number) == before
    assert timer_of(work.store, number, "first_reply")["outcome"] == "met"


def test_a_receipt_that_comes_back_opens_nothing(work: Work, tmp_path: Path):
    number, _ = replied(work)
    [receipt] = [mail.key for mail in sent_mails(work) if ":acknowledge_contact:" in mail.key]
    before = moves_of(work.store, number)
    assert come_back(work, tmp_path, receipt) is BounceOutcome.NO_PROMISE
    assert moves_of(work.store, number) == before


def test_a_conversation_since_then_keeps_the_promise(work: Work, tmp_path: Path):
    number, key = replied(work)
    make_move(work.store, number, "reply", AGENT, 2 * HOUR, **BY_PHONE)
    assert come_back(work, tmp_path, key, hours=3) is BounceOutcome.RECORDED
    assert timer_of(work.store, number, "first_reply")["outcome"] == "met", "the customer was told after all"


def test_a_message_of_an_ended_case_is_recorded_too(work: Work, tmp_path: Path):
    number, key = replied(work)
    make_move(work.store, number, "withdraw", after=2 * HOUR)
    assert come_back(work, tmp_path, key, hours=3) is BounceOutcome.RECORDED
    assert moves_of(work.store, number)[-1] == "message_undelivered"
