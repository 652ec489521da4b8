"""Work for the tests of the observer: a flow around whatever body a test wants, and work that claims its rows."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.runs import hold
from engine.store import Store
from flows.run_info import RunInfo
from flows.work import Work, off_loop
from gateways.mail import FakeMailer, Mail
from gateways.telephone import FakeTelephone
from tests.case_actions import START

if TYPE_CHECKING:
    from prefect import Flow

    from flows.prefect_ui.observer import PrefectObserver

Body = Callable[[Work], Awaitable[Any]]
NAME = "cp-26-000123 · classified · round 1"
RUN_INFO = RunInfo("react", NAME, ("closeloop", "complaint"), {"cases": ["cp-26-000123"]})


def sample_flow(body: Body, leave: Callable[[Work, Any], Awaitable[None]] | None = None) -> "dict[str, Flow[..., Any]]":
    """Return the flow ``react`` with this body, by its name."""
    from prefect import flow

    from flows.prefect_ui.flow_body import SHELL, leave_nothing, run_body

    @flow(name="react", **SHELL)
    async def react(cases: list[str] | None = None) -> Any:
        return await run_body(body, leave or leave_nothing)

    return {"react": react}


def observer_of(api_url: str, body: Body, **options: Any) -> "PrefectObserver":
    """Return an observer whose only flow has this body; patient enough for a loaded machine unless told otherwise."""
    from flows.prefect_ui.observer import PrefectObserver

    leave = options.pop("leave", None)
    return PrefectObserver(api_url, sample_flow(body, leave), **{"probe_seconds": 5, "start_seconds": 10, **options})


def tools(store: Store) -> Work:
    """The tools of a process."""
    return Work(store, FakeMailer(), FakeTelephone(), "en")


class ClaimedWork:
    """Mails once: like all our work it claims a row before it begins, and counts how often it was begun and done."""

    def __init__(self, claim: str = "the-only-work") -> None:
        self.claim = claim
        self.begun = 0
        self.done = 0

    async def __call__(self, work: Work) -> int:
        self.begun += 1
        if not await off_loop(hold, work.store, self.claim, f"{work.name}-{self.begun}", START, 60):
            return 0
        await asyncio.sleep(0)
        work.mailer.send(Mail(self.claim, "somebody@example.com", "", ""))
        self.done += 1
        return 1


def files_below(folder: Path) -> list[Path]:
    """Return every file below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]
