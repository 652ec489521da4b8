"""Runs the API: one worker in this process, or several as children that share the port and the store.

Note [A socket of its own]: workers that accept from one listening socket share its connections badly. The worker that
wakes first accepts all that wait, and a client keeps its connection for many requests. So each worker listens at the
same port with a socket of its own (SO_REUSEPORT), and Linux spreads new connections over the sockets by their
addresses. The worker binds it, not the parent: the socket of a worker that dies is closed with it, and new connections
go to the others until it is replaced. Other systems do not spread connections; there the workers share one socket.

Note [No delay]: asyncio turns off Nagle's algorithm for the connections of a socket that names TCP as its protocol, and
for no others, such as those that uvicorn binds for several workers. With it, half of an answer waits for the receiver's
delayed acknowledgement, 40 ms.

Usage: python -m apps.api.process HOST PORT (with the settings of closeloop in the environment), as ``up`` starts it.
"""

import contextlib
import logging
import os
import shutil
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from apps.listening import Listening
from engine.settings import Settings

STOP_SECONDS = 10
"""How long a worker that is told to stop finishes the requests that it has begun."""
KEEP_ALIVE_SECONDS = 15
_log = logging.getLogger("closeloop.api")
FIGURES = "PROMETHEUS_MULTIPROC_DIR"


def serve(home: Path, listening: Listening) -> None:
    """Serve until a signal comes; what has begun is finished first."""
    folder = home / "run" / f"figures-{os.getpid()}"
    if listening.workers > 1:  # see Note [Several workers] in apps/api/figures.py
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        os.environ[FIGURES] = str(folder)
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it again when it has stopped, which would kill us
    try:
        _run(
            uvicorn.Config(
                "apps.site:application",
                factory=True,
                host=listening.host,
                port=listening.port,
                workers=listening.workers,
                proxy_headers=bool(listening.proxies),
                forwarded_allow_ips=listening.proxies or None,
                server_header=False,
                access_log=False,  # addresses hold numbers of cases and what is searched for
                log_level="warning",
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(config: uvicorn.Config) -> None:
    if config.workers == 1:
        server = uvicorn.Server(config)
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again when it has stopped
            server.run()
        if not server.started:
            sys.exit(STARTUP_FAILURE)
    else:
        own = cast("socket.socket", OwnSocket(config.host, config.port))  # a socket once it has reached the worker
        Multiprocess(config, sockets=[own if sys.platform == "linux" else config.bind_socket()]).run()


@dataclass(frozen=True, slots=True)
class OwnSocket:
    """The address of all workers; each that unpickles it gets a socket. See Note [A socket of its own]."""

    host: str
    port: int

    def __reduce__(self) -> tuple[Any, ...]:
        return bound_socket, (self.host, self.port)


def bound_socket(host: str, port: int) -> socket.socket:
    """Return a socket that is bound beside those of the other workers; a worker that gets none ends all of them."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # see Note [No delay]
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        _log.error("%s:%s: %s", host, port, error.strerror)
        sys.exit(STARTUP_FAILURE)  # uvicorn stops all workers then, instead of starting this one again and again
    return listener


if __name__ == "__main__":
    serve(Settings().where, Listening(sys.argv[1], int(sys.argv[2])))
