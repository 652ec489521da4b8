"""The driver without Prefect: woken by commits and by the alarm, it does each thing once and outlives trouble."""

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
"""Seconds after which a test gives up; nothing here should take one."""


class Bell:
    """An alarm that rings by hand. The driver sets it at the end of each pass, so that a test can wait for one.

    Drivers that share ``passed`` share the end of their passes: a wait ends with a pass of either.
    """

    def __init__(self, passed: asyncio.Event | None = None) -> None:
        self.set_for: list[datetime] = []
        self.stopped = False
        self._passed = passed or asyncio.Event()

    def made(self, ring: Callable[[], None]) -> "Bell":
        self.ring = ring
        return self

    def ring_at(self, instant: datetime) -> None:
        self.set_for.append(instant)
        self._passed.set()

    def stop(self) -> None:
        self.stopped = True

    async def passes_until(self, told: Callable[[], object]) -> None:
        """Wait for the end of a pass, and of another one, until it is so."""
        async with asyncio.timeout(PATIENCE):
            while True:
                self._passed.clear()
                if self.set_for and told():
                    return
                await self._passed.wait()


class Moody(FakeMailer):
    """Fails with the first mail to each of the addresses."""

    def __init__(self, *fails: str) -> None:
        super().__init__()
        self.fails = list(fails)

    def send(self, mail: Mail) -> None:
        if mail.to in self.fails:
            self.fails.remove(mail.to)
            raise ConnectionResetError
        super().send(mail)


def made_real(settings: Settings) -> Settings:
    """Their store goes by the system's time from now on."""
    with closing(settings.store()) as store:
        execute_sql(store, "UPDATE store_info SET simulated_at = NULL")
    return settings


@contextmanager
def at_work(settings: Settings) -> Iterator[ShiftedWork]:
    """The tools of a driver, whose time can be made to jump."""
    with closing(settings.store()) as store:
        yield ShiftedWork(store, FakeMailer(), CallList(), "en", offset=TimeOffset())


@pytest.fixture
def real(settings: Settings) -> Settings:
    """A store that is not simulated, on each database."""
    return made_real(settings)


@pytest.fixture
def works(real: Settings) -> Iterator[ShiftedWork]:
    """The tools of a driver of that store."""
    with at_work(real) as work:
        yield work


@asynccontextmanager
async def driving(work: ShiftedWork, passed: asyncio.Event | None = None) -> AsyncIterator[Bell]:
    """A driver at work, past its first pass; it is stopped at the end and must be gone at once."""
    stop, bell = asyncio.Event(), Bell(passed)
    task = asyncio.create_task(drive(work, stop, bell.made))
    try:
        await asyncio.wait({task, asyncio.create_task(bell.passes_until(lambda: True))}, return_when="FIRST_COMPLETED")
        if task.done():
            task.result()
        yield bell
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(task, return_exceptions=True)


def opened_by_another(settings: Settings, work: ShiftedWork, email: str) -> str:
    """Another process opens a case; its number."""
    with closing(settings.store()) as store:
        now = work.watch()
        return open_case(store, Opening(Contact(row_id="-", at=now, text="Please call.", email=email)), now).number


def undone(store: Store) -> list[Any]:
    return query_rows(store, "SELECT 1 FROM delivery WHERE status <> 'done' UNION ALL SELECT 2 FROM outbox_event")


def sent(work: ShiftedWork) -> list[str]:
    assert isinstance(work.mailer, FakeMailer)
    return sorted(mail.to for mail in work.mailer.sent)


def drivers(store: Store) -> list[str]:
    return [row["name"] for row in query_rows(store, "SELECT name FROM lease") if row["name"].startswith(LEASE)]


def test_a_commit_elsewhere_wakes_it_and_each_delivery_is_made_once(real: Settings, works: ShiftedWork):
    async def scene() -> None:
        async with driving(works) as bell:  # whose alarm never rings
            opened_by_another(real, works, "ann@example.com")
            await bell.passes_until(lambda: sent(works) and not undone(works.store))
            opened_by_another(real, works, "bob@example.com")
            await bell.passes_until(lambda: len(sent(works)) > 1 and not undone(works.store))

    asyncio.run(scene())
    assert sent(works) == ["ann@example.com", "bob@example.com"]
    assert query_rows(works.store, "SELECT count(*) AS n FROM transition WHERE move = 'acknowledge'") == [{"n": 2}]
    assert {row["tries"] for row in query_rows(works.store, "SELECT tries FROM delivery")} == {1}


