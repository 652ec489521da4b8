"""The driver without Prefect: commits and its alarm wake it; it does each piece of work once and survives failures."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.driver import LEASE, LONGEST_SLEEP, drive
from engine.commands.open_case import Opening, open_case
from engine.settings import Settings
from engine.store import Store
from flows.work import Work
from gateways.mail import FakeMailer, Mail
from gateways.telephone import CallList
from models.contact import Contact
from statemachines.lifecycle import Refused
from tests.case_actions import HOUR, execute_sql, query_rows
from tests.chaos.shifted_time import ShiftedWork, TimeOffset

PATIENCE = 20.0
"""Seconds after which a test gives up; no test here should need one second."""


class ManualAlarm:
    """An alarm that rings by hand. The driver sets it at the end of each pass, so that a test can wait for a pass.

    Drivers that share ``passed`` share the end of their passes: a wait ends with a pass of either.
    """

    def __init__(self, passed: asyncio.Event | None = None) -> None:
        self.set_for: list[datetime] = []
        self.stopped = False
        self._passed = passed or asyncio.Event()

    def bind(self, ring: Callable[[], None]) -> "ManualAlarm":
        self.ring = ring
        return self

    def ring_at(self, instant: datetime) -> None:
        self.set_for.append(instant)
        self._passed.set()

    def stop(self) -> None:
        self.stopped = True

    async def passes_until(self, condition: Callable[[], object]) -> None:
        """Wait for the end of a pass, again and again, until the condition holds."""
        async with asyncio.timeout(PATIENCE):
            while True:
                self._passed.clear()
                if self.set_for and condition():
                    return
                await self._passed.wait()


class FlakyMailer(FakeMailer):
    """Fails at the first mail to each of the addresses."""

    def __init__(self, *fails: str) -> None:
        super().__init__()
        self.fails = list(fails)

    def send(self, mail: Mail) -> None:
        if mail.to in self.fails:
            self.fails.remove(mail.to)
            raise ConnectionResetError
        super().send(mail)


def without_simulated_time(settings: Settings) -> Settings:
    """Make the store use the system's time from now on, and return its settings."""
    with closing(settings.store()) as store:
        execute_sql(store, "UPDATE store_info SET simulated_at = NULL")
    return settings


@contextmanager
def work_of(settings: Settings) -> Iterator[ShiftedWork]:
    """Yield the work of a driver, whose time can be shifted."""
    with closing(settings.store()) as store:
        yield ShiftedWork(store, FakeMailer(), CallList(), "en", offset=TimeOffset())


@pytest.fixture
def real(settings: Settings) -> Settings:
    """A store that is not simulated, on each database."""
    return without_simulated_time(settings)


@pytest.fixture
def shifted_work(real: Settings) -> Iterator[ShiftedWork]:
    """The work of a driver of that store."""
    with work_of(real) as work:
        yield work


@asynccontextmanager
async def driving(work: ShiftedWork, passed: asyncio.Event | None = None) -> AsyncIterator[ManualAlarm]:
    """Run a driver and yield its alarm after the first pass; at the end the driver must stop at once."""
    stop, alarm = asyncio.Event(), ManualAlarm(passed)
    task = asyncio.create_task(drive(work, stop, alarm.bind))
    try:
        await asyncio.wait({task, asyncio.create_task(alarm.passes_until(lambda: True))}, return_when="FIRST_COMPLETED")
        if task.done():
            task.result()
        yield alarm
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(task, return_exceptions=True)


def open_in_another_process(settings: Settings, work: ShiftedWork, email: str) -> str:
    """Open a case through a store of its own, as another process does; return its number."""
    with closing(settings.store()) as store:
        now = work.watch()
        return open_case(store, Opening(Contact(row_id="-", at=now, text="Please call.", email=email)), now).number


def unfinished(store: Store) -> list[Any]:
    return query_rows(store, "SELECT 1 FROM delivery WHERE status <> 'done' UNION ALL SELECT 2 FROM outbox_event")


def mails(work: ShiftedWork) -> list[Mail]:
    assert isinstance(work.mailer, FakeMailer)
    return work.mailer.sent


def acknowledged(work: ShiftedWork) -> list[str]:
    """Return the customers to whom the receipt of their contact was acknowledged, once for each mail."""
    return sorted(mail.to for mail in mails(work) if "acknowledge_contact" in mail.key)


def drivers(store: Store) -> list[str]:
    return [row["name"] for row in query_rows(store, "SELECT name FROM lease") if row["name"].startswith(LEASE)]


def test_a_commit_elsewhere_wakes_the_driver_and_each_delivery_is_made_once(real: Settings, shifted_work: ShiftedWork):
    async def scene() -> None:
        async with driving(shifted_work) as alarm:  # whose alarm never rings
            open_in_another_process(real, shifted_work, "ann@example.com")
            await alarm.passes_until(lambda: acknowledged(shifted_work) and not unfinished(shifted_work.store))
            open_in_another_process(real, shifted_work, "bob@example.com")
            await alarm.passes_until(lambda: len(acknowledged(shifted_work)) > 1 and not unfinished(shifted_work.store))

    asyncio.run(scene())
    awaited = ["amy@example.com", "amy@example.com"]  # the agent whom both cases await
    assert sorted(mail.to for mail in mails(shifted_work)) == [*awaited, "ann@example.com", "bob@example.com"]
    assert query_rows(shifted_work.store, "SELECT count(*) AS n FROM transition WHERE move = 'acknowledge'") == [
        {"n": 2}
    ]
    assert {row["tries"] for row in query_rows(shifted_work.store, "SELECT tries FROM delivery")} == {1}


