"""Gives the addresses of a case and its runs: of their pages in the Prefect UI, and of the case in the console.

Each is below the address that the settings name, else below that of the process that ``closeloop up`` runs for this
home, which stands in a note of the process.
"""

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.work import Work


def case_page(work: "Work", number: str) -> str | None:
    """Return the address of the page of a case in the Prefect UI; None where no Prefect UI is known."""
    ui_url = prefect_ui(work.ui_url, work.store.home)
    return None if ui_url is None else f"{ui_url}/v2/artifacts/key/{number}"


def run_page(ui_url: str, run_id: str) -> str:
    """Return the address of the page of a run."""
    return f"{ui_url}/v2/runs/flow-run/{run_id}"


def console_page(work: "Work", number: str) -> str | None:
    """Return the address of a case in the console; None where no console is known."""
    address = site(work.public_url, work.store.home)
    return None if address is None else f"{address}/console/cases/{number}"


def indicators_page(work: "Work", period: str) -> str | None:
    """Return the address of the indicators of a period in the console; None where no console is known."""
    address = site(work.public_url, work.store.home)
    return None if address is None else f"{address}/console/indicators?period={period}"


def staff_page(work: "Work", number: str) -> str | None:
    """Return where staff act on a case: the console, in which each has his own account, else the Prefect UI."""
    return console_page(work, number) or case_page(work, number)


def with_staff_page(work: "Work", number: str, line: str) -> str:
    """Return a line of a mail to staff with the address of its case below it, where one is known."""
    address = staff_page(work, number)
    return line if address is None else f"{line}\n  {address}"


def site(public_url: str | None, home: Path) -> str | None:
    """Return where the console and the portal begin: at the address of the settings, else of the site that runs."""
    found = public_url or _noted(home, "api.json", "/api/v1")
    return None if found is None else found.rstrip("/")


def prefect_ui(ui_url: str | None, home: Path) -> str | None:
    """Return the address of the Prefect UI: that of the settings, else of the server that runs for this home."""
    found = ui_url or _noted(home, "prefect-server.json", "/api")
    return None if found is None else found.rstrip("/")


def _noted(home: Path, note: str, path: str) -> str | None:
    """Return where a process of this home serves pages: the address of its API without the path of the API."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        api_url: str = json.loads((home / "run" / note).read_text("utf-8"))["api_url"]
        return api_url.removesuffix(path)
    return None
