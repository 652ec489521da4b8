"""What the tests of the flows share: a clock that moves on, drained work, and gateways that fail."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

from engine.commands.open_case import Opening, open_case
from engine.create_store import set_clock
from engine.store import Store
from flows.run_info import RunInfo, RunResult
from flows.tick import drain
from flows.work import Work
from gateways.mail import FakeMailer, Mail
from tests.case_actions import START, contact, query_rows
from tests.one_thread import run_in_one_thread

T = TypeVar("T")

DAMAGE = "签收时发现货物破损,外箱塌了一角。"
"""The rules are sure of it: cargo damage, which is the claims department's."""
HINT = "仓库门口有积水。"
"""A hint that never decides alone."""
ODD = "请问你们的标志是谁设计的?"


def drained(work: Work, after: timedelta) -> int:
    """Set the simulated clock to this long after ``START`` and do all that is due; returns how much."""
    set_clock(work.store, START + after)
    return run_in_one_thread(drain(work))


def imported(store: Store, happened: timedelta, now: timedelta, **fields: object) -> str:
    """Open a case for an imported contact of the past; returns its number."""
    set_clock(store, START + now)
    opening = Opening(contact(happened, **fields), actor="import", via="import", source="desk")
    return open_case(store, opening, START + now).number


def sent_mails(work: Work) -> list[Mail]:
    """Return every mail that went out."""
    assert isinstance(work.mailer, FakeMailer)
    return work.mailer.sent


def templates_to(work: Work, address: str) -> list[str]:
    """Return the templates of the mails that went to an address."""
    return [mail.key.split(":")[3] for mail in sent_mails(work) if mail.to == address]


def deliveries(store: Store) -> list[tuple[str, str, int, str | None]]:
    """Return reaction, status, tries and error of every delivery."""
    rows = query_rows(store, "SELECT reaction, status, tries, error FROM delivery ORDER BY case_id, seq, reaction")
    return [(row["reaction"], row["status"], row["tries"], row["error"]) for row in rows]


class Down(Exception):
    """A gateway that cannot be reached; its text is personal."""


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
    """An observer that records its runs; ``there`` says whether it reports them as observed."""

    there: bool = True
    sights: list[RunInfo] = field(default_factory=list[RunInfo])

    async def run(self, run_info: RunInfo, work: Work, body: Callable[[Work], Awaitable[T]]) -> RunResult[T]:
        self.sights.append(run_info)
        run_id = "a-run" if self.there else None
        return RunResult(await body(replace(work, run_id=run_id)), observed=self.there, run_id=run_id)
