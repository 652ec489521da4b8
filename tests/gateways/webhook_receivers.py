"""Receivers of webhooks for the tests: a real server over HTTPS, with answers that are given as raw bytes."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

ACCEPTED = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass(frozen=True)
class Request:
    """What a receiver was sent."""

    line: str
    headers: dict[str, str]
    body: bytes


Reply = Callable[[socket.socket, threading.Event], None]
"""Answers on a connection; the event is set when the test is over."""


def answers(raw: bytes) -> Reply:
    """Return a reply of these bytes."""
    return lambda connection, over: connection.sendall(raw)


ACCEPTS = answers(ACCEPTED)


@dataclass
class Receiver:
    """A server on a port of this machine; each connection is one request, answered by ``reply``."""

    reply: Reply = ACCEPTS
    requests: list[Request] = field(default_factory=list[Request])
    connections: int = 0
    port: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def running(self, context: ssl.SSLContext | None) -> Iterator["Receiver"]:
        """Serve until the end of the block; without a context, without TLS."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = listening.getsockname()[1]
            threading.Thread(target=self._serve, args=(listening, context), daemon=True).start()
            try:
                yield self
            finally:
                self.over.set()
                with contextlib.suppress(OSError):
                    listening.shutdown(socket.SHUT_RDWR)

    def _serve(self, listening: socket.socket, context: ssl.SSLContext | None) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(connection, context), daemon=True).start()

    def _answer(self, connection: socket.socket, context: ssl.SSLContext | None) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            if context is not None:
                connection = stack.enter_context(context.wrap_socket(connection, server_side=True))
            if (request := _read(connection)) is not None:
                self.requests.append(request)
            self.reply(connection, self.over)


def _read(connection: socket.socket) -> Request | None:
    received = b""
    while b"\r\n\r\n" not in received:
        if not (part := connection.recv(65536)):
            return None
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    line, *rest = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65536)
    return Request(line, headers, body)
