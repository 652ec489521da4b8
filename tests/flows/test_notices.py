"""One notice for each case, level and person; a digest where many cases ask him; and nothing lost or doubled."""

import asyncio
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.actors import NewActor, add_actor
from engine.store import Store
from flows.react import react
from flows.work import Work
from gateways.mail import FakeMailer, FileMailer, Mail
from reports.notices import undelivered_notices
from statemachines.lifecycle import Refused
from statemachines.roles import Role
from tests.case_actions import (
    AGENT,
    DAY,
    HOUR,
    MICROSECOND,
    START,
    SUPERVISOR,
    execute_sql,
    fired_steps_of,
    make_move,
    new_case,
    query_rows,
)
from tests.conftest import copy_anchors
from tests.editions import publishes
from tests.flows.scenes import DAMAGE, ODD, FailingMailer, deliveries, drained, sent_mails, templates_to

pytestmark = [pytest.mark.requirement("B6"), pytest.mark.usefixtures("awaited_are_not_told")]

STAFF = [f"{name}@example.com" for name in ("han", "sue", "mei", "gao")]
MINUTE = timedelta(minutes=1)
LATE = HOUR * 2 + MICROSECOND
"""The first instant after the limit of the first reply."""


def recipients(work: Work) -> list[str]:
    return [mail.to for mail in sent_mails(work)]


def mails_to(work: Work, handle: str) -> list[Mail]:
    return [mail for mail in sent_mails(work) if mail.to == f"{handle}@example.com"]


def undelivered(store: Store) -> dict[str, int]:
    with store.looking() as tx:
        return undelivered_notices(tx, START - DAY)


def lived(work: Work, until: timedelta, step: timedelta = HOUR / 4) -> None:
    """Drain in steps until then, so that each escalation step fires in its time."""
    at = work.store.now() - START
    while at <= until:
        drained(work, at)
        at += step


@pytest.mark.any_database
def test_a_case_that_nobody_answers_asks_each_level_once(work: Work):
    number = new_case(work.store, text=DAMAGE)
    lived(work, HOUR * 60)
    assert len(fired_steps_of(work.store, number)) == 8, "the steps of two promises"
    assert recipients(work) == STAFF


@pytest.mark.any_database
def test_a_notice_names_every_promise_that_asks_its_level(work: Work):
    publishes(work.store, "alerts", calendar="cn-office", levels=[1, 2, 3])
    number = new_case(work.store, text=DAMAGE)
    lived(work, HOUR * 9)
    make_move(work.store, number, "promise", after=HOUR * 9, due_at="2026-03-02T20:00:00+08:00")
    lived_on = [HOUR * hour for hour in range(10, 25)]
    for at in lived_on:
        drained(work, at)
    assert [mail.to for mail in sent_mails(work)] == STAFF


@pytest.mark.any_database
def test_a_promise_that_is_broken_after_the_first_was_met_asks_again(work: Work):
    number = new_case(work.store, text=DAMAGE)
    lived(work, HOUR * 2.4)
    assert recipients(work) == STAFF[:2]
    make_move(work.store, number, "reply", by=AGENT, after=HOUR * 2.5)
    lived(work, HOUR * 24.5)
    assert recipients(work) == [*STAFF[:2], *STAFF[:2]]
    assert "初步回复" not in mails_to(work, "sue")[1].body.split("\n\n")[2], "it was met since"


def test_a_step_whose_promise_was_met_before_it_was_told_asks_nobody(work: Work):
    number = new_case(work.store, text=DAMAGE)
    drained(work, timedelta())
    make_move(work.store, number, "reply", by=AGENT, after=HOUR * 2.1)
    drained(work, HOUR * 2.1)
    assert [percent for _, percent, _ in fired_steps_of(work.store, number)] == [75, 100]
    assert recipients(work) == []


@pytest.mark.any_database
def test_somebody_new_at_a_level_is_asked_by_its_next_step(work: Work):
    publishes(work.store, "alerts", calendar="cn-hotline")
    number = new_case(work.store, text=DAMAGE)
    lived(work, HOUR * 5)
    with work.store.writing() as tx:
        add_actor(tx, NewActor("sam", (Role.TEAM_SUPERVISOR,), "claims", email="sam@example.com"))
    lived(work, HOUR * 25)
    assert recipients(work) == [*STAFF, "sam@example.com"]
    assert number in mails_to(work, "sam")[0].subject


