"""Processes made to be killed: forked from one that has imported everything, so that a life costs no start-up."""

import asyncio
import contextlib
import ctypes
import os
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from apps.driver import drive
from engine.settings import Settings
from flows.scheduled_work import BODIES, run_scheduled
from gateways.mail import FakeMailer
from gateways.schedule import CALLBACK_PLAN, CATCH_UP, INTEGRITY, MORNING_REPORT, OVERNIGHT
from statemachines.lifecycle import Refused
from tests.chaos.clerk import PASSING, Clerk
from tests.chaos.cli_clerk import Desk, seat
from tests.chaos.customers import telephone
from tests.chaos.ledger import Ledger
from tests.chaos.shifted_time import Ahead, AlarmAhead, WorkAhead

DROP = Path("outbox") / "mail.jsonl"
PATIENCE_SECONDS = 60.0
"""How long an end may take: a driver finishes the batch it has in hand, and the machine may be busy."""
ORPHANED_SECONDS = 1.0
RESTART_SECONDS = 0.1
"""After so long a service manager starts a driver again that could not begin."""
NIGHTS = (OVERNIGHT, MORNING_REPORT, CALLBACK_PLAN, INTEGRITY, CATCH_UP)
LONGEST_REST = 0.2
DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux."""


class Died(Exception):
    """A victim ended that nobody had killed; its last words."""


@dataclass(frozen=True)
class Stage:
    """What all victims share."""

    settings: Settings
    ledger: Ledger
    ahead: Ahead
    seed: int
    rounds: int

    @property
    def words(self) -> Path:
        """Where a victim that fails leaves its last words."""
        return self.settings.where / "last-words.txt"

    def clerk(self, hand: str) -> None:
        """Send commands for ever."""
        Clerk(self.settings.store(), self.ledger, self.ahead, self.seed, hand).works()

    def desk(self, hand: str) -> None:
        """Type commands for ever."""
        seat(self.settings)
        Desk(self.settings.store(), self.ledger, self.ahead, self.seed, hand).works()

    def driver(self, _: str) -> None:
        """Drive until the terminating signal; what cannot begin is begun again, as a service manager would."""
        work = self.work()
        while True:
            try:
                asyncio.run(_drive(work))
            except Refused as refused:
                if refused.code not in PASSING | {"driver_running"}:
                    raise
                time.sleep(RESTART_SECONDS)
                continue
            return work.store.close()

    def night(self, _: str) -> None:
        """Do the scheduled work again and again, as the children of a Prefect worker do; each may be refused."""
        work, chance = self.work(), Random()
        while True:
            for name in NIGHTS:
                with contextlib.suppress(Refused):
                    asyncio.run(run_scheduled(work, name))
                time.sleep(chance.random() * LONGEST_REST)

    def last_night(self) -> None:
        """One night that nobody disturbs: an anchor that a kill left unpublished is published."""
        work = self.work()
        asyncio.run(_night(work))
        work.store.close()

    def work(self) -> WorkAhead:
        """The tools of one process."""
        mailer = FakeMailer(self.settings.where / DROP)
        return WorkAhead(self.settings.store(), mailer, telephone(self.seed, self.rounds), ahead=self.ahead)


async def _night(work: WorkAhead) -> None:
    await BODIES[INTEGRITY](work)


async def _drive(work: WorkAhead) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    orphan = asyncio.create_task(_stop_with(os.getppid(), stop))
    try:
        await drive(work, stop, partial(AlarmAhead, work))
    finally:
        orphan.cancel()


async def _stop_with(parent: int, stop: asyncio.Event) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110 (nobody tells of a parent's death)
        await asyncio.sleep(ORPHANED_SECONDS)
    stop.set()


@dataclass(frozen=True)
class Victim:
    """A process that lives until it is killed."""

    role: str
    pid: int
    words: Path

    @classmethod
    def born(cls, stage: Stage, role: str) -> "Victim":
        """A new process playing the role: clerk, desk, driver or night, and a digit where there are several."""
        play: Callable[[str], None] = getattr(stage, role.rstrip("0123456789"))
        pid = os.fork()
        if pid == 0:
            _play(partial(play, role), stage.words)
        return cls(role, pid, stage.words)

    def killed(self) -> None:
        """Kill it outright. Raises ``Died`` if it was not alive any more."""
        os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        if not os.WIFSIGNALED(status):
            raise Died(self._last_words())

    def ended(self) -> None:
        """Ask it to end, and wait for that. Raises ``Died`` if it ends badly or not at all."""
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid and os.waitstatus_to_exitcode(status) == 0:
                return
            if pid:
                raise Died(self._last_words())
            time.sleep(0.02)
        self.swept()
        raise Died(f"the {self.role} would not end within {PATIENCE_SECONDS:.0f} s")

    def swept(self) -> None:
        """Leave nothing behind, whatever state it is in."""
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def _last_words(self) -> str:
        words = self.words.read_text("utf-8") if self.words.exists() else "nothing said"
        return f"the {self.role} died by itself: {words}"


def _die_with_the_parent() -> None:
    """Whoever works for ever must not outlive whoever could end him."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)


def _play(play: Callable[[], None], words: Path) -> None:
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its children itself
        _die_with_the_parent()
        play()
        code = 0
    except BaseException:  # noqa: BLE001 (a child must never run on as if it were the parent)
        words.write_text(traceback.format_exc(), "utf-8")
    finally:
        os._exit(code)
