"""The driver sends webhooks beside its other work: a receiver that does not answer delays none of it."""

import asyncio
from collections.abc import Iterator, Mapping
from threading import Event

import pytest

from apps import webhook_lane
from apps.webhook_lane import WebhookLane
from engine.settings import Settings
from gateways.webhook_sender import FakeSender, WebhookFailed
from statemachines.refused import Refused
from tests.apps.test_driver import (
    acknowledged,
    driving,
    open_in_another_process,
    query_rows,
    without_simulated_time,
    work_of,
)
from tests.chaos.shifted_time import ShiftedWork
from tests.engine.webhooks.subscribers import subscribe

EMAIL = "canary@customers.example"


@pytest.fixture
def shifted_work(settings: Settings) -> Iterator[ShiftedWork]:
    """The work of a driver of a store that is not simulated, on each database."""
    with work_of(without_simulated_time(settings)) as work:
        yield work


class Silent(FakeSender):
    """Does not answer until it is released; fails the first message if asked to."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__()
        self.called, self.released, self.fails = Event(), Event(), fails

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        self.called.set()
        if not self.released.wait(20):
            raise WebhookFailed("timeout")
        if self.fails:
            self.fails = False
            raise WebhookFailed("status_503")
        super().send(url, headers, body)


def webhooks(work: ShiftedWork) -> list[tuple[str, int]]:
    rows = query_rows(work.store, "SELECT status, tries FROM delivery WHERE reaction = :reaction", reaction="webhook:1")
    return [(row["status"], row["tries"]) for row in rows]


def test_a_mail_goes_out_while_a_receiver_does_not_answer(settings: Settings, shifted_work: ShiftedWork):
    work = shifted_work
    work.webhooks = sender = Silent()
    subscribe(work.store, events=("case.opened",))

    async def story() -> None:
        async with driving(work) as alarm:
            open_in_another_process(settings, work, EMAIL)
            await alarm.passes_until(lambda: acknowledged(work) == [EMAIL])
            assert sender.sent == []
            sender.released.set()
            await alarm.passes_until(lambda: len(sender.sent) == 1)
            await alarm.passes_until(lambda: webhooks(work) == [("done", 1)])

    asyncio.run(story())


def test_a_webhook_that_failed_sets_the_driver_s_alarm(settings: Settings, shifted_work: ShiftedWork):
    work = shifted_work
    work.webhooks = sender = Silent(fails=True)
    sender.released.set()
    subscribe(work.store, events=("case.opened",))

    async def story() -> None:
        async with driving(work) as alarm:
            open_in_another_process(settings, work, EMAIL)
            await alarm.passes_until(lambda: webhooks(work) == [("waiting", 1)])
            [row] = query_rows(work.store, "SELECT next_at FROM delivery WHERE reaction = :name", name="webhook:1")
            await alarm.passes_until(lambda: alarm.set_for[-1].timestamp() <= row["next_at"] / 1e6)

    asyncio.run(story())
    assert sender.sent == []


def test_a_driver_stops_while_a_receiver_does_not_answer(settings: Settings, shifted_work: ShiftedWork):
    work = shifted_work
    work.webhooks = sender = Silent()
    subscribe(work.store, events=("case.opened",))

    async def story() -> None:
        async with driving(work):
            open_in_another_process(settings, work, EMAIL)
            assert await asyncio.to_thread(sender.called.wait, 20)

    try:
        asyncio.run(story())
        assert webhooks(work) == [("leased", 1)], "sent again, under the same id, once the lease has ended"
    finally:
        sender.released.set()


@pytest.mark.parametrize(
    ("errors", "logged"),
    [
        ([Refused("database_away")] * 3, []),
        ([ValueError()] * 3, ["sending webhooks failed: ValueError"]),
        (
            [Refused("disk_full"), Refused("database_away"), OSError()],
            ["sending webhooks failed: disk_full", "sending webhooks failed: OSError"],
        ),
    ],
    ids=["database-away", "one-error", "several"],
)
def test_an_error_is_logged_once_and_the_tick_s_own_not_at_all(
    shifted_work: ShiftedWork,
    monkeypatch: pytest.MonkeyPatch,
    driver_log: list[str],
    errors: list[Exception],
    logged: list[str],
):
    waiting = iter(errors)

    def fail(_store: object) -> None:
        raise next(waiting)

    monkeypatch.setattr(webhook_lane, "RETRY_SECONDS", 0)

    async def story() -> None:
        woken = asyncio.Event()
        lane = WebhookLane(shifted_work, woken.set)
        for _ in errors:
            woken.clear()
            lane.start()
            async with asyncio.timeout(20):
                await woken.wait()
            await asyncio.sleep(0)  # the task that woke us ends
        await lane.stop()

    monkeypatch.setattr("flows.tick.refuse_doubtful_clock", fail)
    asyncio.run(story())
    assert driver_log == logged
