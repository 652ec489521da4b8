"""Runs the API: one worker in this process, or several as children that share the port and the store.

Usage: python -m apps.api.process HOST PORT (with the settings of closeloop in the environment), as ``up`` starts it.
"""

import os
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from engine.settings import Settings
from statemachines.refused import Refused

HOST, PORT = "127.0.0.1", 4280
STOP_SECONDS = 10
"""How long a worker that is told to stop finishes the requests that it has begun."""
KEEP_ALIVE_SECONDS = 15
FIGURES = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the API listens, by how many workers, and which proxies may say whose request they pass on."""

    host: str = HOST
    port: int = PORT
    workers: int = 1
    proxies: str = ""

    @property
    def url(self) -> str:
        """Return the address of the API."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/api/v1"


def application() -> FastAPI:
    """Return the application of a worker, with the settings of its environment."""
    from apps.api.app import create_app
    from apps.api.authentication import authenticate

    return create_app(Settings(), authenticate)


def check_listening(listening: Listening) -> None:
    """Raise ``Refused('address_taken')`` where the address cannot be listened on now."""
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listening.host, listening.port))
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise Refused("address_taken", host=listening.host, port=listening.port, why=why) from None


def serve(home: Path, listening: Listening) -> None:
    """Serve until a signal comes; what has begun is finished first."""
    folder = home / "run" / f"figures-{os.getpid()}"
    if listening.workers > 1:  # see Note [Several workers] in apps/api/figures.py
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        os.environ[FIGURES] = str(folder)
    try:
        uvicorn.run(
            "apps.api.process:application",
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
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    serve(Settings().where, Listening(sys.argv[1], int(sys.argv[2])))