@pytest.mark.any_database
def test_escalated_by_hand_it_asks_the_level_once_whatever_breaks_afterwards(work: Work):
    number = new_case(work.store, text=DAMAGE)
    drained(work, timedelta())
    make_move(work.store, number, "escalate", by=SUPERVISOR, level=2)
    lived(work, HOUR * 60)
    assert templates_to(work, "mei@example.com") == ["escalated"]
    assert Counter(recipients(work)) == Counter(STAFF)


def test_many_cases_at_once_are_one_digest_for_each_person(work: Work):
    numbers = [new_case(work.store, text=DAMAGE) for _ in range(8)]
    drained(work, timedelta())
    drained(work, LATE)
    assert recipients(work) == [], "they wait until the window has passed"
    drained(work, LATE + 9 * MINUTE)
    assert recipients(work) == []
    drained(work, LATE + 10 * MINUTE)
    assert sorted(recipients(work)) == sorted(STAFF[:2])
    assert all(number in mail.body for mail in sent_mails(work) for number in numbers)
    assert "8 件" in mails_to(work, "sue")[0].subject
    lived(work, HOUR * 2.5, MINUTE * 5)
    assert len(sent_mails(work)) == 2
    assert {status for _, status, *_ in deliveries(work.store)} == {"done"}


def test_a_digest_leads_to_each_of_its_cases(work: Work):
    work = replace(work, public_url="https://care.example.com")
    numbers = [new_case(work.store, text=DAMAGE) for _ in range(6)]
    for after in (timedelta(), LATE, LATE + 10 * MINUTE):
        drained(work, after)
    [digest] = mails_to(work, "sue")
    assert all(f"  https://care.example.com/console/cases/{number}\n" in digest.body for number in numbers)


def test_a_few_are_mailed_one_by_one_and_what_follows_within_the_window_together(work: Work):
    for _ in range(5):
        new_case(work.store, text=ODD)
    for _ in range(4):
        new_case(work.store, after=MINUTE * 4, text=ODD)
    drained(work, timedelta())
    drained(work, HOUR * 1.5)
    assert len(mails_to(work, "amy")) == 5
    drained(work, HOUR * 1.5 + 4 * MINUTE)
    assert len(mails_to(work, "amy")) == 5
    drained(work, HOUR * 1.5 + 14 * MINUTE)
    digest = mails_to(work, "amy")[5:]
    assert [mail.body.count("cp-26-") for mail in digest] == [4]


def test_a_digest_leaves_out_what_was_settled_meanwhile(work: Work):
    numbers = [new_case(work.store, text=ODD) for _ in range(7)]
    drained(work, timedelta())
    drained(work, HOUR * 1.5)
    make_move(work.store, numbers[0], "withdraw", after=HOUR * 1.5 + MINUTE)
    make_move(work.store, numbers[1], "reply", by=AGENT, after=HOUR * 1.5 + MINUTE)
    drained(work, HOUR * 1.5 + 10 * MINUTE)
    [digest] = mails_to(work, "amy")
    assert [number in digest.body for number in numbers] == [False, False, True, True, True, True, True]
    assert query_rows(work.store, "SELECT seq FROM notice WHERE mail IS NULL") == []


def test_a_digest_in_which_all_was_settled_is_not_sent(work: Work):
    numbers = [new_case(work.store, text=ODD) for _ in range(6)]
    drained(work, timedelta())
    drained(work, HOUR * 1.5)
    for number in numbers:
        make_move(work.store, number, "withdraw", after=HOUR * 1.5 + MINUTE)
    drained(work, HOUR * 1.5 + 10 * MINUTE)
    assert sent_mails(work) == []
    assert {status for _, status, *_ in deliveries(work.store)} == {"done"}


def test_the_pack_says_how_many_are_too_many(work: Work):
    publishes(work.store, "alerts", calendar="cn-hotline", digest_after=1, digest_minutes=30)
    for _ in range(2):
        new_case(work.store, text=ODD)
    drained(work, timedelta())
    drained(work, HOUR * 1.5)
    assert recipients(work) == []
    drained(work, HOUR * 2 - MINUTE)
    assert recipients(work) == []
    drained(work, LATE)
    assert recipients(work) == ["amy@example.com"]


