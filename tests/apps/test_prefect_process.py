"""The process of Prefect's server: garbage goes in a thread of its own, and a busy write is tried again."""

import asyncio
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.prefect_process import App, busy_writes_again

COLLECTING = """
import gc, threading, weakref
from apps.prefect_process import collect_apart

class Node:
    pass

collect_apart()
gone, threads = threading.Event(), []

def note(_):
    threads.append(threading.current_thread().name)
    gone.set()

node = Node()
node.itself = node
ref = weakref.ref(node, note)
del node
assert gone.wait(60)
print(gc.isenabled(), threads)
"""


def test_garbage_is_collected_in_a_thread_of_its_own(tmp_path: Path):
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", COLLECTING],
        cwd=tmp_path,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "False ['garbage']"


class Locked(Exception):
    """What a database with one writer raises."""


class Desk:
    """A server that is busy for a while, and notes the bodies that reach it."""

    def __init__(self, busy: int) -> None:
        self.busy = busy
        self.seen: list[bytes] = []

    async def write(self, request: Request) -> Response:
        self.seen.append(await request.body())
        if len(self.seen) <= self.busy:
            raise Locked
        return JSONResponse({"written": self.seen[-1].decode()}, status_code=201)

    async def full(self, _request: Request) -> Response:
        self.seen.append(b"")
        return Response(status_code=503)

    @property
    def app(self) -> App:
        async def refuse(_request: Request, _error: Exception) -> Response:
            return Response(status_code=503)

        routes = [Route("/write", self.write, methods=["POST"]), Route("/full", self.full)]
        return Starlette(routes=routes, exception_handlers={Exception: refuse})  # pyright: ignore[reportReturnType]


def asked(app: App, method: str, path: str, body: bytes = b"") -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # pyright: ignore[reportArgumentType]
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
            return await client.request(method, path, content=body)

    return asyncio.run(ask())


@pytest.mark.parametrize("busy", [0, 1, 4])
def test_a_write_that_is_refused_for_a_moment_succeeds_and_is_whole(busy: int):
    desk = Desk(busy)
    answer = asked(busy_writes_again(desk.app, tries=5, pause_seconds=0), "POST", "/write", b"a form")
    assert (answer.status_code, answer.json()) == (201, {"written": "a form"})
    assert desk.seen == [b"a form"] * (busy + 1)


def test_a_server_that_stays_busy_says_so_after_its_tries():
    desk = Desk(busy=99)
    assert asked(busy_writes_again(desk.app, tries=5, pause_seconds=0), "POST", "/write").status_code == 503
    assert len(desk.seen) == 5


def test_a_read_is_answered_at_once():
    desk = Desk(busy=0)
    assert asked(busy_writes_again(desk.app, tries=5, pause_seconds=0), "GET", "/full").status_code == 503
    assert len(desk.seen) == 1


def test_other_errors_are_raised_as_before():
    async def faulty(*_: object) -> None:
        raise ZeroDivisionError

    async def ask() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(busy_writes_again(faulty))) as client:  # pyright: ignore[reportArgumentType]
            await client.post("http://desk/")

    with pytest.raises(ZeroDivisionError):
        asyncio.run(ask())
