"""Processes made to be killed: forked from one that has imported everything, so that a life costs no start-up."""

import asyncio
import contextlib
import os
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from apps.driver import drive
from engine.settings import Settings
from gateways.mail import FakeMailer
from tests.chaos.ahead import Ahead, AlarmAhead, WorkAhead
from tests.chaos.clerk import Clerk
from tests.chaos.customers import telephone
from tests.chaos.ledger import Ledger

DROP = Path("outbox") / "mail.jsonl"
PATIENCE_SECONDS = 10.0
ORPHANED_SECONDS = 1.0


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

    def clerk(self) -> None:
        """Send commands for ever."""
        Clerk(self.settings.store(), self.ledger, self.ahead, self.seed).works()

    def driver(self) -> None:
        """Drive until the terminating signal."""
        store = self.settings.store()
        mailer = FakeMailer(self.settings.where / DROP)
        work = WorkAhead(store, mailer, telephone(self.seed, self.rounds), ahead=self.ahead)
        asyncio.run(_drive(work))
        store.close()


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
        """A new process playing the role: ``clerk`` or ``driver``."""
        play: Callable[[], None] = getattr(stage, role)
        pid = os.fork()
        if pid == 0:
            _play(play, stage.words)
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


def _play(play: Callable[[], None], words: Path) -> None:
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its children itself
        play()
        code = 0
    except BaseException:  # noqa: BLE001 (a child must never run on as if it were the parent)
        words.write_text(traceback.format_exc(), "utf-8")
    finally:
        os._exit(code)
