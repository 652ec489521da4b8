"""One Prefect server for all tests of this folder, and flows of our own for it to run.

Server and home end with the folder, not with the session: the tests that follow must not see their environment.
"""

import base64
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apps.prefect_server import Server, prefect_server
from apps.prefect_settings import prefect_environment

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from prefect.client.orchestration import SyncPrefectClient

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 90_000
"""Milliseconds: a worker on a busy machine takes its time to start a run."""
SAMPLE_FLOWS = '''
"""Flows for the tests' deployments; written to a file of their own because they load Prefect."""
import os
from pathlib import Path
from prefect import flow

@flow(name="sample-night")
async def night(depth: int = 1) -> None:
    home = os.environ["CLOSELOOP_HOME"]
    Path(home, "mark").write_text(f"depth {depth} in {home}")

@flow(name="sample-morning")
async def morning() -> None: ...

async def no_flow() -> None: ...
'''


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The store's folder; Prefect's home and the sample flows lie below it, for our children too."""
    home = tmp_path_factory.mktemp("home").resolve()
    (home / "sample_flows.py").write_text(SAMPLE_FLOWS)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PREFECT_")]:
            patch.delenv(name, raising=False)
        patch.setenv("PREFECT_HOME", str(home / "prefect"))
        patch.setenv("PYTHONPATH", str(home))
        patch.setattr(sys, "path", [*sys.path, str(home)])
        yield home


@pytest.fixture(scope="package")
def server(home: Path) -> Iterator[Server]:
    with prefect_server(home) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in prefect_environment(home, server.api_url).items():
            patch.setenv(name, value)  # before Prefect is imported here
        from prefect.settings import PREFECT_API_URL, temporary_settings

        here: dict[Any, Any] = {PREFECT_API_URL: server.api_url}
        with temporary_settings(here):  # imported before, Prefect would start a second server, on the same database
            yield server


@pytest.fixture
def client(server: Server) -> Iterator["SyncPrefectClient"]:
    from apps.prefect_client import prefect_client

    with prefect_client(server.api_url) as client:
        yield client


@pytest.fixture
def anonymous() -> Iterator["Page"]:
    """A page of the system's own browser, without the login: Playwright's browser cannot be fetched everywhere."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install the package chromium to walk the UI")
    playwright.expect.set_options(timeout=PATIENCE)
    with playwright.sync_playwright() as at_work:
        browser = at_work.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 1400})
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


@pytest.fixture
def page(server: Server, anonymous: "Page") -> "Page":
    """A page whose browser has logged in before; it keeps the login as the UI does."""
    login = base64.b64encode(server.credentials.login.encode()).decode()
    anonymous.add_init_script(f"localStorage.setItem('prefect-password', '{login}')")
    return anonymous


def until(found: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What `found` returns as soon as it returns something; fails when that takes too long."""
    deadline = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < deadline, f"nothing within {seconds} s"
        time.sleep(0.1)
    return result
