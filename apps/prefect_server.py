"""Starts the Prefect server, its workers and the REST API as children of one command, and stops them with it."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from apps.listening import Listening, check_listening
from apps.prefect_login import LOGIN_VARIABLE, BadCredential, Credentials, basic_auth, ensure_credentials
from apps.prefect_settings import api_environment, prefect_environment, server_environment, worker_environment
from apps.process_state import process_facts

HOST = "127.0.0.1"
READY_SECONDS = 120.0  # 7 s on a used database, 14 s on a new one, more where nothing is compiled yet
STOP_SECONDS = 15.0
WORKER_STOP_SECONDS = 4.0  # a worker stopped in its first seconds never answers; its runs may be killed
POOL, ACTS_POOL = "closeloop", "closeloop-acts"
SERVER, WORKER, ACTS, API = "prefect-server", "prefect-worker", "prefect-acts", "api"
"""The names of the logs and notes of our children in the home's folder `run`."""


class PrefectServerError(RuntimeError):
    """A child could not be started or has died; the message holds the end of its log."""


class PortTaken(PrefectServerError):
    """Another process listens on the requested port."""


@dataclass
class Child:
    """A `prefect` command in a process group of its own, with its log and a note of its process in the home."""

    name: str
    command: Sequence[str]
    home: Path
    environment: Mapping[str, str] = field(repr=False)
    facts: Mapping[str, Any]
    stop_seconds: float
    process: "subprocess.Popen[bytes]" = field(init=False, repr=False)
    restarts: int = 0

    @property
    def log(self) -> Path:
        """The file of its output."""
        return self.home / "run" / f"{self.name}.log"

    @property
    def note(self) -> Path:
        """The file that names its process, for other commands."""
        return self.home / "run" / f"{self.name}.json"

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The code with which it ended, the negative number of the signal that killed it, None while it runs."""
        return self.process.poll()

    def start(self) -> None:
        """Start the process and note it."""
        self.process = _start(self.command, self.home, self.environment, self.log)
        self.note.write_text(json.dumps({**process_facts(self.pid), "restarts": self.restarts, **self.facts}))

    def start_again(self) -> None:
        """Start it in place of one that has died, of whose processes none may be left."""
        _stop(self.process, 0.0)
        self.restarts += 1
        self.start()

    def stop(self) -> None:
        """Stop it, with all its processes, and remove the note."""
        _stop(self.process, self.stop_seconds)
        self.note.unlink(missing_ok=True)


@dataclass
class Server(Child):
    """A running Prefect server. ``credentials`` are those of people and of our own processes."""

    api_url: str = ""
    ui_url: str = ""
    credentials: Credentials = field(kw_only=True, repr=False)

    def takes_writes(self) -> bool:
        """Return whether it accepts a write."""
        return takes_writes(self.api_url, self.credentials.process)

    def page(self, run_id: str) -> str:
        """Return the address of a run's page."""
        return f"{self.ui_url}/v2/runs/flow-run/{run_id}"

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Return when the server accepts writes; its health page answers long before, and with a stuck database too."""
        deadline = time.monotonic() + seconds
        while not self.takes_writes():
            if not self.alive:
                raise PrefectServerError(f"The Prefect server ended while starting.\n{_tail(self.log)}")
            if time.monotonic() > deadline:
                raise PrefectServerError(f"The Prefect server accepted no write in {seconds:.0f} s.\n{_tail(self.log)}")
            time.sleep(0.2)


def _credentials(home: Path) -> Credentials:
    try:
        return ensure_credentials(home)
    except BadCredential as bad:
        raise PrefectServerError(f"The Prefect server cannot be protected: {bad}.") from None


def free_port() -> int:
    """Return a port on which no process listens now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def prefect_server(home: Path, port: int | None = None, *, wait: bool = True) -> Iterator[Server]:
    """Run a Prefect server with its UI for the store in `home`, on `port` or on a free one.

    With `wait=False` it is yielded while it starts: call `wait_ready` before the first use.
    """
    home = home.resolve()
    run = home / "run"
    run.mkdir(parents=True, exist_ok=True)
    with _only_one(run / "prefect-server.lock"), _sigterm_unwinds():
        port = _checked_port(port)
        url = f"http://{HOST}:{port}"
        credentials = _credentials(home)
        own = prefect_environment(home, f"{url}/api", credentials.process)
        server = Server(
            SERVER,
            ["apps.prefect_process", HOST, str(port)],
            home,
            server_environment(os.environ) | own | {LOGIN_VARIABLE: credentials.login},
            {"port": port, "api_url": f"{url}/api"},
            STOP_SECONDS,
            api_url=f"{url}/api",
            ui_url=url,
            credentials=credentials,
        )
        with _running(server):
            if wait:
                server.wait_ready()
            yield server


