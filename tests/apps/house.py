"""A house lived through in steps: a real driver and a worker at the tests' own time, any part of which may be away."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from apps.driver import drive
from engine.ledger.journal import journal_row
from engine.settings import Settings
from engine.store import Store
from engine.transaction import Tx
from flows.scheduled_work import run_late
from flows.work import Work
from gateways.mail import FakeMailer, Mail
from gateways.schedule import scheduled
from gateways.telephone import CallList
from models.columns import from_micros, to_micros
from statemachines.lifecycle import Refused
from tests.case_actions import START, execute_sql, query_rows
from tests.flows.scenes import Watching

STEP = timedelta(minutes=5)
"""Shorter than what counts as a gap, longer than a lease; divides a quarter, so that no run of a worker is late."""
BEAT = "UPDATE lease SET seen_at = :at, until = :until WHERE name = 'driver'"
PATIENCE = 20.0


class Flaky(Store):
    """A store whose database is away while ``why`` says so."""

    why = ""

    @contextlib.contextmanager
    def writing(self, *, optimistic: bool = False) -> Generator[Tx]:
        self._answer()
        with super().writing(optimistic=optimistic) as tx:
            yield tx

    @contextlib.contextmanager
    def looking(self) -> Generator[Tx]:
        self._answer()
        with super().looking() as tx:
            yield tx

    def _answer(self) -> None:
        if self.why:
            raise Refused(self.why)


@dataclass
class Clock:
    """What time it is in the house."""

    at: datetime = START


@dataclass
class Timed(Work):
    """The tools of a process that looks at the house's clock."""

    clock: Clock = field(default_factory=Clock)

    async def now(self) -> datetime:
        return self.clock.at


class Bell:
    """An alarm that rings by hand, and tells when a pass is over."""

    def __init__(self) -> None:
        self.passed = asyncio.Event()

    def made(self, ring: Callable[[], None]) -> "Bell":
        self.ring = ring
        return self

    def ring_at(self, instant: datetime) -> None:
        self.passed.set()

    def stop(self) -> None:
        """Nothing rings by itself."""

    async def once(self) -> None:
        """Ring, and wait until a pass that began since is over."""
        for _ in range(2):  # the first may be the end of a pass that began before
            self.passed.clear()
            self.ring()
            await asyncio.wait_for(self.passed.wait(), PATIENCE)


class StoreInfo:
    """The house; what is in ``away`` is away: server, worker, driver, database."""

    def __init__(self, settings: Settings) -> None:
        self.clock = Clock()
        self.mailer = FakeMailer()
        self.settings = settings
        self.away: set[str] = set()
        self.outcomes: list[str] = []
        with closing(settings.store()) as store, store.writing() as tx:
            tx.run("UPDATE store_info SET simulated_at = NULL")
            journal_row(tx, "store_info", (1,), "system", to_micros(START))
        self.store = settings.store()
        url = self.store.url.render_as_string(hide_password=False)
        self.flaky = Flaky(url, Path(self.store.home), self.store.secret)
        self.plans = {plan: plan.after(START) for plan in scheduled()}
        self.late: list[tuple[datetime, str]] = []

    def work(self) -> Timed:
        """The tools of a process: its store is the one whose database may be away."""
        observer = Watching("server" not in self.away)
        return Timed(self.flaky, self.mailer, CallList(), "en", observer, clock=self.clock)

    def live(self, until: timedelta, *away: str) -> None:
        """Go on in steps until so long after ``START``; some parts may be away all the while."""
        self.away = set(away)
        asyncio.run(self._live(START + until))

    async def _live(self, until: datetime) -> None:
        self.flaky.why = "database_away" if "database" in self.away else ""
        async with contextlib.AsyncExitStack() as stack:
            bell = None if "driver" in self.away else await stack.enter_async_context(self._driving())
            while self.clock.at < until:
                self.clock.at = min(self.clock.at + STEP, until)
                if bell is not None:
                    self._beat()
                    await bell.once()
                await self._worker()

    @contextlib.asynccontextmanager
    async def _driving(self) -> AsyncIterator[Bell]:
        stop, bell = asyncio.Event(), Bell()
        # A driver that is there when the database goes began while it was there.
        why, self.flaky.why = self.flaky.why, ""
        task = asyncio.create_task(drive(self.work(), stop, bell.made))
        await asyncio.wait_for(bell.passed.wait(), PATIENCE)
        self.flaky.why = why
        try:
            yield bell
        finally:
            self.flaky.why = ""
            await bell.once()  # a database that is back is found by the driver that missed it
            stop.set()
            await asyncio.wait_for(task, PATIENCE)

    def _beat(self) -> None:
        """The driver's heart beats in real time; here it beats once a step."""
        if "database" not in self.away:
            at = to_micros(self.clock.at)
            execute_sql(self.store, BEAT, at=at, until=at + 30_000_000)

    async def _worker(self) -> None:
        """Prefect makes a late run for each hour that passes; a worker takes those it finds."""
        for plan, due in self.plans.items():
            if due <= self.clock.at and "server" not in self.away:
                self.late.append((due, plan.name))
                self.plans[plan] = plan.after(self.clock.at)
        if self.away & {"worker", "server"}:
            return
        late, self.late = sorted(self.late), []
        for due, name in late:
            with contextlib.suppress(Refused):
                if await run_late(replace(self.work(), run_id="a-run"), name, due) is not None:
                    self.outcomes.append(name)

    def ran(self, name: str) -> list[timedelta]:
        """When that work was done, since ``START``."""
        rows = query_rows(self.store, "SELECT began_at FROM run WHERE flow = :name ORDER BY id", name=name)
        return [from_micros(row["began_at"]) - START for row in rows]

    def mails(self, sort: str = "") -> list[Mail]:
        """The mails whose key tells of that."""
        return [mail for mail in self.mailer.sent if sort in mail.key]

    def close(self) -> None:
        """Let go of the store."""
        self.flaky.close()
        self.store.close()
