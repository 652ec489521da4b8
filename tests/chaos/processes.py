"""The processes that are killed: forked from one that has imported everything, so that they start at once."""

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
from tests.chaos.clerk import TRANSIENT, Clerk
from tests.chaos.cli_clerk import CliClerk, use_store
from tests.chaos.customers import telephone
from tests.chaos.ledger import Ledger
from tests.chaos.shifted_time import ShiftedAlarm, ShiftedWork, TimeOffset

MAIL_FILE = Path("outbox") / "mail.jsonl"
PATIENCE_SECONDS = 60.0
"""How long a process may take to stop: a driver finishes its batch, and the machine may be busy."""
PARENT_POLL_SECONDS = 1.0
RESTART_SECONDS = 0.1
"""After so long a driver that could not start is started again, as by a service manager."""
NIGHTS = (OVERNIGHT, MORNING_REPORT, CALLBACK_PLAN, INTEGRITY, CATCH_UP)
LONGEST_PAUSE = 0.2
DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux."""


class ProcessFailed(Exception):
    """A process ended although it was not killed; the message holds its traceback."""


@dataclass(frozen=True)
class ChaosSetup:
    """What all processes of a run share."""

    settings: Settings
    ledger: Ledger
    offset: TimeOffset
    seed: int
    rounds: int

    @property
    def traceback_file(self) -> Path:
        """Return the file to which a process that fails writes its traceback."""
        return self.settings.where / "traceback.txt"

    def clerk(self, name: str) -> None:
        """Send commands without end."""
        Clerk(self.settings.store(), self.ledger, self.offset, self.seed, name).work()

    def cli_clerk(self, name: str) -> None:
        """Run commands of the command line without end."""
        use_store(self.settings)
        CliClerk(self.settings.store(), self.ledger, self.offset, self.seed, name).work()

    def driver(self, _: str) -> None:
        """Drive until the terminating signal; restart if it cannot start, as a service manager would."""
        work = self.work()
        while True:
            try:
                asyncio.run(_drive(work))
            except Refused as refused:
                if refused.code not in TRANSIENT | {"driver_running"}:
                    raise
                time.sleep(RESTART_SECONDS)
                continue
            return work.store.close()

    def night(self, _: str) -> None:
        """Run the scheduled work again and again, as the children of a Prefect worker do; each run may be refused."""
        work, chance = self.work(), Random()
        while True:
            for name in NIGHTS:
                with contextlib.suppress(Refused):
                    asyncio.run(run_scheduled(work, name))
                time.sleep(chance.random() * LONGEST_PAUSE)

    def run_integrity_check(self) -> None:
        """Run the integrity check of one night, which publishes an anchor that a kill left unpublished."""
        work = self.work()
        asyncio.run(_check_integrity(work))
        work.store.close()

    def work(self) -> ShiftedWork:
        """Return the tools of one process."""
        mailer = FakeMailer(self.settings.where / MAIL_FILE)
        return ShiftedWork(self.settings.store(), mailer, telephone(self.seed, self.rounds), offset=self.offset)


async def _check_integrity(work: ShiftedWork) -> None:
    await BODIES[INTEGRITY](work)


async def _drive(work: ShiftedWork) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    watcher = asyncio.create_task(_stop_with_parent(os.getppid(), stop))
    try:
        await drive(work, stop, partial(ShiftedAlarm, work))
    finally:
        watcher.cancel()


async def _stop_with_parent(parent: int, stop: asyncio.Event) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110 (no event reports the death of a parent)
        await asyncio.sleep(PARENT_POLL_SECONDS)
    stop.set()


@dataclass(frozen=True)
class ChaosProcess:
    """A process that runs until it is killed."""

    role: str
    pid: int
    traceback_file: Path

    @classmethod
    def start(cls, setup: ChaosSetup, role: str) -> "ChaosProcess":
        """Fork a process for the role: clerk, cli_clerk, driver or night, with a digit where there are several."""
        body: Callable[[str], None] = getattr(setup, role.rstrip("0123456789"))
        pid = os.fork()
        if pid == 0:
            _run_child(partial(body, role), setup.traceback_file)
        return cls(role, pid, setup.traceback_file)

    def kill(self) -> None:
        """Kill it by SIGKILL. Raises ``ProcessFailed`` if it had ended before."""
        os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        if not os.WIFSIGNALED(status):
            raise ProcessFailed(self._failure())

    def stop(self) -> None:
        """Terminate it, and wait until it ends. Raises ``ProcessFailed`` if it fails or does not end in time."""
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid and os.waitstatus_to_exitcode(status) == 0:
                return
            if pid:
                raise ProcessFailed(self._failure())
            time.sleep(0.02)
        self.clean_up()
        raise ProcessFailed(f"the {self.role} did not end within {PATIENCE_SECONDS:.0f} s")

    def clean_up(self) -> None:
        """Kill and reap the process, whatever its state."""
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def _failure(self) -> str:
        error = self.traceback_file.read_text("utf-8") if self.traceback_file.exists() else "no traceback"
        return f"the {self.role} ended by itself: {error}"


def _die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)


def _run_child(body: Callable[[], None], traceback_file: Path) -> None:
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its children itself
        _die_with_parent()
        body()
        code = 0
    except BaseException:  # noqa: BLE001 (a child must never continue the parent's code)
        traceback_file.write_text(traceback.format_exc(), "utf-8")
    finally:
        os._exit(code)
