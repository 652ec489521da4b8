"""Gives the address of a case's page in the Prefect UI, for mails."""

import contextlib
import json
from pathlib import Path

from flows.work import Work


def case_page(work: Work, number: str) -> str | None:
    """Return the address of the page of a case; None where no Prefect UI is known.

    It is below the UI of the settings, else below that of the server that ``closeloop up`` runs for this home.
    """
    ui_url = work.ui_url or _served(work.store.home)
    return None if ui_url is None else f"{ui_url.rstrip('/')}/v2/artifacts/key/{number}"


def _served(home: Path) -> str | None:
    with contextlib.suppress(OSError, ValueError, KeyError):
        api_url: str = json.loads((home / "run" / "prefect-server.json").read_text("utf-8"))["api_url"]
        return api_url.removesuffix("/api")
    return None
