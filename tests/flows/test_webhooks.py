"""Webhooks as they are sent: in order per case, tried again, given up, and beside everything else."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from engine.commands.holds import hold, release
from engine.create_store import set_clock
from engine.outbox.dead_letters import DeadLetter, retry_dead
from engine.outbox.deliveries import LEASE, lease_webhook
from engine.store import Store
from engine.timers.next_due import look
from engine.webhooks.replay import replay_dead
from flows.tick import drain, send_due_webhooks
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.webhook_sender import FakeSender, WebhookFailed
from reports.run_figures import dead
from tests.case_actions import START, execute_sql, make_move, new_case, new_resolved_case, query_rows
from tests.engine.webhooks.subscribers import URL, administrator, subscribe
from tests.erasures import administrator_of, erase_texts_of
from tests.flows.scenes import Watching, drained
from tests.one_thread import run_in_one_thread

NOW = timedelta()
OTHER = "https://other.example.com/"


@pytest.fixture
def sender(work: Work) -> FakeSender:
    """The sender of ``work``; what mails would be sent does not matter here."""
    assert isinstance(work.webhooks, FakeSender)
    return work.webhooks


def documents(sender: FakeSender, url: str = URL) -> list[dict[str, Any]]:
    return [json.loads(body) for address, _, body in sender.sent if address == url]


def ids(sender: FakeSender, url: str = URL) -> list[str]:
    return [headers["webhook-id"] for address, headers, _ in sender.sent if address == url]


def tries(work: Work, most: int = 10) -> list[float]:
    """Do what is due whenever a webhook is due next; the seconds since ``START`` of each time."""
    times = [0.0]
    drained(work, NOW)
    while (due := look(work.store, work.store.now()).webhook) is not None and len(times) < most:
        times.append(due / 1e6 - START.timestamp())
        drained(work, timedelta(seconds=times[-1]))
    return times


def test_the_message_of_a_move_holds_numbers_and_codes(work: Work, sender: FakeSender):
    subscribe(work.store, events=("case.resolved",))
    number = new_resolved_case(work.store, customer="Wang Fang", phone="13800138000", email="wang@example.com")
    drained(work, NOW)
    [document] = documents(sender)
    assert document == {
        "type": "case.resolved",
        "timestamp": "2026-03-02T01:00:00+00:00",
        "data": {
            "case": number,
            "seq": 4,
            "kind": "complaint",
            "move": "resolve",
            "from": "investigated",
            "state": "resolved",
            "milestone": "resolved",
            "cycle": 1,
            "level": 0,
            "via": "cli",
            "occurred_at": "2026-03-02T01:00:00+00:00",
            "recorded_at": "2026-03-02T01:00:00+00:00",
        },
    }
    assert ids(sender) == [f"{number}:4:webhook:1"]


@pytest.mark.requirement("H1")
def test_without_leave_no_word_of_the_customer_is_sent(work: Work, sender: FakeSender):
    subscribe(work.store)
    new_resolved_case(work.store, customer="Wang Fang", phone="13800138000", email="wang@example.com", text="破损了。")
    drained(work, NOW)
    sent = b" ".join(sender.bodies()).decode()
    assert len(documents(sender)) >= 4
    assert not [word for word in ("Wang", "13800138000", "wang@example.com", "破损") if word in sent]


@pytest.mark.requirement("H1")
def test_personal_fields_are_sent_where_the_subscription_may_and_what_was_erased_is_not(work: Work, sender: FakeSender):
    subscribe(work.store, events=("case.opened",), personal=True)
    new_case(work.store, row_id="1", customer="Wang Fang", phone="13800138000", text="The box is torn.")
    erased = new_case(work.store, row_id="2", customer="Li", text="It was wet.")
    erase_texts_of(work.store, 2)
    drained(work, NOW)
    first, second = (document["data"] for document in documents(sender))
    assert first["customer"]["name"] == "Wang Fang"
    assert "13800138000" in first["customer"]["phone"]
    assert first["texts"]["text"] == "The box is torn."
    assert (second["case"], second["texts"]) == (erased, {})


def test_a_broken_promise_is_told_with_its_clause_and_limit(work: Work, sender: FakeSender):
    subscribe(work.store, events=("case.breached",))
    new_case(work.store)
    drained(work, timedelta(days=3))
    documents_ = documents(sender)
    assert documents_
    assert {document["type"] for document in documents_} == {"case.breached"}
    promise = documents_[0]["data"]["promise"]
    assert set(promise) == {"clause", "due_at", "percent", "level"}
    assert promise["percent"] >= 100


def test_the_signature_verifies_with_the_secret_and_with_no_other(work: Work, sender: FakeSender):
    _, secret = subscribe(work.store)
    new_case(work.store)
    drained(work, NOW)
    _, headers, body = sender.sent[0]
    stamped = dict(headers) | {"webhook-timestamp": headers["webhook-timestamp"]}
    signed = Verifier(secret).sign(headers["webhook-id"], START, body.decode())
    assert headers["webhook-signature"] == signed
    assert stamped["webhook-timestamp"] == str(int(START.timestamp()))
    with pytest.raises(WebhookVerificationError):
        Verifier("whsec_" + "A" * 43 + "=").verify(body, dict(headers))


def test_events_of_a_case_arrive_in_order_and_a_failing_one_holds_up_the_later_ones(work: Work, sender: FakeSender):
    subscribe(work.store)
    subscribe(work.store, OTHER)
    number = new_case(work.store)
    make_move(work.store, number, "classify")
    sender.failing[URL] = "status_503"
    drained(work, NOW)
    assert ids(sender) == []
    assert [int(key.split(":")[1]) for key in ids(sender, OTHER)] == [*range(1, len(ids(sender, OTHER)) + 1)]
    del sender.failing[URL]
    drained(work, timedelta(seconds=10))
    steps = [int(key.split(":")[1]) for key in ids(sender)]
    assert steps == [*range(1, len(steps) + 1)]
    assert len(steps) >= 2


def test_a_failing_case_holds_up_no_other_case(work: Work):
    work.webhooks = sender = FailsFor("cp-26-000001")
    subscribe(work.store, events=("case.opened",))
    for row in range(3):
        new_case(work.store, row_id=str(row))
    drained(work, NOW)
    assert [document["data"]["case"] for document in documents(sender)] == ["cp-26-000002", "cp-26-000003"]


@dataclass
class FailsFor(FakeSender):
    """Fails for the messages of one case."""

    number: str = ""
    times: int = field(default=99)

    def __init__(self, number: str, times: int = 99) -> None:
        super().__init__()
        self.number, self.times = number, times

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        if self.number in headers["webhook-id"] and self.times > 0:
            self.times -= 1
            raise WebhookFailed("timeout")
        super().send(url, headers, body)


def test_what_fails_is_tried_later_and_later_under_one_id_and_then_given_up(work: Work, sender: FakeSender):
    hook, _ = subscribe(work.store, events=("case.opened",))
    number = new_case(work.store)
    sender.failing[URL] = "status_500"
    assert tries(work) == [0, 10, 50, 210, 850]
    with work.store.looking() as tx:
        assert [(each.number, each.seq, each.reaction, each.error) for each in dead(tx)] == [
            (number, 1, "webhook:1", "Webhook.status_500")
        ]
    del sender.failing[URL]
    assert replay_dead(work.store, hook.id, administrator(work.store), work.store.now()) == 1
    drained(work, timedelta(hours=1))
    assert ids(sender) == [f"{number}:1:webhook:1"]
    with work.store.looking() as tx:
        assert dead(tx) == ()


def test_a_dead_webhook_is_revived_like_any_dead_letter(work: Work, sender: FakeSender):
    subscribe(work.store, events=("case.opened",))
    number = new_case(work.store)
    sender.failing[URL] = "name"
    tries(work)
    del sender.failing[URL]
    retry_dead(work.store, administrator_of(work.store), DeadLetter(number, 1, "webhook:1"), work.store.now())
    drained(work, work.store.now() - START)
    assert ids(sender) == [f"{number}:1:webhook:1"]


def test_a_sender_that_is_killed_leaves_the_event_to_the_next_one_under_the_same_id(work: Work, sender: FakeSender):
    hook, _ = subscribe(work.store, events=("case.opened",))
    number = new_case(work.store)
    run_in_one_thread(drain(work, webhooks=False))
    [leased] = lease_webhook(work.store, "a-process-that-is-killed", hook.reaction, START, 40)
    drained(work, timedelta(seconds=59))
    assert ids(sender) == [], "it may still be sending"
    drained(work, LEASE)
    assert ids(sender) == [leased.key] == [f"{number}:1:webhook:1"]


def test_two_processes_send_nothing_twice(work: Work, sender: FakeSender):
    hook, _ = subscribe(work.store)
    for row in range(6):
        new_case(work.store, row_id=str(row))
    run_in_one_thread(drain(work, webhooks=False))
    first = lease_webhook(work.store, "one", hook.reaction, START, 40)
    second = lease_webhook(work.store, "two", hook.reaction, START, 40)
    assert len(first) == 6
    assert second == []


def test_nothing_is_sent_to_a_webhook_that_was_removed_while_it_waited(work: Work, sender: FakeSender):
    subscribe(work.store, events=("case.opened",))
    new_case(work.store)
    run_in_one_thread(drain(work, webhooks=False))
    execute_sql(work.store, "UPDATE webhook SET removed_at = added_at")
    drained(work, NOW)
    assert sender.sent == []
    assert statuses(work.store) == {"done"}


def test_an_error_of_our_own_is_a_failure_and_not_the_end_of_the_run(work: Work):
    class Broken(FakeSender):
        def send(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
            if url == URL:
                raise RuntimeError("a customer's words")
            super().send(url, headers, body)

    work.webhooks = sender = Broken()
    subscribe(work.store, events=("case.opened",))
    subscribe(work.store, OTHER, events=("case.opened",))
    new_case(work.store)
    drained(work, NOW)
    assert len(documents(sender, OTHER)) == 1
    errors = query_rows(work.store, "SELECT error FROM delivery WHERE reaction = :reaction", reaction="webhook:1")
    assert errors == [{"error": "RuntimeError"}]


class Waits(FakeSender):
    """Waits at one address until another message has been accepted."""

    def __init__(self) -> None:
        super().__init__()
        self.another = Event()

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        if url == URL and not self.another.wait(10):
            raise WebhookFailed("timeout")
        super().send(url, headers, body)
        self.another.set()


def test_a_slow_receiver_holds_up_no_other_one(work: Work):
    work.webhooks = sender = Waits()
    subscribe(work.store, events=("case.opened",))
    subscribe(work.store, OTHER, events=("case.opened",))
    new_case(work.store)
    set_clock(work.store, START)
    asyncio.run(drain(work))
    assert [url for url, _, _ in sender.sent] == [OTHER, URL]


def test_mails_and_timers_do_not_wait_for_a_receiver(work: Work, sender: FakeSender):
    """What the driver does by itself leaves webhooks to their own task."""
    subscribe(work.store)
    new_case(work.store, email="canary@customers.example")
    set_clock(work.store, START)
    run_in_one_thread(drain(work, webhooks=False))
    assert isinstance(work.mailer, FakeMailer)
    assert [mail.to for mail in work.mailer.sent if mail.to == "canary@customers.example"]
    assert sender.sent == []
    assert look(work.store).delivery is None
    assert run_in_one_thread(send_due_webhooks(work)) > 0
    assert sender.sent


@pytest.mark.parametrize("locale", ["en", "zh_CN", "zh_TW"])
def test_a_run_is_named_by_its_case(work: Work, locale: str):
    work.observer, work.locale = Watching(), locale
    subscribe(work.store, events=("case.opened",))
    number = new_case(work.store)
    drained(work, NOW)
    [run] = [sight for sight in work.observer.sights if sight.flow == "send-webhooks"]
    assert run.name.startswith(f"{number} · ")
    assert "webhook" in run.name.lower()
    assert "window." not in run.name
    assert set(run.tags) == {"closeloop", "complaint", "webhooks"}
    assert run.parameters == {"cases": [number]}


def test_without_a_subscription_no_run_is_made(work: Work):
    work.observer = Watching()
    new_case(work.store)
    drained(work, NOW)
    assert "send-webhooks" not in {sight.flow for sight in work.observer.sights}


def statuses(store: Store) -> set[str]:
    rows = query_rows(store, "SELECT status FROM delivery WHERE reaction = :reaction", reaction="webhook:1")
    return {row["status"] for row in rows}


def test_a_case_of_a_kind_on_hold_is_sent_when_the_hold_ends(work: Work, sender: FakeSender):
    subscribe(work.store, events=("case.opened",))
    new_case(work.store)
    with work.store.writing() as tx:
        hold(tx, "complaint", "root", "test", START)
    drained(work, NOW)
    assert (sender.sent, statuses(work.store)) == ([], {"waiting"})
    with work.store.writing() as tx:
        release(tx, "complaint", "root", "cause_mended", START)
    drained(work, NOW)
    assert len(sender.sent) == 1
