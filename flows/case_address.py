"""Gives the addresses of a case and its runs: of their pages in the Prefect UI, and of the case in the console."""

import contextlib
import json
from pathlib import Path

from flows.work import Work


def case_page(work: Work, number: str) -> str | None:
    """Return the address of the page of a case; None where no Prefect UI is known.

    It is below the UI of the settings, else below that of the server that ``closeloop up`` runs for this home.
    """
    ui_url = prefect_ui(work.ui_url, work.store.home)
    return None if ui_url is None else f"{ui_url}/v2/artifacts/key/{number}"


def run_page(ui_url: str, run_id: str) -> str:
    """Return the address of the page of a run."""
    return f"{ui_url}/v2/runs/flow-run/{run_id}"


def console_page(console_url: str | None, number: str) -> str | None:
    """Return the address of a case in the console; None where the console's own is not known."""
    return None if console_url is None else f"{console_url.rstrip('/')}/console/cases/{number}"


def prefect_ui(ui_url: str | None, home: Path) -> str | None:
    """Return the address of the Prefect UI: that of the settings, else of the server that runs for this home."""
    found = ui_url or _served(home)
    return None if found is None else found.rstrip("/")


def _served(home: Path) -> str | None:
    with contextlib.suppress(OSError, ValueError, KeyError):
        api_url: str = json.loads((home / "run" / "prefect-server.json").read_text("utf-8"))["api_url"]
        return api_url.removesuffix("/api")
    return None
