"""Sends moves over several connections from a process that does nothing else, so that it costs the machine little.

``python -m benchmarks.api_callers`` reads what to send as JSON from standard input, and prints what it took.
"""

import json
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psutil

from benchmarks.api_server import PREFIX, Server

OK = b"HTTP/1.1 200 "
LENGTH = b"content-length:"
ANSWER_SECONDS = 60
"""A benchmark in which nothing was answered for so long fails."""


@dataclass(frozen=True, slots=True)
class Cost:
    """How long the moves took, and the seconds of CPU: of the callers, of the server, of the whole machine."""

    seconds: float
    callers: float
    server: float = 0.0
    machine: float = 0.0

    def described(self, moves: int) -> str:
        """Return the milliseconds of CPU of a move by process, and how many cores were busy."""
        per_move = 1e3 / moves
        rest = max(0.0, self.machine - self.server - self.callers)
        return (
            f"{self.server * per_move:.1f} ms CPU a move in the workers, {self.callers * per_move:.1f} in the callers, "
            f"{rest * per_move:.1f} in Postgres and the rest, {self.machine / self.seconds:.1f} cores busy"
        )


def send_all(server: Server, paths: Sequence[str], form: Mapping[str, Any], connections: int) -> Cost:
    """Send a form to each of the paths; each connection waits for an answer before its next request."""
    wanted = {"port": server.port, "token": server.token, "paths": paths, "form": form, "connections": connections}
    before = _cpu_of(server.process)
    done = subprocess.run(  # noqa: PLW1510 - its error is raised below
        [sys.executable, "-m", "benchmarks.api_callers"], input=json.dumps(wanted), capture_output=True, text=True
    )
    after = _cpu_of(server.process)
    if done.returncode:
        raise RuntimeError(done.stderr)
    took = json.loads(done.stdout)
    return Cost(**took | {"server": after - before})


def _cpu_of(process: int) -> float:
    """Return the seconds of CPU that a process and its children have used."""
    root = psutil.Process(process)
    times = [each.cpu_times() for each in (root, *root.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def _cpu_of_machine() -> float:
    times = psutil.cpu_times()
    return times.user + times.system


class _Caller:
    """One connection, and what was received of the answer that it waits for."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def send(self, request: bytes) -> None:
        self.socket.sendall(request)
        self._received = b""

    def answered(self) -> bool:
        """Read what has come; return whether the answer is whole. Raises ``RuntimeError`` for a refusal."""
        part = self.socket.recv(65536)
        self._received += part
        head, end, body = self._received.partition(b"\r\n\r\n")
        if end and (not head.startswith(OK) or not part):
            raise RuntimeError(self._received[:500].decode())
        return bool(end) and len(body) >= int(head.lower().partition(LENGTH)[2].partition(b"\r\n")[0])


def _requests(token: str, paths: Sequence[str], form: Mapping[str, Any]) -> Iterator[bytes]:
    body = json.dumps(form)
    for path in paths:
        head = (
            f"POST {PREFIX}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: {path}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield (head + body).encode()


def _run(port: int, token: str, paths: Sequence[str], form: Mapping[str, Any], connections: int) -> Cost:
    waiting, selector = _requests(token, paths, form), selectors.DefaultSelector()
    callers = [_Caller(port) for _ in range(min(connections, len(paths)))]
    began, cpu, machine = time.perf_counter(), time.process_time(), _cpu_of_machine()
    for caller in callers:
        caller.send(next(waiting))
        selector.register(caller.socket, selectors.EVENT_READ, caller)
    while selector.get_map():
        if not (ready := selector.select(ANSWER_SECONDS)):
            raise RuntimeError(f"no answer within {ANSWER_SECONDS} seconds")
        for key, _ in ready:
            if not key.data.answered():
                continue
            if (request := next(waiting, None)) is None:
                selector.unregister(key.fileobj)
            else:
                key.data.send(request)
    seconds, callers = time.perf_counter() - began, time.process_time() - cpu
    return Cost(seconds, callers, machine=_cpu_of_machine() - machine)


if __name__ == "__main__":
    print(json.dumps(asdict(_run(**json.load(sys.stdin)))))
