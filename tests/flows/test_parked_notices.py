"""Cases that fail repeatedly are parked with one alert mail, and delay no other case."""

import asyncio
from datetime import timedelta
from threading import Event

import pytest

from engine.actors import NewActor, add_actor
from engine.create_store import set_clock
from engine.store import Store
from engine.timers.next_due import look
from flows.nights.plan_callbacks import Called, make_calls, plan_callbacks
from flows.scheduled_work import run_scheduled
from flows.work import Work
from gateways.telephone import Call, FakeTelephone, Outcome
from models.columns import from_micros
from statemachines.roles import Role
from tests.case_actions import (
    DAY,
    HOUR,
    MICROSECOND,
    START,
    execute_sql,
    fired_steps_of,
    new_case,
    new_resolved_case,
    query_rows,
)
from tests.flows.scenes import ODD, Down, FailingMailer, drained, sent_mails


def new_failing_cases(store: Store, count: int) -> list[str]:
    """Open cases in a state that no lifecycle has; return their numbers."""
    numbers = [new_case(store, text=ODD) for _ in range(count)]
    for number in numbers:
        execute_sql(store, "UPDATE cases SET state = 'limbo' WHERE number = :number", number=number)
    return numbers


def drain_until(work: Work, until: timedelta) -> None:
    """Drain at every instant at which work is due."""
    while (due := look(work.store, work.store.now()).next()) is not None and due <= START + until:
        drained(work, due - START)


def parked_mails(work: Work) -> list[str]:
    return [mail.to for mail in sent_mails(work) if mail.key.startswith("parked:")]


@pytest.fixture
def admin(work: Work) -> None:
    with work.store.writing() as tx:
        add_actor(tx, NewActor("ada", (Role.ADMINISTRATOR,), locale="en", email="ada@example.com"))


@pytest.mark.usefixtures("admin")
def test_many_parked_cases_are_one_mail_to_each_and_stop_no_other(work: Work):
    failing, sound = new_failing_cases(work.store, 3), new_case(work.store, text=ODD)
    drain_until(work, 2 * HOUR)
    assert sorted(parked_mails(work)) == ["ada@example.com", "sue@example.com"]
    [mail] = [mail for mail in sent_mails(work) if mail.to == "ada@example.com"]
    assert mail.subject == "Cases that fail again and again: 3"
    assert all(f"{number} · deadlines · lost_state" in mail.body for number in failing)
    drain_until(work, DAY + MICROSECOND)
    assert len(parked_mails(work)) == 2
    assert len(fired_steps_of(work.store, sound)) == 6


@pytest.mark.usefixtures("admin")
def test_an_alert_that_fails_is_sent_with_the_night(work: Work):
    work.mailer = FailingMailer(1)
    new_failing_cases(work.store, 1)
    drain_until(work, DAY)
    assert parked_mails(work) == []
    assert work.mailer.times == 0
    asyncio.run(run_scheduled(work, "overnight-escalation"))
    assert len(parked_mails(work)) == 2


class CutTelephone(FakeTelephone):
    """A telephone whose line is cut until an instant."""

    def __init__(self, work: Work, until: timedelta) -> None:
        super().__init__()
        self.work, self.until, self.tried = work, START + until, list[timedelta]()

    def call(self, call: Call) -> Outcome:
        self.tried.append(self.work.store.now() - START)
        if self.work.store.now() < self.until:
            raise Down
        return super().call(call)


class SlowTelephone(FakeTelephone):
    """A telephone whose first call lasts until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.release = Event()

    def call(self, call: Call) -> Outcome:
        first = not self.rung
        answer = super().call(call)
        if first:
            self.release.wait(10)
        return answer


def test_a_slow_telephone_delays_neither_the_tick_nor_the_other_customers(work: Work):
    numbers = [new_resolved_case(work.store, text=ODD) for _ in range(3)]
    asyncio.run(plan_callbacks(work))
    work.telephone = line = SlowTelephone()
    set_clock(work.store, START + DAY)

    async def passes() -> tuple[Called, Called]:
        slow = await make_calls(work, 0.05)
        rest = await make_calls(work, 0.05)
        line.release.set()
        return slow, rest

    slow, rest = asyncio.run(passes())
    assert slow.calls == ((numbers[0], 1, "failed.TimeoutError"),)
    assert [(number, outcome) for number, _, outcome in rest.calls] == [(n, "no_answer") for n in numbers[1:]]
    drained(work, DAY + timedelta(seconds=10))
    assert line.rung[-1].key == line.rung[0].key, "called again under the same key"


def test_a_failing_telephone_is_retried_at_growing_intervals_until_it_answers(work: Work):
    number = new_resolved_case(work.store, text=ODD)
    work.telephone = line = CutTelephone(work, DAY + 3 * HOUR)
    drained(work, HOUR * 0)
    drain_until(work, DAY + 6 * HOUR)
    [planned] = [
        row["planned_at"] for row in query_rows(work.store, "SELECT planned_at FROM callback WHERE attempt = 1")
    ]
    first = from_micros(planned) - START
    intervals = [at - first for at in line.tried if at < line.until - START]
    assert [int(interval.total_seconds()) for interval in intervals[:5]] == [0, 10, 50, 210, 850]
    assert len(intervals) <= 8
    assert parked_mails(work) == ["sue@example.com"]
    [outcome] = [row["outcome"] for row in query_rows(work.store, "SELECT outcome FROM callback WHERE attempt = 1")]
    assert outcome == "no_answer"
    assert number in sent_mails(work)[0].body
