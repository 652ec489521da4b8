"""Reads pages of the console and holds them open as browsers do, without drawing them."""

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

import psutil

from apps.api.session_cookie import COOKIE
from engine.accounts.invitations import open_account
from engine.accounts.sessions import SessionLimits, Visitor, open_session
from engine.actors import known_actor
from engine.clock import system_now
from engine.settings import Settings

ADMINISTRATOR = "root"
WAIT_SECONDS = 30.0
CHANGED = b"event: changed"


@dataclass(frozen=True, slots=True)
class Browser:
    """Somebody who is logged in at the server of a port."""

    port: int
    cookie: str

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection that stays open."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def read(self, connection: http.client.HTTPConnection, path: str) -> tuple[float, bytes]:
        """Read a page of the console; return its milliseconds and itself. Raises ``RuntimeError`` if it is refused."""
        began = time.perf_counter()
        connection.request("GET", f"/console{path}", headers={"Cookie": f"{COOKIE}={self.cookie}"})
        answer = connection.getresponse()
        content = answer.read()
        milliseconds = 1e3 * (time.perf_counter() - began)
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path}: {answer.status} {content[:200]!r}")
        return milliseconds, content

    def open_page(self, number: str | None = None) -> "OpenPage":
        """Connect to the stream of a page: of a case, or of a list; return when it is open."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_SECONDS)
        path = "/console/live" + (f"?case={number}" if number else "")
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {COOKIE}={self.cookie}\r\n\r\n".encode())
        page = OpenPage(connection)
        page.wait_for(b": -\n")
        return page


@dataclass
class OpenPage:
    """The stream of events of one page that is open."""

    connection: socket.socket
    received: bytes = b""

    def wait_for(self, event: bytes = CHANGED) -> float:
        """Return the instant at which the server told of an event, by the clock of ``perf_counter``."""
        while event not in self.received:
            if not (part := self.connection.recv(65536)):
                raise RuntimeError(f"the stream ended: {self.received!r}")
            self.received += part
        self.received = self.received.partition(event)[2]
        return time.perf_counter()

    def close(self) -> None:
        """Leave the page."""
        self.connection.close()


def log_in(settings: Settings, handle: str) -> str:
    """Open an account and a session for somebody; return what his cookie holds."""
    with closing(settings.store()) as store, store.writing() as tx:
        actor, at = known_actor(tx, handle), system_now()
        open_account(tx, actor, known_actor(tx, ADMINISTRATOR), at)
        return open_session(tx, store.secret, actor, Visitor(), SessionLimits(), at, second_factor=True).cookie


@contextmanager
def open_pages(browser: Browser, count: int, numbers: list[str]) -> Iterator[list[OpenPage]]:
    """Hold so many pages open within the block: every second one a list, the others of these cases in turn."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(closing(browser.open_page(numbers[page % len(numbers)] if page % 2 else None)))
            for page in range(count)
        ]


def cpu_share(process: int, seconds: float) -> float:
    """Return how many percent of a core a process and its children use while nothing is asked of them."""
    before, began = _cpu(process), time.perf_counter()
    time.sleep(seconds)
    return 100 * (_cpu(process) - before) / (time.perf_counter() - began)


def _cpu(process: int) -> float:
    root = psutil.Process(process)
    times = [each.cpu_times() for each in (root, *root.children(recursive=True))]
    return sum(each.user + each.system for each in times)
