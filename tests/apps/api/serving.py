"""Runs ``closeloop serve`` as a process of its own on a free port, over a real store with a token of an agent."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from apps.listening import is_alive
from apps.prefect_server import free_port
from engine.accounts.tokens import NewToken, create_token
from engine.clock import system_now
from engine.create_store import create_store
from engine.settings import Settings
from tests.case_actions import SECRET, add_staff

PROGRAM = Path(sys.executable).with_name("closeloop")
STOP_SECONDS = 60.0
AGENT = "amy"
RATE = "1000000 per 1 second"
"""More than the tests send; what a killed worker had taken of it is back after a second."""


def until(found: Callable[[], Any], seconds: float = STOP_SECONDS) -> Any:
    """Return what is found, as soon as there is something; fail after some seconds."""
    end = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < end, f"nothing within {seconds:.0f} seconds"
        time.sleep(0.02)
    return result


def served_store(folder: Path, url: str | None) -> tuple[Settings, str]:
    """Create a store with staff; return its settings and a token of an agent."""
    settings = Settings(home=folder / "home", secret=SECRET, database_url=url)
    create_store(settings, system_now())
    with contextlib.closing(settings.store()) as store:
        add_staff(store)
        made = create_token(store, NewToken(AGENT, rate=RATE), AGENT, system_now())
    return settings, made.token


@dataclass
class Serving:
    """A running ``closeloop serve``, where it listens, and the token that its callers send."""

    settings: Settings
    token: str
    port: int
    process: "subprocess.Popen[bytes]" = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return _log_of(self.settings).read_text("utf-8")

    def client(self) -> httpx.Client:
        """Return a client that calls as the agent."""
        return httpx.Client(
            base_url=f"{self.url}/api/v1", headers={"Authorization": f"Bearer {self.token}"}, trust_env=False,
            timeout=30.0,
        )  # fmt: skip

    def workers(self) -> list[int]:
        """Return the process ids of the workers that live, oldest first; with one worker the process serves itself."""
        workers: list[tuple[float, int]] = []
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.Error):  # it has ended meanwhile
                if "spawn_main" in " ".join(child.cmdline()):
                    workers.append((child.create_time(), child.pid))
        return [pid for _, pid in sorted(workers)]

    def connections(self, status: str = psutil.CONN_ESTABLISHED) -> list[int]:
        """Return how many sockets of this status each worker has at the port."""
        return [
            sum(each.laddr.port == self.port and each.status == status for each in of_worker)
            for of_worker in (psutil.Process(worker).net_connections("tcp") for worker in self.workers())
        ]

    def kill(self, worker: int) -> None:
        """Kill a worker with SIGKILL."""
        os.kill(worker, signal.SIGKILL)


def _log_of(settings: Settings) -> Path:
    return settings.where / "serve.log"


@contextlib.contextmanager
def serving(settings: Settings, token: str, workers: int = 1, *more: str, port: int | None = None) -> Iterator[Serving]:
    """Serve until the block ends, with further options; yield once the API answers."""
    port = port or free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLOSELOOP_")}
    environment |= {"CLOSELOOP_HOME": str(settings.where), "CLOSELOOP_SECRET": SECRET, "CLOSELOOP_LOCALE": "en"}
    if settings.database_url:
        environment["CLOSELOOP_DATABASE_URL"] = settings.database_url
    command = [PROGRAM, "serve", "--port", str(port), "--workers", str(workers), *more]
    with _log_of(settings).open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    running = Serving(settings, token, port, process)
    try:
        until(lambda: is_alive(running.url) or process.poll() is not None, STOP_SECONDS)
        assert process.poll() is None, running.log
        yield running
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)
