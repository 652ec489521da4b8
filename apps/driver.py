"""The driver: woken by commits, by its alarm and at the latest after 30 s, it does all that is due."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from apps.night_anchor import NightAnchor
from apps.notify_listener import listen
from apps.watch import Watch
from apps.webhook_lane import sending_webhooks
from engine.clock import system_now
from engine.clock_doubt import believe_clock
from engine.outages import WORKER_AWAY, excused, note_outage
from engine.store import Store
from engine.timers.next_due import look
from flows.duty_lease import holding
from flows.scheduled_work import DRIVER, Overdue, overdue, watch_scheduled
from flows.tick import drain
from flows.work import Work, off_loop
from statemachines.lifecycle import Refused

log = logging.getLogger("closeloop.driver")

LEASE = DRIVER
LONGEST_SLEEP = timedelta(seconds=30)
NIGHT_GRACE = timedelta(minutes=20)
"""Scheduled work later than this is done by the driver: Prefect or its worker is away."""
RETRY_SECONDS = 1.0


class Alarm(Protocol):
    """Rings once at an instant; setting it again replaces the instant."""

    def ring_at(self, instant: datetime) -> None:
        """Ring at that instant, or at once if it has passed."""
        ...

    def stop(self) -> None:
        """Stop ringing."""
        ...


class SchedulerAlarm:
    """An alarm on APScheduler. Its one job only sets an event, so a run of it is never skipped as overlapping."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._scheduler.start()

    def ring_at(self, instant: datetime) -> None:
        """Ring at that instant, or at once if it has passed."""
        run_date = max(instant, system_now())
        self._scheduler.add_job(
            self._ring, "date", run_date=run_date, id="alarm", replace_existing=True, misfire_grace_time=None
        )

    def stop(self) -> None:
        """Stop ringing."""
        self._scheduler.shutdown(wait=False)


MakeAlarm = Callable[[Callable[[], None]], Alarm]
"""Makes an alarm that calls the given function when it rings."""


async def drive(work: Work, stop: asyncio.Event, make_alarm: MakeAlarm = SchedulerAlarm) -> None:
    """Do what is due until ``stop`` is set.

    Raises ``Refused('simulated_store')``, or ``Refused('driver_running')`` for a second driver on SQLite.
    """
    if work.store.simulated:
        raise Refused("simulated_store")
    await off_loop(believe_clock, work.store)
    async with _hold_lease(work), _wake_up(work, make_alarm) as (wake, alarm):
        stopping, watch, night_anchor = asyncio.create_task(_set_with(stop, wake)), Watch(), NightAnchor()
        try:
            async with sending_webhooks(work, wake.set) as webhooks:
                while not stop.is_set():
                    wake.clear()
                    alarm.ring_at(await _tick(work, watch, night_anchor))
                    webhooks.start()
                    await wake.wait()
        finally:
            stopping.cancel()


async def _tick(work: Work, watch: Watch, night_anchor: NightAnchor) -> datetime:
    """Do what is due; returns when to do so again. An error does not end the driver: it tries again."""
    now = await work.now()
    try:
        await drain(work, webhooks=False)
        await watch.saw(work, now)
        await _missed_nights(work)
        await night_anchor.after_night(work, now)
        due = await off_loop(look, work.store, now)
    except Exception as error:  # noqa: BLE001 (an error does not end the driver)
        log.error("a tick failed: %s", type(error).__name__)
        watch.failed(error, now)
        return now + timedelta(seconds=RETRY_SECONDS)
    latest = now + LONGEST_SLEEP
    return min(due.next() or latest, latest)


async def _missed_nights(work: Work) -> None:
    now = await work.now()
    for late in await off_loop(overdue, work, now, NIGHT_GRACE):
        result = await watch_scheduled(work, late.name, "caught-up")
        if result.observed:
            await off_loop(_note_worker_away, work.store, late, now)


def _note_worker_away(store: Store, late: Overdue, now: datetime) -> None:
    """Record that Prefect's worker was away, unless another outage explains the late work: Prefect itself answered."""
    with store.looking() as tx:
        other_outages = excused(tx, late.due)
    if not other_outages:
        note_outage(store, WORKER_AWAY, late.due, now)


@contextlib.asynccontextmanager
async def _wake_up(work: Work, make_alarm: MakeAlarm) -> AsyncGenerator[tuple[asyncio.Event, Alarm]]:
    """Wake the driver by other processes' commits and by the alarm. Waking is a hint; the tables decide what is due."""
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
async def _hold_lease(work: Work) -> AsyncGenerator[None]:
    """Hold and renew the driver's lease, whose row is the heartbeat that ``status`` reads.

    SQLite has one writer, so a second driver is refused; on Postgres several drivers run side by side.
    """
    async with holding(work, f"{LEASE}:{work.name}" if work.store.postgres else LEASE) as held:
        if not held:
            raise Refused("driver_running")
        yield


async def _set_with(stop: asyncio.Event, wake: asyncio.Event) -> None:
    await stop.wait()
    wake.set()