def test_a_level_that_nobody_holds_passes_the_case_on_and_says_so(work: Work):
    execute_sql(work.store, "UPDATE actor SET roles = 'auditor' WHERE handle = 'sue'")
    new_case(work.store, text=ODD)
    drained(work, LATE)
    assert recipients(work) == ["amy@example.com", "mei@example.com"]
    assert "没有能处理的人" in mails_to(work, "mei")[0].body
    assert "客服班组长" in mails_to(work, "mei")[0].body
    assert undelivered(work.store) == {}


def test_the_top_level_without_anybody_passes_it_down(work: Work):
    execute_sql(work.store, "UPDATE actor SET roles = 'auditor' WHERE handle = 'gao'")
    new_case(work.store, text=ODD)
    lived(work, HOUR * 4)
    assert recipients(work) == ["amy@example.com", "sue@example.com", "mei@example.com", "mei@example.com"]
    assert "总经理" in mails_to(work, "mei")[1].body


def test_where_nobody_holds_any_role_it_is_recorded(work: Work):
    execute_sql(work.store, "UPDATE actor SET roles = 'auditor' WHERE roles <> 'system' AND roles <> 'import'")
    new_case(work.store, text=ODD)
    lived(work, HOUR * 4)
    assert undelivered(work.store) == {"nobody": 4}


def test_somebody_without_an_address_is_recorded(work: Work):
    execute_sql(work.store, "UPDATE actor SET email = NULL WHERE handle = 'sue'")
    new_case(work.store, text=ODD)
    lived(work, HOUR * 3)
    assert recipients(work) == ["amy@example.com", "mei@example.com"]
    assert undelivered(work.store) == {"no_address": 1}
    [row] = query_rows(work.store, "SELECT recipient, key FROM mail WHERE outcome = 'no_address'")
    assert row["recipient"] == "sue"


def test_without_a_mail_server_every_mail_is_recorded_as_delivered_to_nobody(work: Work):
    work.mailer = FileMailer(work.store.home / "mail.jsonl")
    new_case(work.store, text=ODD, email="li@example.com")
    lived(work, HOUR * 4)
    assert undelivered(work.store) == {"no_server": 5}, "the customer's receipt and four notices"
    assert len((work.store.home / "mail.jsonl").read_text("utf-8").splitlines()) == 5


def test_what_a_mail_server_refused_counts_until_it_is_sent(work: Work):
    work.mailer = FailingMailer(1, "amy@example.com")
    new_case(work.store, text=ODD)
    drained(work, HOUR * 1.5)
    assert undelivered(work.store) == {"refused": 1}
    drained(work, HOUR * 1.5 + timedelta(seconds=10))
    assert recipients(work) == ["amy@example.com"]
    assert undelivered(work.store) == {}


def test_a_receipt_that_was_refused_counts_until_it_is_sent(work: Work):
    work.mailer = FailingMailer(1, "li@example.com")
    new_case(work.store, text=ODD, email="li@example.com")
    drained(work, timedelta())
    assert undelivered(work.store) == {"refused": 1}
    drained(work, timedelta(seconds=10))
    assert recipients(work) == ["li@example.com"]
    assert undelivered(work.store) == {}


def test_one_mailbox_that_refuses_holds_up_nobody_else(work: Work):
    with work.store.writing() as tx:
        add_actor(tx, NewActor("sam", (Role.TEAM_SUPERVISOR,), "claims", email="sam@example.com"))
    new_case(work.store, text=DAMAGE)
    work.mailer = FailingMailer(99, "sam@example.com")
    drained(work, timedelta())
    drained(work, LATE)
    assert "sue@example.com" in recipients(work)


