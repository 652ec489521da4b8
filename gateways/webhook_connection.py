"""Connects to the receiver of a webhook at an address that was checked, and at no other; all within a few seconds.

Note [Checked is connected]: the name is resolved once, every address that it has is checked, and the socket is opened
to one of those addresses. So a name whose answer changes between the check and the connection gains nothing. TLS is
verified for the name.

Note [Deadline]: a timeout of a socket begins anew with each byte, so a receiver could send one byte a second for ever.
When the time of a delivery is over, its socket is shut down, and whatever waits on it ends.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from types import TracebackType
from typing import Any, Self

import httpcore

from models.public_addresses import Network, is_reachable

Resolve = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host name."""


class AddressNotAllowed(OSError):
    """A host name leads to an address of the inside."""


class NameUnknown(OSError):
    """A host name leads nowhere."""


class OutOfTime(OSError):
    """The time of a delivery was over."""


def system_resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host by the system's resolver. Raises ``NameUnknown``."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NameUnknown from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Deadline:
    """The time of one delivery. See Note [Deadline]."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.over = threading.Event()
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()

    def watch(self, connection: socket.socket) -> None:
        """Shut this socket down when the time is over. Raises ``OutOfTime`` if it is."""
        with self._lock:
            self._sockets.append(connection)
        self.check()

    def check(self) -> None:
        """Raise ``OutOfTime`` if the time is over."""
        if self.over.is_set():
            raise OutOfTime

    def _end(self) -> None:
        self.over.set()
        with self._lock:
            for connection in self._sockets:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)  # that of TLS would unwrap it


class CheckedBackend(httpcore.NetworkBackend):
    """Opens connections of httpcore to checked addresses only. See Note [Checked is connected]."""

    def __init__(self, allowed: Sequence[Network], resolve: Resolve, deadline: Deadline) -> None:
        self._allowed, self._resolve, self._deadline = allowed, resolve, deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Return a connection to the first address of the host that answers.

        Raises ``AddressNotAllowed`` if only one of its addresses is not allowed, ``NameUnknown``, ``OutOfTime``.
        """
        addresses = self._addresses(host, port)
        if not all(is_reachable(address, self._allowed) for address in addresses):
            raise AddressNotAllowed
        failed: OSError = NameUnknown()
        for address in addresses:
            try:
                return SocketStream(self._connected(address, port), self._deadline)
            except OutOfTime:
                raise
            except OSError as error:
                failed = error
        raise failed

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        """Resolve a name, which may take the system longer than the delivery has."""
        answers: list[Sequence[str]] = []
        errors: list[OSError] = []

        def ask() -> None:
            try:
                answers.append(self._resolve(host, port))
            except OSError as error:
                errors.append(error)

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(self._deadline.seconds)
        self._deadline.check()
        if errors:
            raise errors[0]
        if not answers:
            raise OutOfTime
        if not answers[0]:
            raise NameUnknown
        return answers[0]

    def _connected(self, address: str, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(self._deadline.seconds)
            self._deadline.watch(connection)
            connection.connect((address, port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._deadline.check()
        except BaseException:
            connection.close()
            self._deadline.check()
            raise
        return connection


class SocketStream(httpcore.NetworkStream):
    """A connection whose waiting ends with the delivery's time."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._socket, self._deadline = connection, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the next bytes; none at the end."""
        with self._within_time():
            received = self._socket.recv(max_bytes)
            self._deadline.check()  # a socket that was shut down reads as ended
            return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all bytes; a receiver that does not read them all may have answered, which httpcore then reads."""
        try:
            with self._within_time():
                self._socket.sendall(buffer)
        except OutOfTime:
            raise
        except OSError as error:
            raise httpcore.WriteError from error

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Return the connection under TLS, after the certificate was verified for the name."""
        try:
            with self._within_time():
                plain = self._socket
                secured = ssl_context.wrap_socket(plain, server_hostname=server_hostname, do_handshake_on_connect=False)
                self._socket = secured
                self._deadline.watch(secured)
                secured.do_handshake()
        except BaseException:
            self.close()
            raise
        return SocketStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks of a connection."""
        return self._socket if info == "socket" else None

    @contextlib.contextmanager
    def _within_time(self) -> Generator[None]:
        try:
            yield
        except (OSError, ValueError):
            self._deadline.check()
            raise
