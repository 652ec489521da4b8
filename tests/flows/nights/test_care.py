"""The run that greets customers: once each, in their language, with a link to withdraw; withheld while it must be."""

from datetime import timedelta
from typing import cast

import pytest

from engine.care.consent import ConsentAnswer, record_by_link
from engine.create_store import set_clock
from flows.nights.care import Greeted
from flows.scheduled_work import run_scheduled
from flows.tick import drain
from flows.work import Work
from gateways.mail import FakeMailer, Mail
from gateways.schedule import CARE
from tests.case_actions import HOUR, START
from tests.engine.care.greeted import DRAGON_BOAT, FESTIVAL, agreed, answers, customer, greetings
from tests.one_thread import run_in_one_thread

pytestmark = pytest.mark.requirement("D3")
MINUTE = timedelta(minutes=1)
PORTAL = "https://care.example.com/portal"


@pytest.fixture
def house(work: Work) -> Work:
    """A house with a portal, on the morning of the festival."""
    work.portal_url = PORTAL
    return work


def greeted(work: Work, after: timedelta = timedelta()) -> Greeted:
    set_clock(work.store, FESTIVAL + after)
    return cast(Greeted, run_in_one_thread(run_scheduled(work, CARE)))


def mailer_of(work: Work) -> FakeMailer:
    assert isinstance(work.mailer, FakeMailer)
    return work.mailer


def mails(work: Work) -> list[Mail]:
    return [mail for mail in mailer_of(work).sent if mail.key.startswith("care:")]


def test_each_customer_is_greeted_once_however_often_it_runs(house: Work):
    agreed(house.store, language="zh_CN")
    agreed(house.store, customer="Li", email="li@example.com", language="en")
    assert greeted(house) == Greeted(queued=2, sent=2)
    assert greeted(house, HOUR) == Greeted(queued=0, sent=0)
    assert [(mail.to, mail.subject) for mail in mails(house)] == [
        ("wu@example.com", "端午安康"), ("li@example.com", "Dragon Boat Festival"),
    ]  # fmt: skip


def test_each_greeting_has_the_link_by_which_its_customer_withdraws(house: Work):
    agreed(house.store)
    greeted(house)
    [mail] = mails(house)
    assert mail.unsubscribe.startswith(f"{PORTAL}/care/")
    assert mail.unsubscribe in mail.body
    link = mail.unsubscribe.rpartition("/")[2]
    record_by_link(house.store, link, ConsentAnswer(given=False), "192.0.2.1", FESTIVAL + HOUR)
    assert greeted(house, timedelta(days=98)) == Greeted(0, 0), "the next festival"


def test_what_the_mail_server_does_not_take_is_sent_by_the_next_run_under_the_same_key(house: Work):
    agreed(house.store)
    mailer_of(house).away = True
    assert greeted(house) == Greeted(queued=1, sent=0)
    mailer_of(house).away = False
    assert greeted(house, HOUR) == Greeted(queued=0, sent=1)
    assert [mail.key for mail in mails(house)] == [f"care:1:{DRAGON_BOAT}"]


def test_an_address_that_the_server_refuses_is_counted(house: Work):
    agreed(house.store)
    mailer_of(house).unknown.add("wu@example.com")
    assert greeted(house).sent == 0
    assert greetings(house.store) == [(DRAGON_BOAT, "withheld", "no_address")]


def test_a_birthday_greeting_does_not_say_the_day(house: Work):
    answers(house.store, customer(house.store, language="zh_CN"), birthday="06-19")
    assert greeted(house).sent == 2
    birthday = next(mail for mail in mails(house) if "birthday" in mail.key)
    assert birthday.subject == "祝您生日快乐"
    assert "06-19" not in birthday.body + birthday.key


def test_a_customer_of_another_zone_is_greeted_in_his_morning_by_a_tick(house: Work):
    agreed(house.store, phone="+4930123456")
    assert greeted(house) == Greeted(queued=1, sent=0)
    for hours, count in ((5, 0), (6, 1), (7, 1)):
        set_clock(house.store, FESTIVAL + HOUR * hours - MINUTE * 30)
        run_in_one_thread(drain(house))
        assert len(mails(house)) == count, "nine in Berlin is three in the afternoon in Shanghai"


def test_without_a_portal_nobody_could_withdraw_and_nobody_is_greeted(work: Work):
    agreed(work.store)
    assert greeted(work) == Greeted(0, 0)
    assert greetings(work.store) == []


def test_on_an_ordinary_day_nothing_is_done(house: Work):
    agreed(house.store)
    set_clock(house.store, START + HOUR)
    assert run_in_one_thread(run_scheduled(house, CARE)) == Greeted(0, 0)
