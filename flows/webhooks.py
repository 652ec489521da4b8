"""Sends webhooks: each subscription has a queue of its own, so that one whose receiver is slow delays no other.

A delivery waits for the earlier one of its case and subscription, is leased before it is sent and tried again later,
like any delivery of the outbox. What is sent twice, because a process died, bears the same id.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from engine.backoff import TRIES, next_try
from engine.outbox.deliveries import Leased, lease_webhook, settle
from engine.outbox.waiting_deliveries import subscriptions_due
from engine.webhook_reactions import webhook_of
from engine.webhooks.messages import composed
from flows.run_text import RunText, Value
from flows.work import Work, in_this_thread, off_loop
from gateways.webhook_sender import WebhookFailed

T = TypeVar("T")

AT_ONCE = 4
"""How many messages one receiver is sent at the same time."""
BATCH = 40
"""How many deliveries are leased together: all of them, by a receiver that never answers, take less than the lease."""
FEW = 20
"""Up to this many deliveries, each is shown as a step of its own."""
RUN_LIMIT = 1000
"""A run ends after about this many deliveries to a subscription."""
FAILURE = "Webhook"
"""What the errors of failed deliveries begin with; the code follows."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a run tried to send: (number, subscription, error's code or None)."""

    outcomes: tuple[tuple[str, int, str | None], ...]

    @property
    def did(self) -> int:
        """How many messages were tried."""
        return len(self.outcomes)


async def send_webhooks(work: Work) -> Sent:
    """Send what is due to each subscription. The lease is committed before anything is sent."""
    due = await off_loop(subscriptions_due, work.store, await work.now())
    queues = [(reaction, webhook_id) for reaction in due if (webhook_id := webhook_of(reaction)) is not None]
    if not queues:
        work.log(RunText("log.nothing_waits"))
        return Sent(())
    # Not the loop's own threads: those do the work of the database.
    pool = ThreadPoolExecutor(AT_ONCE * len(queues), "webhook")
    try:
        sent = await asyncio.gather(*(_Queue(work, pool, *queue).send_all() for queue in queues))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return Sent(tuple(outcome for outcomes in sent for outcome in outcomes))


@dataclass(frozen=True, slots=True)
class _Queue:
    """The deliveries to one subscription."""

    work: Work
    pool: ThreadPoolExecutor
    reaction: str
    webhook_id: int

    async def send_all(self) -> list[tuple[str, int, str | None]]:
        """Lease and send until nothing may be sent, or the run is full."""
        made: list[tuple[str, int, str | None]] = []
        work = self.work
        while len(made) < RUN_LIMIT:
            batch = await off_loop(lease_webhook, work.store, work.name, self.reaction, await work.now(), BATCH)
            if not batch and not batch.lost:
                break
            slots, send = asyncio.Semaphore(AT_ONCE), self._send_as_step if len(batch) <= FEW else self._send

            async def in_turn(leased: Leased) -> tuple[Leased, str | None]:
                async with slots:  # noqa: B023 (used within this pass alone)
                    return leased, await send(leased)  # noqa: B023

            results = await asyncio.gather(*(in_turn(leased) for leased in batch))
            now = await work.now()
            dead = [*batch.lost, *await off_loop(settle, work.store, results, now)]
            self._log(results, dead, now)
            made += [(leased.event.number, self.webhook_id, error) for leased, error in results]
        return made

    async def _send_as_step(self, leased: Leased) -> str | None:
        title = self._about("step.send_webhook", leased)
        return await self.work.step("send-webhook", partial(self._send, leased), title, failure=lambda error: error)

    async def _send(self, leased: Leased) -> str | None:
        """Send one message; return its failure as a code. Nobody subscribes any more: then it is done."""
        now = await self.work.now()
        try:
            message = await off_loop(composed, self.work.store, leased, self.webhook_id, now)
            if message is not None:
                send = partial(self.work.webhooks.send, message.url, message.headers, message.body)
                await self._in_pool(send)
        except WebhookFailed as failed:
            return f"{FAILURE}.{failed.code}"
        except Exception as error:  # noqa: BLE001 (it is tried again, and ends as a dead letter)
            return type(error).__name__
        return None

    async def _in_pool(self, send: Callable[[], T]) -> T:
        """Run what waits for a receiver in a thread for it; see ``in_this_thread``."""
        if in_this_thread.get():
            return send()
        return await asyncio.get_running_loop().run_in_executor(self.pool, send)

    def _log(self, results: list[tuple[Leased, str | None]], dead: list[Leased], now: datetime) -> None:
        for leased, error in results:
            if error is None:
                self.work.log(self._about("log.webhook_sent", leased))
            elif leased not in dead:
                text = self._about(
                    "log.webhook_failed",
                    leased,
                    code=error,
                    tries=leased.tries,
                    most=TRIES,
                    again=next_try(now, leased.tries),
                )
                self.work.log(text, logging.WARNING)
        for leased in dead:
            self.work.log(self._about("log.webhook_given_up", leased), logging.ERROR)

    def _about(self, key: str, leased: Leased, **values: Value) -> RunText:
        return RunText(key, leased.event.kind, number=leased.event.number, webhook=self.webhook_id, **values)