class Cut(FakeMailer):
    """Hands a mail over, and then loses the connection so many times: the mail went out, and nobody knows."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def send(self, mail: Mail) -> None:
        super().send(mail)
        if self.times > 0:
            self.times -= 1
            raise ConnectionError


def test_a_mail_that_is_sent_again_says_the_same_under_the_same_key(work: Work):
    work.mailer = Cut(1)
    new_case(work.store, text=ODD)
    drained(work, HOUR * 1.5)
    drained(work, HOUR * 1.7)
    first, second = mails_to(work, "amy")
    assert first == second, "although less time is left by now"


def test_a_process_lost_between_sending_and_settling_sends_nothing_new(work: Work):
    new_case(work.store, text=ODD)
    drained(work, HOUR * 1.5)
    assert len(mails_to(work, "amy")) == 1
    execute_sql(
        work.store,
        "UPDATE delivery SET status = 'leased', lease_owner = 'lost', next_at = 0"
        " WHERE reaction = 'tell_escalation_step'",
    )
    drained(work, HOUR * 1.6)
    assert len(mails_to(work, "amy")) == 1, "the notice was recorded as sent before the delivery was"


def test_a_process_lost_after_it_assigned_a_digest_leaves_it_to_the_next(work: Work):
    for _ in range(6):
        new_case(work.store, text=ODD)
    drained(work, HOUR * 1.5)
    work.mailer = Cut(1)
    drained(work, HOUR * 1.5 + 10 * MINUTE)
    new_case(work.store, after=HOUR * 1.5 + 10 * MINUTE, text=ODD)
    drained(work, HOUR * 1.5 + 11 * MINUTE)
    first, second = mails_to(work, "amy")
    assert first == second
    assert {status for _, status, *_ in deliveries(work.store)} == {"done"}


def test_two_processes_send_each_notice_once(store: Store):
    for _ in range(12):
        new_case(store, text=ODD)
    works = [Work(store, FakeMailer(), _telephone()) for _ in range(2)]
    drained(works[0], timedelta())
    _publish_single(store)
    from engine.create_store import set_clock
    from flows.fire_timers import fire_timers

    set_clock(store, START + LATE)
    asyncio.run(fire_timers(works[0]))

    async def both() -> None:
        await asyncio.gather(*(react(work) for work in works))

    asyncio.run(both())
    sent = [mail.key for work in works for mail in sent_mails(work)]
    assert len(sent) == len(set(sent)) == 24


def _telephone():
    from gateways.telephone import FakeTelephone

    return FakeTelephone()


def _publish_single(store: Store) -> None:
    publishes(store, "alerts", calendar="cn-hotline", digest_after=1000)


class Unreliable(FakeMailer):
    """Refuses some mails, and loses the connection after others, by chance."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.random, self.works = random, False

    def send(self, mail: Mail) -> None:
        chance = 1.0 if self.works else self.random.random()
        if chance < 0.3:
            raise ConnectionRefusedError
        super().send(mail)
        if chance < 0.45:
            raise ConnectionError


ACTS = ("reply", "propose_solution", "withdraw", "classify", "escalate", "note")


