"""What the tests of the flows share: the clock moved on, everything settled, and gateways that misbehave."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from engine.commands.open_case import Opening, open_case
from engine.create_store import set_clock
from engine.store import Store
from flows.run_info import RunInfo, RunResult
from flows.tick import drain
from flows.work import Work
from gateways.mail import FakeMailer, Mail
from tests.telling import START, contact, tells

T = TypeVar("T")

DAMAGE = "签收时发现货物破损,外箱塌了一角。"
"""The rules are sure of it: cargo damage, which is the claims department's."""
HINT = "仓库门口有积水。"
"""A hint that never decides alone."""
ODD = "请问你们的标志是谁设计的?"


def settled(work: Work, after: timedelta) -> int:
    """The simulated clock moves to so long after ``START``, and all that is due is done."""
    set_clock(work.store, START + after)
    return asyncio.run(drain(work))


def imported(store: Store, happened: timedelta, now: timedelta, **said: object) -> str:
    """A contact of the past is taken in from a file; its case's number."""
    set_clock(store, START + now)
    opening = Opening(contact(happened, **said), actor="import", via="import", source="desk")
    return open_case(store, opening, START + now).number


def sent(work: Work) -> list[Mail]:
    """Every mail that went out."""
    assert isinstance(work.mailer, FakeMailer)
    return work.mailer.sent


def told(work: Work, address: str) -> list[str]:
    """The templates of the mails that went to an address."""
    return [mail.key.split(":")[3] for mail in sent(work) if mail.to == address]


def deliveries(store: Store) -> list[tuple[str, str, int, str | None]]:
    """Reaction, status, tries and error of every delivery."""
    rows = tells(store, "SELECT reaction, status, tries, error FROM delivery ORDER BY case_id, seq, reaction")
    return [(row["reaction"], row["status"], row["tries"], row["error"]) for row in rows]


class Down(Exception):
    """A gateway that cannot be reached; its words are personal."""


class FailingMailer(FakeMailer):
    """Fails so many times for an address, then sends."""

    def __init__(self, times: int, address: str = "") -> None:
        super().__init__()
        self.times = times
        self.address = address

    def send(self, mail: Mail) -> None:
        if mail.to.endswith(self.address) and self.times > 0:
            self.times -= 1
            raise Down(f"no way to {mail.to}")
        super().send(mail)


@dataclass
class Watching:
    """An observer that notes what it is shown; ``there`` says whether it saw the runs, as Prefect would."""

    there: bool = True
    sights: list[RunInfo] = field(default_factory=list[RunInfo])

    async def run(
        self,
        run_info: RunInfo,
        body: Callable[[], Awaitable[T]],
        leave: Callable[[T], Awaitable[None]] | None = None,
    ) -> RunResult[T]:
        self.sights.append(run_info)
        return RunResult(await body(), observed=self.there, run_id="a-run" if self.there else None)