@contextmanager
def worker(home: Path, api_url: str, declared: Path | None = None) -> Iterator[Child]:
    """Run a worker of the scheduled work in `home`, of the deployments of `declared` or of ours."""
    # See Note [One writer] in apps/prefect_settings.py.
    command = ["apps.night_worker", "--limit", "1", *(["--deployments", str(declared)] if declared else [])]
    with _worker(home, api_url, WORKER, command, POOL) as child:
        yield child


@contextmanager
def acts_worker(home: Path, api_url: str) -> Iterator[Child]:
    """Run the worker of the supervisors' acts for the store in `home`."""
    with _worker(home, api_url, ACTS, ["apps.up_acts"], ACTS_POOL) as child:
        yield child


@contextmanager
def api_server(home: Path, listening: Listening) -> Iterator[Child]:
    """Run the REST API of the store in `home`. Raises ``Refused('address_taken')``."""
    check_listening(listening)
    home = home.resolve()
    (home / "run").mkdir(parents=True, exist_ok=True)
    command = ["apps.api.process", listening.host, str(listening.port)]
    child = Child(API, command, home, api_environment(os.environ, home), {"api_url": listening.url}, STOP_SECONDS)
    with _sigterm_unwinds(), _running(child):
        yield child


@contextmanager
def _worker(home: Path, api_url: str, name: str, command: Sequence[str], pool: str) -> Iterator[Child]:
    home = home.resolve()
    (home / "run").mkdir(parents=True, exist_ok=True)
    environment = worker_environment(os.environ) | prefect_environment(home, api_url)
    child = Child(name, command, home, environment, {"pool": pool}, WORKER_STOP_SECONDS)
    with _sigterm_unwinds(), _running(child):
        yield child


@contextmanager
def _running(child: Child) -> Iterator[None]:
    child.start()
    try:
        yield
    finally:
        child.stop()


def _start(command: Sequence[str], cwd: Path, environment: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
    if log.exists():
        log.replace(log.with_suffix(".log.1"))  # keep the previous log, which is needed after a restart
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "apps.supervised_child", *command],
            cwd=cwd,
            env={**environment},
            stdin=subprocess.PIPE,  # closed when this process ends, however it ends; the child watches it
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C goes to this process, which stops its children one by one
        )


def _stop(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    try:
        if process.poll() is None:
            process.terminate()
            process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin:
            process.stdin.close()


def takes_writes(api_url: str, credential: str) -> bool:
    """Return whether the server at this address accepts a write with this credential."""
    name = f"closeloop_ready_{os.getpid()}"
    try:
        with httpx.Client(base_url=api_url, auth=basic_auth(credential), timeout=5.0, trust_env=False) as client:
            client.delete(f"/variables/name/{name}")
            answer = client.post("/variables/", json={"name": name, "value": True})
            client.delete(f"/variables/name/{name}")
    except httpx.HTTPError:
        return False
    return answer.status_code == 201


def _checked_port(port: int | None) -> int:
    if port is None:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortTaken(f"Port {port} is taken: choose another one. ({error.strerror})") from None
    return port


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PrefectServerError(
                f"A Prefect server of this store runs already (see {lock.with_suffix('.json')}): "
                "end the command that started it, or use another CLOSELOOP_HOME."
            ) from None
        yield


@contextmanager
def _sigterm_unwinds() -> Iterator[None]:
    """Let SIGTERM raise, so that the `finally` that stops the child runs before this process ends."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield  # SIGTERM has a handler already
        return
    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _tail(log: Path, lines: int = 20) -> str:
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return f"{log} ends with:\n" + "\n".join(text.splitlines()[-lines:])