@settings(max_examples=settings().max_examples // 6)
@given(seed=st.integers(0, 2**32))
def test_no_notice_is_lost_or_doubled_whatever_fails(seed: int, sqlite_template, tmp_path_factory):
    """Random cases, acts, failures and lost processes; then the mail server works and everything is drained."""
    work, random = _house(seed, sqlite_template, tmp_path_factory), Random(seed)
    assert isinstance(work.mailer, Unreliable)
    numbers: list[str] = []
    at = timedelta()
    for _ in range(random.randint(10, 25)):
        at += timedelta(minutes=random.choice((1, 7, 15, 40, 55)))
        if random.random() < 0.5:
            numbers += [new_case(work.store, after=at, text=ODD) for _ in range(random.choice((1, 1, 2, 7)))]
        drained(work, at)
        if numbers and random.random() < 0.4:
            _act(work.store, random, numbers, at)
        if random.random() < 0.2:  # the process was lost before it settled its deliveries
            execute_sql(
                work.store,
                "UPDATE delivery SET status = 'leased', tries = 1, lease_owner = 'lost', next_at = 0"
                " WHERE status = 'done' AND case_id % 3 = :n",
                n=random.randrange(3),
            )
    work.mailer.works = True
    execute_sql(work.store, "UPDATE delivery SET status = 'waiting', tries = 0, next_at = 0 WHERE status = 'dead'")
    noon = (at // DAY + 1) * DAY + HOUR * 3  # by day, so that no notice waits for the alert hours
    while at < noon:
        at += MINUTE * 55
        drained(work, at)
    _check(work)
    work.store.close()


def _house(seed: int, sqlite_template, tmp_path_factory) -> Work:
    import shutil

    from engine.settings import Settings
    from tests.case_actions import SECRET

    home = tmp_path_factory.mktemp("notices")
    shutil.copy(sqlite_template, home / "closeloop.db")
    copy_anchors(sqlite_template.parent, home)
    return Work(Settings(home=home, secret=SECRET).store(), Unreliable(Random(seed + 1)), _telephone())


def _act(store: Store, random: Random, numbers: list[str], at: timedelta) -> None:
    number, move = random.choice(numbers), random.choice(ACTS)
    try:
        if move == "escalate":
            make_move(store, number, move, after=at, level=random.randint(1, 3))
        else:
            make_move(store, number, move, after=at)
    except Refused:
        return


NOTICES = """
SELECT n.case_id, c.number, n.seq, n.cycle, n.level, n.recipient, n.timer_id, n.mail, n.digest_at, k.closed_at,
       c.closed, m.outcome FROM notice n JOIN cases c ON c.id = n.case_id LEFT JOIN timer k ON k.id = n.timer_id
  LEFT JOIN mail m ON m.key = n.mail
"""
OPEN_STEPS = """
SELECT s.case_id, s.level, s.cycle, c.number FROM escalation_step s JOIN timer k ON k.id = s.timer_id
  JOIN cases c ON c.id = s.case_id WHERE k.closed_at IS NULL AND NOT c.closed
"""


def _check(work: Work) -> None:
    by_key: dict[str, set[Mail]] = defaultdict(set)
    for mail in sent_mails(work):
        by_key[mail.key].add(mail)
    assert all(len(mails) == 1 for mails in by_key.values()), "a key means one text"
    notices = query_rows(work.store, NOTICES)
    asked = Counter((n["case_id"], n["cycle"], n["level"], n["recipient"], n["timer_id"]) for n in notices)
    assert set(asked.values()) <= {1}, "one notice for a case, level, person and promise"
    reached = {(n["case_id"], n["cycle"], n["level"]) for n in notices if n["outcome"] == "sent"}
    for notice in notices:
        if notice["closed"] or (notice["timer_id"] is not None and notice["closed_at"] is not None):
            continue  # it was settled; whether a mail went out before depends on when
        if notice["mail"] is not None and notice["outcome"] != "sent":
            assert (notice["case_id"], notice["cycle"], notice["level"]) in reached, "somebody else is asked since"
            continue
        assert notice["mail"] in by_key, notice
        assert notice["outcome"] == "sent", notice
        [mail] = by_key[notice["mail"]]
        assert notice["number"] in mail.subject + mail.body
    answered = {(n["case_id"], n["cycle"], n["level"]) for n in notices}
    for step in query_rows(work.store, OPEN_STEPS):
        assert (step["case_id"], step["cycle"], step["level"]) in answered, step
    assert {status for _, status, *_ in deliveries(work.store)} <= {"done"}


class Killed(BaseException):
    """Ends the process in the middle of a send."""


class KillingMailer(FakeMailer):
    """Kills the process that hands it a mail for an address."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def send(self, mail: Mail) -> None:
        if mail.to == self._address:
            raise Killed
        super().send(mail)


def killed_while_mailing(work: Work, address: str, after: timedelta) -> None:
    """Do all that is due, until the process is killed when it mails to the address; its deliveries stay leased."""
    work.mailer = KillingMailer(address)
    with pytest.raises(Killed):
        drained(work, after)
    work.mailer = FakeMailer()


@pytest.mark.any_database
def test_who_was_asked_gets_the_mail_although_the_case_has_moved_to_others_meanwhile(work: Work):
    with work.store.writing() as tx:
        add_actor(tx, NewActor("sam", (Role.TEAM_SUPERVISOR,), "claims", email="sam@example.com"))
        add_actor(tx, NewActor("pia", (Role.TEAM_SUPERVISOR,), "delivery", email="pia@example.com"))
    number = new_case(work.store, text=DAMAGE)
    drained(work, timedelta())
    killed_while_mailing(work, "sam@example.com", LATE)
    make_move(work.store, number, "reclassify", by=SUPERVISOR, after=LATE, category="delay", department="delivery")
    drained(work, LATE + 2 * MINUTE)
    asked = {row["recipient"] for row in query_rows(work.store, "SELECT recipient FROM notice WHERE level = 1")}
    assert "sam" in asked
    assert asked <= {mail.to.partition("@")[0] for mail in sent_mails(work)}
    assert {status for _, status, *_ in deliveries(work.store)} == {"done"}


@pytest.mark.any_database
def test_a_notice_that_nobody_sent_is_forgotten_once_it_is_moot(work: Work):
    number = new_case(work.store, text=DAMAGE)
    drained(work, timedelta())
    killed_while_mailing(work, "sue@example.com", LATE)
    make_move(work.store, number, "reply", by=AGENT, after=LATE)
    drained(work, LATE + 2 * MINUTE)
    assert query_rows(work.store, "SELECT recipient FROM notice WHERE level = 1") == []
    assert query_rows(work.store, "SELECT key FROM mail WHERE outcome IS NULL") == []
    assert "sue@example.com" not in recipients(work)
