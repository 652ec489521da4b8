"""Starts what the benchmark of the API sends requests to, and sends them over connections that stay open.

``python -m benchmarks.api_server PORT`` serves the reference: a route of FastAPI that makes a move and checks nothing.
"""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Header

from apps.listening import Listening, is_alive
from apps.prefect_server import free_port
from benchmarks.stores import HANDLER
from engine.accounts.tokens import NewToken, create_token
from engine.clock import system_now
from engine.commands.advance import advance
from engine.commands.command import Answer, Command
from engine.settings import Settings

PREFIX = "/api/v1"
PROGRAM = Path(sys.executable).with_name("closeloop")
RATE = "1000000 per 1 minute"
START_SECONDS, STOP_SECONDS = 120.0, 30.0
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Server:
    """Where requests go, the token that they bear, and the process that answers, or whose children do."""

    port: int
    token: str
    process: int

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection that stays open."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def send(self, connection: http.client.HTTPConnection, path: str, form: Mapping[str, Any] | None = None) -> float:
        """Send a request, with a form if it writes; return its milliseconds. Raises ``RuntimeError`` if it fails."""
        headers = {"Authorization": f"Bearer {self.token}"}
        body = None if form is None else json.dumps(form).encode()
        if body is not None:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": path}
        began = time.perf_counter()
        connection.request("GET" if body is None else "POST", f"{PREFIX}{path}", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        milliseconds = 1e3 * (time.perf_counter() - began)
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path}: {answer.status} {content[:200]!r}")
        return milliseconds


def new_token(settings: Settings, handle: str) -> str:
    """Make a token that no rate limits."""
    with closing(settings.store()) as store:
        return create_token(store, NewToken(handle, rate=RATE), handle, system_now()).token


@contextmanager
def api(settings: Settings, token: str, workers: int = 1) -> Iterator[Server]:
    """Run ``closeloop serve`` until the block ends."""
    port = free_port()
    command = [str(PROGRAM), "serve", "--port", str(port), "--workers", str(workers)]
    with _running(command, settings, port) as process:
        yield Server(port, token, process)


@contextmanager
def bare_route(settings: Settings) -> Iterator[Server]:
    """Run the reference until the block ends."""
    port = free_port()
    with _running([sys.executable, "-m", "benchmarks.api_server", str(port)], settings, port) as process:
        yield Server(port, "", process)


@contextmanager
def _running(command: Sequence[str], settings: Settings, port: int) -> Iterator[int]:
    """Run a server until the block ends; yield its process."""
    environment = dict(os.environ) | {"CLOSELOOP_HOME": str(settings.where), "CLOSELOOP_SECRET": settings.secret or ""}
    if settings.database_url:
        environment["CLOSELOOP_DATABASE_URL"] = settings.database_url
    log = settings.where / f"server-{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        end = time.monotonic() + START_SECONDS
        while not is_alive(Listening(port=port).url):
            if process.poll() is not None or time.monotonic() > end:
                ended = f"ended with {process.poll()}"
                why = ended if process.poll() is not None else f"did not answer within {START_SECONDS:.0f} seconds"
                raise RuntimeError(f"the server {why}: {log.read_text('utf-8')}")
            time.sleep(POLL_SECONDS)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise RuntimeError(f"the server did not stop within {STOP_SECONDS:.0f} seconds") from None


def bare_application() -> FastAPI:
    """Return the reference, with a store of its own."""
    store, app = Settings().store(), FastAPI()

    @app.get("/livez")
    def livez() -> dict[str, bool]:
        return {"alive": True}

    @app.post("/api/v1/cases/{number}/moves/{move}")
    def make_move(
        number: str, move: str, form: dict[str, Any], idempotency_key: str = Header()
    ) -> dict[str, str | int]:
        command = Command(number, move, form, HANDLER, "api", idempotency_key)
        answer = advance(store, command, system_now())
        assert isinstance(answer, Answer)
        return {"number": answer.number, "seq": answer.seq, "state": answer.state}

    return app


if __name__ == "__main__":
    uvicorn.run(bare_application(), host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")