def test_the_alarm_is_set_for_the_next_due_work_and_never_far_ahead(real: Settings, shifted_work: ShiftedWork):
    async def scene() -> None:
        number = open_in_another_process(real, shifted_work, "ann@example.com")
        async with driving(shifted_work) as alarm:
            await alarm.passes_until(lambda: not unfinished(shifted_work.store))
            assert alarm.set_for[-1] <= shifted_work.watch() + LONGEST_SLEEP
            assert shifted_work.offset is not None
            shifted_work.offset.jump((2 * HOUR).total_seconds())
            alarm.ring()
            fired = (
                "SELECT percent FROM escalation_step JOIN cases ON cases.id = case_id WHERE number = :number ORDER BY 1"
            )
            await alarm.passes_until(lambda: query_rows(shifted_work.store, fired, number=number))
            assert [row["percent"] for row in query_rows(shifted_work.store, fired, number=number)] == [75, 100]

    asyncio.run(scene())


def test_a_stopped_driver_releases_its_lease(shifted_work: ShiftedWork):
    async def scene() -> None:
        async with driving(shifted_work) as alarm:
            assert len(drivers(shifted_work.store)) == 1
            assert not alarm.stopped
        assert alarm.stopped

    asyncio.run(scene())
    assert drivers(shifted_work.store) == []


def test_a_second_driver_of_one_sqlite_store_is_refused(sqlite_settings: Settings):
    async def scene(first: ShiftedWork, second: ShiftedWork) -> None:
        async with driving(first):
            with pytest.raises(Refused) as refused:
                await drive(second, asyncio.Event(), ManualAlarm().bind)
            assert refused.value.code == "driver_running"
        async with driving(second):  # once the first has ended
            assert drivers(second.store) == [LEASE]

    without_simulated_time(sqlite_settings)
    with work_of(sqlite_settings) as first, work_of(sqlite_settings) as second:
        asyncio.run(scene(first, second))


@pytest.mark.postgres
def test_two_drivers_of_one_postgres_store_send_each_mail_once(postgres_settings: Settings):
    emails = [f"c{n}@example.com" for n in range(10)]

    async def scene(first: ShiftedWork, second: ShiftedWork) -> None:
        passed = asyncio.Event()  # the last delivery may be made by either
        async with driving(first, passed) as alarm, driving(second, passed):
            assert len(drivers(first.store)) == 2
            for email in emails:
                await asyncio.to_thread(open_in_another_process, postgres_settings, first, email)
            await alarm.passes_until(
                lambda: len(acknowledged(first) + acknowledged(second)) >= 10 and not unfinished(first.store)
            )

    without_simulated_time(postgres_settings)
    with work_of(postgres_settings) as first, work_of(postgres_settings) as second:
        asyncio.run(scene(first, second))
        assert sorted(acknowledged(first) + acknowledged(second)) == emails
        keys = [mail.key for mail in mails(first) + mails(second)]
        assert len(keys) == len(set(keys))


def test_a_simulated_store_is_not_driven(sqlite_store: Store):
    work = Work(sqlite_store, FakeMailer(), CallList())
    with pytest.raises(Refused) as refused:
        asyncio.run(drive(work, asyncio.Event()))
    assert refused.value.code == "simulated_store"


def test_a_failing_reaction_is_retried_and_delays_no_other(real: Settings, shifted_work: ShiftedWork):
    shifted_work.mailer = FlakyMailer("ann@example.com")

    async def scene() -> None:
        open_in_another_process(real, shifted_work, "ann@example.com")
        open_in_another_process(real, shifted_work, "bob@example.com")
        async with driving(shifted_work) as alarm:
            await alarm.passes_until(lambda: "bob@example.com" in acknowledged(shifted_work))
            waiting = "SELECT status, tries, error FROM delivery WHERE status <> 'done'"
            await alarm.passes_until(lambda: len(query_rows(shifted_work.store, waiting)) == 1)
            expected = {"status": "waiting", "tries": 1, "error": "ConnectionResetError"}
            assert query_rows(shifted_work.store, waiting) == [expected]
            assert shifted_work.offset is not None
            shifted_work.offset.jump(timedelta(seconds=11).total_seconds())
            alarm.ring()
            await alarm.passes_until(lambda: not unfinished(shifted_work.store))

    asyncio.run(scene())
    assert acknowledged(shifted_work) == ["ann@example.com", "bob@example.com"]


def test_the_driver_survives_a_failure_of_the_database(
    real: Settings, shifted_work: ShiftedWork, driver_log: list[str]
):
    open_in_another_process(real, shifted_work, "ann@example.com")
    execute_sql(shifted_work.store, "ALTER TABLE outbox_event RENAME TO gone")

    async def scene() -> None:
        async with driving(shifted_work) as alarm:
            assert any("a tick failed" in message for message in driver_log)
            assert alarm.set_for[-1] < shifted_work.watch() + timedelta(seconds=2)
            execute_sql(shifted_work.store, "ALTER TABLE gone RENAME TO outbox_event")
            alarm.ring()
            await alarm.passes_until(lambda: acknowledged(shifted_work) and not unfinished(shifted_work.store))

    asyncio.run(scene())
    assert acknowledged(shifted_work) == ["ann@example.com"]