def test_its_alarm_is_set_for_what_is_due_next_and_never_far_off(real: Settings, works: ShiftedWork):
    async def scene() -> None:
        number = opened_by_another(real, works, "ann@example.com")
        async with driving(works) as bell:
            await bell.passes_until(lambda: not undone(works.store))
            assert bell.set_for[-1] <= works.watch() + LONGEST_SLEEP
            assert works.offset is not None
            works.offset.jump((2 * HOUR).total_seconds())
            bell.ring()
            fired = (
                "SELECT percent FROM escalation_step JOIN cases ON cases.id = case_id WHERE number = :number ORDER BY 1"
            )
            await bell.passes_until(lambda: query_rows(works.store, fired, number=number))
            assert [row["percent"] for row in query_rows(works.store, fired, number=number)] == [75, 100]

    asyncio.run(scene())


def test_told_to_stop_it_gives_its_duty_back(works: ShiftedWork):
    async def scene() -> None:
        async with driving(works) as bell:
            assert len(drivers(works.store)) == 1
            assert not bell.stopped
        assert bell.stopped

    asyncio.run(scene())
    assert drivers(works.store) == []


def test_a_second_driver_of_one_sqlite_store_is_refused(sqlite_settings: Settings):
    async def scene(one: ShiftedWork, other: ShiftedWork) -> None:
        async with driving(one):
            with pytest.raises(Refused) as refused:
                await drive(other, asyncio.Event(), Bell().made)
            assert refused.value.code == "driver_running"
        async with driving(other):  # once the first is gone
            assert drivers(other.store) == [LEASE]

    made_real(sqlite_settings)
    with at_work(sqlite_settings) as one, at_work(sqlite_settings) as other:
        asyncio.run(scene(one, other))


@pytest.mark.postgres
def test_two_drive_one_postgres_store_and_each_mail_goes_out_once(postgres_settings: Settings):
    emails = [f"c{n}@example.com" for n in range(10)]

    async def scene(one: ShiftedWork, other: ShiftedWork) -> None:
        passed = asyncio.Event()  # the last delivery may be made by either
        async with driving(one, passed) as bell, driving(other, passed):
            assert len(drivers(one.store)) == 2
            for email in emails:
                await asyncio.to_thread(opened_by_another, postgres_settings, one, email)
            await bell.passes_until(lambda: len(sent(one) + sent(other)) >= 10 and not undone(one.store))

    made_real(postgres_settings)
    with at_work(postgres_settings) as one, at_work(postgres_settings) as other:
        asyncio.run(scene(one, other))
        assert sorted(sent(one) + sent(other)) == emails


def test_a_simulated_store_is_not_driven(sqlite_store: Store):
    work = Work(sqlite_store, FakeMailer(), CallList())
    with pytest.raises(Refused) as refused:
        asyncio.run(drive(work, asyncio.Event()))
    assert refused.value.code == "simulated_store"


def test_a_reaction_that_fails_is_tried_again_and_holds_up_no_other(real: Settings, works: ShiftedWork):
    works.mailer = Moody("ann@example.com")

    async def scene() -> None:
        opened_by_another(real, works, "ann@example.com")
        opened_by_another(real, works, "bob@example.com")
        async with driving(works) as bell:
            await bell.passes_until(lambda: "bob@example.com" in sent(works))
            waiting = "SELECT status, tries, error FROM delivery WHERE status <> 'done'"
            await bell.passes_until(lambda: len(query_rows(works.store, waiting)) == 1)
            told = {"status": "waiting", "tries": 1, "error": "ConnectionResetError"}
            assert query_rows(works.store, waiting) == [told]
            assert works.offset is not None
            works.offset.jump(timedelta(seconds=11).total_seconds())
            bell.ring()
            await bell.passes_until(lambda: not undone(works.store))

    asyncio.run(scene())
    assert sent(works) == ["ann@example.com", "bob@example.com"]


def test_trouble_with_the_database_is_waited_out(real: Settings, works: ShiftedWork, caplog: pytest.LogCaptureFixture):
    opened_by_another(real, works, "ann@example.com")
    execute_sql(works.store, "ALTER TABLE outbox_event RENAME TO gone")

    async def scene() -> None:
        async with driving(works) as bell:
            assert "a tick failed" in caplog.text
            assert bell.set_for[-1] < works.watch() + timedelta(seconds=2)
            execute_sql(works.store, "ALTER TABLE gone RENAME TO outbox_event")
            bell.ring()
            await bell.passes_until(lambda: sent(works) and not undone(works.store))

    asyncio.run(scene())
    assert sent(works) == ["ann@example.com"]
