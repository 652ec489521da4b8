"""What fails is tried again, later and later; after the fifth try it is dead, and somebody hears of it."""

import asyncio
from datetime import timedelta
from threading import Event

import pytest

from engine.create_store import set_clock
from engine.outbox.dead_letters import DeadLetter, retry_dead
from engine.store import Store
from engine.timers.next_due import look
from flows.tick import drain
from flows.work import Work
from gateways.mail import FakeMailer, Mail
from reports.run_figures import dead
from tests.case_actions import HOUR, START, execute_sql, moves_of, new_case, query_rows
from tests.erasures import administrator_of
from tests.flows.scenes import DAMAGE, ODD, FailingMailer, deliveries, drained, sent_mails

NOW = timedelta()
CUSTOMER = "canary@customers.example"


def tries(work: Work, most: int = 10) -> list[float]:
    """Settle again whenever a delivery is due next; the seconds since ``START`` of each time."""
    times = [0.0]
    drained(work, NOW)
    while (due := look(work.store, work.store.now()).delivery) is not None and len(times) < most:
        seconds = due / 1e6 - START.timestamp()
        times.append(seconds)
        drained(work, timedelta(seconds=seconds))
    return times


def status(store: Store, reaction: str) -> tuple[str, int, str | None]:
    [(_, how, times, error)] = [one for one in deliveries(store) if one[0] == reaction]
    return how, times, error


@pytest.mark.usefixtures("awaited_are_not_told")
def test_a_mail_that_fails_is_tried_again_later_and_later(work: Work):
    work.mailer = FailingMailer(2)
    number = new_case(work.store, text=ODD, email=CUSTOMER)
    assert tries(work) == [0, 10, 50]
    assert [mail.to for mail in sent_mails(work)] == [CUSTOMER]
    assert moves_of(work.store, number) == ["open", "acknowledge"]
    assert status(work.store, "acknowledge_contact") == ("done", 3, None)


@pytest.mark.usefixtures("awaited_are_not_told")
def test_after_the_fifth_try_it_is_dead_and_the_supervisors_are_told(work: Work):
    work.mailer = FailingMailer(99, CUSTOMER)
    number = new_case(work.store, text=DAMAGE, email=CUSTOMER)
    assert tries(work) == [0, 10, 50, 210, 850]
    assert status(work.store, "acknowledge_contact") == ("dead", 5, "Down")
    with work.store.looking() as tx:
        assert [(one.number, one.seq, one.reaction, one.error) for one in dead(tx)] == [
            (number, 1, "acknowledge_contact", "Down")
        ]
    [alert] = sent_mails(work)
    assert (alert.to, alert.key) == ("sue@example.com", f"{number}:1:acknowledge_contact:dead:sue")
    assert "acknowledge_contact" in alert.subject


class SlowMailer(FakeMailer):
    """Keeps one address waiting until another mail has gone out."""

    def __init__(self) -> None:
        super().__init__()
        self.another = Event()

    def send(self, mail: Mail) -> None:
        if mail.to == CUSTOMER and not self.another.wait(10):
            raise TimeoutError
        super().send(mail)
        self.another.set()


@pytest.mark.usefixtures("awaited_are_not_told")
def test_a_slow_mail_holds_up_no_other_case(work: Work):
    work.mailer = SlowMailer()
    new_case(work.store, text=ODD, email=CUSTOMER)
    new_case(work.store, text=ODD, email="else@example.com")
    set_clock(work.store, START)
    asyncio.run(drain(work))  # with threads: one waits until the other has sent
    assert [mail.to for mail in sent_mails(work)] == ["else@example.com", CUSTOMER]


def test_what_fails_holds_up_nothing_else(work: Work):
    work.mailer = FailingMailer(99, CUSTOMER)
    number = new_case(work.store, text=DAMAGE, email=CUSTOMER)
    other = new_case(work.store, text=DAMAGE, email="else@example.com")
    drained(work, NOW)
    assert moves_of(work.store, number) == ["open", "classify", "assign"]
    assert set(moves_of(work.store, other)) == {"open", "classify", "assign", "acknowledge"}


def test_a_dead_letter_that_is_revived_is_delivered(work: Work):
    work.mailer = FailingMailer(5, CUSTOMER)
    number = new_case(work.store, text=ODD, email=CUSTOMER)
    tries(work)
    assert status(work.store, "acknowledge_contact")[0] == "dead"
    letter = DeadLetter(number, 1, "acknowledge_contact")
    retry_dead(work.store, administrator_of(work.store), letter, work.store.now())
    drained(work, work.store.now() - START)
    assert status(work.store, "acknowledge_contact")[0] == "done"
    assert moves_of(work.store, number)[-1] == "acknowledge"


def test_an_alert_that_fails_too_changes_nothing(work: Work):
    work.mailer = FailingMailer(999)
    new_case(work.store, text=ODD, email=CUSTOMER)
    tries(work)
    assert status(work.store, "acknowledge_contact") == ("dead", 5, "Down")
    assert sent_mails(work) == []


def test_an_error_is_kept_by_its_type_alone(work: Work):
    work.mailer = FailingMailer(1)
    new_case(work.store, text=ODD, email=CUSTOMER)
    drained(work, NOW)
    [row] = query_rows(work.store, "SELECT error FROM delivery WHERE error IS NOT NULL")
    assert row["error"] == "Down"


def test_a_reaction_that_is_gone_dies_and_says_so(work: Work):
    new_case(work.store, text=ODD)
    drained(work, NOW)
    gone = "UPDATE delivery SET reaction = 'gone', status = 'waiting', tries = 4, next_at = 0 WHERE reaction = :name"
    assert execute_sql(work.store, gone, name="acknowledge_contact") == 1
    drained(work, NOW)
    assert status(work.store, "gone") == ("dead", 5, "UnknownReaction")


@pytest.mark.usefixtures("awaited_are_not_told")
def test_a_late_delivery_keeps_the_order_of_its_reaction(work: Work):
    """The second rung's mail waits for the first one's: nobody is asked about a broken promise before its reminder."""
    work.mailer = FailingMailer(1)
    new_case(work.store, text=ODD)
    drained(work, HOUR * 2 - timedelta(seconds=5))
    assert sent_mails(work) == []
    drained(work, HOUR * 2)
    assert sent_mails(work) == [], "the first one waits for its second try"
    drained(work, HOUR * 2 + timedelta(seconds=5))
    assert ["还剩" in mail.subject for mail in sent_mails(work)] == [True, False]
