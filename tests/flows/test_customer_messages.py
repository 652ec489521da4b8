"""What the staff say to a customer is sent, in his language and as previewed; what does not arrive is noticed."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engine.audit.verify import verify
from engine.outbox.dead_letters import retry_all
from engine.outbox.deliveries import lease
from flows.reaction_registry import wanted
from flows.work import Work
from gateways.mail import FakeMailer, FileMailer
from tests.case_actions import (
    AGENT,
    BY_PHONE,
    DAY,
    HOUR,
    START,
    history_of,
    make_move,
    moves_of,
    new_case,
    query_rows,
    timer_of,
)
from tests.erasures import administrator_of
from tests.flows.scenes import FailingMailer, deliveries, drained, sent_mails

pytestmark = pytest.mark.any_database

WANG: dict[str, Any] = {"email": "wang@example.com", "customer": "王女士"}
MINUTE = timedelta(minutes=1)
SEND = {"medium": "send", "recipient": None}
BROKEN = "签收时发现货物破损。"


def replied(work: Work, text: str = BROKEN, **fields: Any) -> str:
    """Open a case, and reply by mail an hour later."""
    number = new_case(work.store, text=text, **(WANG | fields))
    drained(work, timedelta())
    make_move(work.store, number, "reply", AGENT, HOUR, message="三点给您回电。", **SEND)
    return number


@pytest.mark.requirement("A5")
def test_a_reply_is_sent_once_and_the_outbox_holds_the_evidence(work: Work):
    number = replied(work)
    drained(work, HOUR)
    drained(work, HOUR + MINUTE)
    letters = [mail for mail in sent_mails(work) if ":send_message:" in mail.key]
    assert [(mail.to, mail.subject) for mail in letters] == [(WANG["email"], f"关于您反映的事项（编号 {number}）")]
    assert "三点给您回电。" in letters[0].body
    [evidence] = query_rows(work.store, "SELECT outcome, body FROM mail WHERE key = :key", key=letters[0].key)
    assert evidence == {"outcome": "sent", "body": ""}, "its words are in the case alone"
    assert timer_of(work.store, number, "first_reply")["outcome"] == "met"


@pytest.mark.requirement("A5")
@pytest.mark.parametrize(
    ("text", "receipt", "letter"),
    [
        ("My parcel arrived broken.", "We have received your message", "About your matter"),
        ("簽收時發現貨物破損。", "已收到您反映的問題", "關於您反映的事項"),
        (BROKEN, "已收到您反映的问题", "关于您反映的事项"),
    ],
    ids=["en", "zh_TW", "zh_CN"],
)
def test_the_customer_reads_his_own_language(work: Work, text: str, receipt: str, letter: str):
    replied(work, text)
    drained(work, HOUR)
    subjects = [mail.subject for mail in sent_mails(work) if mail.to == WANG["email"]]
    assert [subject.partition("（")[0].partition(" (")[0] for subject in subjects] == [receipt, letter]


@pytest.mark.requirement("A5")
def test_a_conversation_is_recorded_and_nothing_is_sent(work: Work):
    number = new_case(work.store, text=BROKEN, **WANG)
    make_move(work.store, number, "reply", AGENT, HOUR, **BY_PHONE)
    drained(work, HOUR)
    assert [mail.key.split(":")[2] for mail in sent_mails(work) if mail.to == WANG["email"]] == ["acknowledge_contact"]


def without_server(work: Work) -> None:
    work.mailer = FileMailer(work.store.home / "mail.jsonl")


def unknown_address(work: Work) -> None:
    assert isinstance(work.mailer, FakeMailer)
    work.mailer.unknown.add(WANG["email"])


@pytest.mark.requirement("A5")
@pytest.mark.parametrize(
    ("fault", "cause"), [(without_server, "no_server"), (unknown_address, "unknown_address")], ids=["file", "bounce"]
)
def test_a_message_that_reaches_nobody_opens_the_promise_again(work: Work, fault: Callable[[Work], None], cause: str):
    fault(work)
    number = replied(work)
    drained(work, HOUR)
    last = history_of(work.store, number)[-1]
    assert (last["move"], json.loads(last["form"])["cause"]) == ("message_undelivered", cause)
    timer = timer_of(work.store, number, "first_reply")
    assert (timer["outcome"], timer["consumed"]) == (None, 3_600_000_000)
    assert "acknowledge" not in moves_of(work.store, number), "a receipt that nobody got is no receipt"
    assert {delivery[1] for delivery in deliveries(work.store)} == {"done"}, "no other try would help"


@pytest.mark.requirement("A5")
@pytest.mark.requirement("B6")
def test_a_server_that_stays_away_opens_the_promise_and_the_owner_is_told(work: Work):
    number = replied(work)
    assert isinstance(work.mailer, FakeMailer)
    work.mailer.away = True
    for minutes in (0, 1, 3, 8, 20, 60, 120):
        drained(work, HOUR + minutes * MINUTE)
    assert moves_of(work.store, number).count("message_undelivered") == 1
    assert timer_of(work.store, number, "first_reply")["outcome"] is None
    sql = "SELECT outcome FROM mail WHERE recipient = '' AND key LIKE :keys"
    [outcome] = query_rows(work.store, sql, keys="%:send_message:%")
    assert outcome["outcome"] == "refused"
    work.mailer.away = False
    drained(work, 4 * HOUR)
    assert f"{number}：发给客户的消息未送达" in [mail.subject for mail in sent_mails(work)]


@pytest.mark.requirement("A5")
def test_a_message_whose_process_dies_at_every_try_opens_the_promise(work: Work):
    number = replied(work)
    at = START + HOUR
    for _ in range(5):
        assert lease(work.store, "killed", wanted, at)
        at += timedelta(minutes=2)
    drained(work, at - START)
    assert json.loads(history_of(work.store, number)[-1]["form"])["cause"] == "lost"
    assert timer_of(work.store, number, "first_reply")["outcome"] is None


@pytest.mark.requirement("A5")
def test_a_message_that_is_tried_again_says_the_same(work: Work):
    number = replied(work)
    assert isinstance(work.mailer, FakeMailer)
    work.mailer.away = True
    drained(work, HOUR)
    with work.store.writing() as tx:
        tx.run("UPDATE party SET locale = 'en'")
    work.mailer.away = False
    drained(work, HOUR + MINUTE)
    [letter] = [mail for mail in sent_mails(work) if ":send_message:" in mail.key]
    assert letter.subject == f"关于您反映的事项（编号 {number}）", "it was composed before the first try"


@pytest.mark.requirement("A5")
def test_a_message_that_was_given_up_and_is_sent_after_all_meets_the_promise_that_its_death_had_reopened(work: Work):
    number = new_case(work.store, text=BROKEN, **WANG)
    drained(work, timedelta())
    work.mailer = FailingMailer(5, WANG["email"])
    make_move(work.store, number, "promise", AGENT, HOUR, due_at=(START + 5 * DAY).isoformat())
    make_move(work.store, number, "keep_promise", AGENT, HOUR, how="已寄出。", **SEND)
    kept = len(history_of(work.store, number))
    for minutes in range(60, 600, 30):
        drained(work, MINUTE * minutes)
    assert "message_undelivered" in moves_of(work.store, number)
    assert timer_of(work.store, number, "promise")["outcome"] is None
    assert retry_all(work.store, administrator_of(work.store), START + DAY).revived > 0
    drained(work, DAY)
    drained(work, DAY + MINUTE)
    arrived = [json.loads(row["form"]) for row in history_of(work.store, number) if row["move"] == "message_arrived"]
    assert arrived == [{"message": kept}]
    assert timer_of(work.store, number, "promise")["outcome"] == "met"
    assert [mail.to for mail in sent_mails(work) if mail.to == WANG["email"]] == [WANG["email"]], "sent once"
    assert verify(work.store).faults == ()

    make_move(work.store, number, "message_undelivered", AGENT, 2 * DAY, message=kept, cause="bounced")
    assert timer_of(work.store, number, "promise")["outcome"] is None, "it had met the promise when it arrived"
    assert verify(work.store).faults == ()
