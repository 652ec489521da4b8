"""The driver: woken by commits, by the alarm and by the clock, it passes over what is due until nothing is."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from apps.notify_listener import listen
from apps.watch import Watch
from engine.clock import system_now
from engine.outages import WORKER_AWAY, excused, note_outage
from engine.runs import hold, let_go
from engine.store import Store
from engine.timers.next_due import look
from flows.scheduled_work import DRIVER, Overdue, overdue, watch_scheduled
from flows.tick import settle
from flows.work import Work, off_loop
from statemachines.lifecycle import Refused

log = logging.getLogger("closeloop.driver")

LEASE = DRIVER
LEASE_SECONDS = 30
BEAT_SECONDS = 10
LONGEST_SLEEP = timedelta(seconds=30)
NIGHT_GRACE = timedelta(minutes=20)
"""So late, scheduled work that nobody did is done by the driver: Prefect or its worker is away."""
PAUSE_AFTER_TROUBLE = 1.0


class Alarm(Protocol):
    """Rings once at an instant; setting it again replaces the instant."""

    def ring_at(self, instant: datetime) -> None:
        """Ring at that instant, or at once if it has passed."""
        ...

    def stop(self) -> None:
        """Ring no more."""
        ...


class SchedulerAlarm:
    """The alarm on APScheduler: its one job only sets an event, so it can never be busy."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._scheduler.start()

    def ring_at(self, instant: datetime) -> None:
        when = max(instant, system_now())
        self._scheduler.add_job(
            self._ring, "date", run_date=when, id="alarm", replace_existing=True, misfire_grace_time=None
        )

    def stop(self) -> None:
        """Ring no more."""
        self._scheduler.shutdown(wait=False)


MakeAlarm = Callable[[Callable[[], None]], Alarm]
"""Makes an alarm that calls what it is given."""


async def drive(work: Work, stop: asyncio.Event, make_alarm: MakeAlarm = SchedulerAlarm) -> None:
    """Pass over what is due until ``stop`` is set.

    Raises ``Refused('simulated_store')``, or ``Refused('driver_running')`` for a second driver on SQLite.
    """
    if work.store.simulated:
        raise Refused("simulated_store")
    async with _duty(work), _awake(work, make_alarm) as (wake, alarm):
        stopping, watch = asyncio.create_task(_set_with(stop, wake)), Watch()
        try:
            while not stop.is_set():
                wake.clear()
                alarm.ring_at(await _pass(work, watch))
                await wake.wait()
        finally:
            stopping.cancel()


async def _pass(work: Work, watch: Watch) -> datetime:
    """One pass; returns when to look again. Trouble with the database is waited out, never died of."""
    now = await work.now()
    try:
        await settle(work)
        await watch.saw(work, now)
        await _missed_nights(work)
        agenda = await off_loop(look, work.store, now)
    except Exception as error:  # noqa: BLE001 (trouble is waited out, never died of)
        log.error("a pass failed: %s", type(error).__name__)
        watch.failed(error, now)
        return now + timedelta(seconds=PAUSE_AFTER_TROUBLE)
    soonest = now + LONGEST_SLEEP
    return min(agenda.next() or soonest, soonest)


async def _missed_nights(work: Work) -> None:
    now = await work.now()
    for late in await off_loop(overdue, work, now, NIGHT_GRACE):
        seen = await watch_scheduled(work, late.name, "caught-up")
        if seen.observed:
            await off_loop(_blame_worker, work.store, late, now)


def _blame_worker(store: Store, late: Overdue, now: datetime) -> None:
    """Prefect was there and nobody did its work: unless nobody could have, its worker was away."""
    with store.looking() as tx:
        others = excused(tx, late.due)
    if not others:
        note_outage(store, WORKER_AWAY, late.due, now)


@contextlib.asynccontextmanager
async def _awake(work: Work, make_alarm: MakeAlarm) -> AsyncGenerator[tuple[asyncio.Event, Alarm]]:
    """What wakes the driver: other processes' commits, and the alarm. Waking is a hint; the tables decide."""
    wake = asyncio.Event()
    alarm = make_alarm(wake.set)
    listener = asyncio.create_task(listen(work.store, wake.set))
    try:
        yield wake, alarm
    finally:
        listener.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listener
        alarm.stop()


@contextlib.asynccontextmanager
async def _duty(work: Work) -> AsyncGenerator[None]:
    """Hold the driver's lease and keep it warm: its row is the heartbeat that ``status`` reads.

    SQLite has one writer, so a second driver is refused; on Postgres several drive side by side.
    """
    name = f"{LEASE}:{work.name}" if work.store.postgres else LEASE
    if not await off_loop(hold, work.store, name, work.name, await work.now(), LEASE_SECONDS):
        raise Refused("driver_running")
    beat = asyncio.create_task(_beat(work, name))
    try:
        yield
    finally:
        beat.cancel()
        with contextlib.suppress(Refused):
            await off_loop(let_go, work.store, name, work.name)


async def _beat(work: Work, name: str) -> None:
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        with contextlib.suppress(Exception):  # trouble is waited out here, too: a heart that stops beats no more
            await off_loop(hold, work.store, name, work.name, await work.now(), LEASE_SECONDS)


async def _set_with(stop: asyncio.Event, wake: asyncio.Event) -> None:
    await stop.wait()
    wake.set()
