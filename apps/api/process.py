"""Runs the API: one worker in this process, or several as children that share the port and the store.

Usage: python -m apps.api.process HOST PORT (with the settings of closeloop in the environment), as ``up`` starts it.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

import uvicorn

from apps.listening import Listening
from engine.settings import Settings

STOP_SECONDS = 10
"""How long a worker that is told to stop finishes the requests that it has begun."""
KEEP_ALIVE_SECONDS = 15
FIGURES = "PROMETHEUS_MULTIPROC_DIR"


def serve(home: Path, listening: Listening) -> None:
    """Serve until a signal comes; what has begun is finished first."""
    folder = home / "run" / f"figures-{os.getpid()}"
    if listening.workers > 1:  # see Note [Several workers] in apps/api/figures.py
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        os.environ[FIGURES] = str(folder)
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it again when it has stopped, which would kill us
    try:
        uvicorn.run(
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
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    serve(Settings().where, Listening(sys.argv[1], int(sys.argv[2])))
