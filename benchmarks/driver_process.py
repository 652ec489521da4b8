"""Starts the driver as a process of its own, as in production, for benchmarks that measure it from outside."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.settings import Settings


@contextmanager
def driver(settings: Settings, api_url: str = "") -> Iterator[None]:
    """Drive the store until the block ends; without the address of a Prefect API its runs are not observed."""
    database = {"CLOSELOOP_DATABASE_URL": settings.database_url} if settings.database_url else {}
    own = {"CLOSELOOP_HOME": str(settings.where), "CLOSELOOP_SECRET": settings.secret or "", "PREFECT_API_URL": api_url}
    command = [Path(sys.executable).with_name("closeloop"), "drive"]
    child = subprocess.Popen(
        command, env=os.environ | own | database, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        child.terminate()
        child.wait(20)
