"""Starts the Prefect server, its workers and the REST API as children of one command, and stops them with it."""

import fcntl
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from apps.child_process import Child, running, sigterm_unwinds, tail
from apps.listening import Listening, check_listening
from apps.prefect_login import LOGIN_VARIABLE, BadCredential, Credentials, basic_auth, ensure_credentials
from apps.prefect_settings import api_environment, prefect_environment, server_environment, worker_environment

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
                raise PrefectServerError(f"The Prefect server ended while starting.\n{tail(self.log)}")
            if time.monotonic() > deadline:
                raise PrefectServerError(f"The Prefect server accepted no write in {seconds:.0f} s.\n{tail(self.log)}")
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
    with _only_one(run / "prefect-server.lock"), sigterm_unwinds():
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
        with running(server):
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
    with sigterm_unwinds(), running(child):
        yield child


@contextmanager
def _worker(home: Path, api_url: str, name: str, command: Sequence[str], pool: str) -> Iterator[Child]:
    home = home.resolve()
    (home / "run").mkdir(parents=True, exist_ok=True)
    environment = worker_environment(os.environ) | prefect_environment(home, api_url)
    child = Child(name, command, home, environment, {"pool": pool}, WORKER_STOP_SECONDS)
    with sigterm_unwinds(), running(child):
        yield child


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
