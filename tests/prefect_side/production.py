"""The production shape with real parts: Debian's Postgres, Redis, and processes as `deploy/` starts them."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from apps.prefect_server import free_port
from tests.deploy.test_deploy import explained

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
TRGM = list(Path("/usr/share/postgresql").glob("*/extension/pg_trgm.control"))
BIN = Path(sys.executable).parent
AUTH, PROCESS_AUTH = "closeloop:only-for-this-test", "processes:only-for-this-test"
"""What people log in with, and what our processes give."""


def needs_debian() -> None:
    """Skips where a part is missing, and says how to get it."""
    if not BINARIES or not TRGM or not shutil.which("redis-server"):
        pytest.skip("no Postgres with pg_trgm, or no Redis: apt-get install postgresql redis-server")


@contextmanager
def running(*command: str | Path, log: Path, user: str | None = None, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own group, killed at the end, whatever else happens."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env=env, user=user, start_new_session=True
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Debian's Postgres with the two databases; as the user postgres where we are root, who may not run it."""
    binary, port = BINARIES[-1].parent, free_port()
    user = "postgres" if os.geteuid() == 0 else None
    data = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # the path of a socket must be short
    if user:
        shutil.chown(data, user)
    path = os.environ["PATH"]
    made = [binary / "initdb", "--auth=trust", "--username=postgres", "--no-sync", f"--pgdata={data}/db"]
    subprocess.run(made, check=True, capture_output=True, user=user, env={"PATH": path, "LC_ALL": "C.UTF-8"})
    start = [binary / "postgres", "-D", f"{data}/db", "-p", str(port), "-k", str(data), "-c", "fsync=off"]
    with running(*start, "-h", "127.0.0.1", log=folder / "postgres.log", user=user, PATH=path):
        url = f"postgresql://postgres@127.0.0.1:{port}"
        _two_databases(url)
        yield url
    shutil.rmtree(data, ignore_errors=True)


def _two_databases(url: str) -> None:
    from tests.prefect_side.conftest import until

    until(lambda: _answers(url))
    with psycopg.connect(f"{url}/postgres", autocommit=True) as raw:
        for name in ("closeloop", "prefect"):
            raw.execute(f"CREATE DATABASE {name}")  # pyright: ignore[reportArgumentType]
    with psycopg.connect(f"{url}/prefect", autocommit=True) as raw:
        raw.execute("CREATE EXTENSION pg_trgm")


def _answers(url: str) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(f"{url}/postgres"):
        return True
    return False


@dataclass
class StoreInfo:
    """Where everything is, and the environment that every process gets."""

    folder: Path
    database: str
    apis: tuple[int, int]
    redis: int
    open: ExitStack = field(repr=False)
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict, repr=False)

    def environment(self, api: int = 0) -> dict[str, str]:
        """What `deploy/env.example` says, with the addresses and secrets of this house."""
        url = f"http://127.0.0.1:{self.apis[api]}/api"
        here = {
            "CLOSELOOP_HOME": str(self.folder / "home"),
            "PREFECT_HOME": str(self.folder / "prefect"),
            "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(self.folder / f"ui{api}"),
            "PREFECT_SERVER_UI_API_URL": url,
            "PREFECT_API_URL": url,
            "PREFECT_API_AUTH_STRING": PROCESS_AUTH,
            "PREFECT_SERVER_API_AUTH_STRING": AUTH,
            "CLOSELOOP_DATABASE_URL": f"{self.database}/closeloop",
            "CLOSELOOP_SECRET": "only-for-this-test",
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"{self.database}/prefect".replace("sql://", "sql+asyncpg://"),
            "PREFECT_REDIS_MESSAGING_URL": f"redis://127.0.0.1:{self.redis}/0",
            "PREFECT_SERVER_DOCKET_URL": f"redis://127.0.0.1:{self.redis}/0",
        }
        path = f"{BIN}:{os.environ['PATH']}"
        written = {name: value for name, value in explained().items() if value is not None}
        return written | here | {"PATH": path, "PYTHONPATH": str(self.folder)}

    def starts(self, name: str, *command: str, api: int = 0) -> None:
        """A process of the house, until the end of the test or until it is killed."""
        began = running(BIN / command[0], *command[1:], log=self.folder / f"{name}.log", **self.environment(api))
        self.processes[name] = self.open.enter_context(began)

    def kills(self, *names: str) -> None:
        """These are killed, with all their children, and say nothing."""
        for name in names:
            os.killpg(self.processes[name].pid, signal.SIGKILL)

    def does(self, *command: str) -> str:
        """A command that ends; what it says."""
        done = subprocess.run(
            [BIN / command[0], *command[1:]], env=self.environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def house(folder: Path) -> Iterator[StoreInfo]:
    """Postgres, Redis and two Prefect APIs with their services, ready."""
    with ExitStack() as open_, postgres(folder) as database:
        redis = free_port()
        quiet = ("--save", "", "--bind", "127.0.0.1", "--port", str(redis))
        open_.enter_context(running("redis-server", *quiet, log=folder / "redis.log", PATH=os.environ["PATH"]))
        made = StoreInfo(folder, database, (free_port(), free_port()), redis, open_)
        made.does("prefect", "server", "database", "upgrade", "--yes")
        for api, port in enumerate(made.apis):
            made.starts(
                f"api{api}", "python", "-m", "apps.prefect_process", "127.0.0.1", str(port), "--no-services", api=api
            )
        made.starts("services", "prefect", "server", "services", "start")
        yield made
