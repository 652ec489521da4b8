"""`closeloop up` with each child killed or stopped, and with Prefect wiped: what status, UI and report say."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from apps.prefect_server import free_port
from tests.prefect_side.conftest import until

pytestmark = [pytest.mark.prefect, pytest.mark.long, pytest.mark.requirement("I1")]

PATIENCE = 180.0
"""Seconds: a server on a busy machine takes its time to start."""
PROGRAM = Path(sys.executable).with_name("closeloop")


@dataclass(frozen=True)
class Up:
    """A running `closeloop up`, and what other commands and Prefect's API say of it."""

    home: Path
    port: int
    environment: dict[str, str]
    process: "subprocess.Popen[bytes]"

    @property
    def console(self) -> str:
        return (self.home / "up.log").read_text("utf-8")

    def note(self, name: str) -> dict[str, Any]:
        return json.loads((self.home / "run" / f"{name}.json").read_text("utf-8"))

    def command(self, *words: str) -> tuple[int, dict[str, Any]]:
        done = subprocess.run([PROGRAM, *words, "--json"], env=self.environment, capture_output=True, check=False)
        return done.returncode, json.loads(done.stdout)

    def status(self) -> dict[str, Any]:
        """The parts of `closeloop status --json`; its exit code says whether all are well."""
        code, document = self.command("status")
        assert code == (0 if document["ok"] else 2)
        return document["parts"]

    def well(self) -> bool:
        """Whether its processes are; what else may be red does not depend on them."""
        parts = self.status()
        return all(parts[part]["ok"] for part in ("driver", "prefect", "worker", "api"))

    def api(self, method: str, path: str, **body: Any) -> Any:
        url = f"http://127.0.0.1:{self.port}/api{path}"
        user, _, password = (self.home / "prefect.auth").read_text("ascii").partition(":")
        return httpx.request(
            method, url, json=body or None, auth=(user, password), trust_env=False, timeout=20.0
        ).json()

    def events(self, resource: str) -> list[Any]:
        return self.api("POST", "/events/filter", filter={"resource": {"id": [resource]}}, limit=10)["events"]

    def pages(self, key: str) -> list[Any]:
        return self.api("POST", "/artifacts/filter", artifacts={"key": {"any_": [key]}})

    def new_case(self) -> str:
        self.command("actor", "add", "amy", "--role", "agent", "--as", "admin")
        code, opened = self.command("case", "open", "--text", "My parcel is broken.", "--as", "amy")
        assert code == 0
        return str(opened["number"] if "number" in opened else opened["case"])


def started(home: Path, port: int, api_port: int, environment: dict[str, str]) -> Up:
    """Start `up` in a home; its console begins anew."""
    with (home / "up.log").open("wb") as log:
        command = [PROGRAM, "up", "--prefect-port", str(port), "--api-port", str(api_port)]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    return Up(home, port, environment, process)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    home, port = tmp_path_factory.mktemp("up"), free_port()
    hidden = ("PREFECT_", "CLOSELOOP_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    environment |= {"CLOSELOOP_HOME": str(home), "CLOSELOOP_LOCALE": "en", "CLOSELOOP_ZONE": "Europe/Berlin"}
    environment |= {"PREFECT_WORKER_HEARTBEAT_SECONDS": "2", "COLUMNS": "200"}
    running = started(home, port, free_port(), environment)
    until(lambda: "Ready" in running.console, PATIENCE)
    until(running.well, PATIENCE)
    yield running
    running.process.terminate()
    running.process.wait(60)


def kill(pid: int, number: int) -> None:
    os.kill(pid, number)


def died_and_came_back(up: Up, name: str) -> None:
    """The console tells of both, with the hour in the reader's zone."""
    until(lambda: re.search(rf"✗ [\d:]+ Europe/Berlin: the {name} has ended \(SIGKILL\)", up.console), PATIENCE)
    until(lambda: re.search(rf"✓ [\d:]+ Europe/Berlin: the {name} (runs|takes writes) again", up.console), PATIENCE)
    until(up.well, PATIENCE)


def test_it_prints_where_to_look_and_each_address_has_a_page(up: Up):
    addresses = re.findall(r"http://127\.0\.0\.1:\d+(/v2/\S+)", up.console)
    keys = [address.rpartition("/")[2] for address in addresses if "/artifacts/key/" in address]
    assert keys == ["closeloop", "sla-board", "morning-report", "escalation-ledger"]
    assert all(up.pages(key) for key in keys), "a key without a page is an error in the UI"


def test_it_prints_the_login_that_is_in_its_file(up: Up):
    assert (up.home / "prefect.auth").read_text("ascii") in up.console
    assert {(up.home / name).stat().st_mode & 0o777 for name in ("prefect.auth", "prefect-api.auth")} == {0o600}
    assert (up.home / "prefect-api.auth").read_text("ascii") not in up.console


def test_it_prints_the_address_of_the_api_which_is_ready_and_started_again_when_killed(up: Up):
    [address] = re.findall(r"(http://127\.0\.0\.1:\d+/api/v1)/docs", up.console)
    ready = httpx.get(address.replace("/api/v1", "/readyz"), trust_env=False).json()
    assert (ready["database"], ready["driver"]) == ("there", "beats")
    kill(up.note("api")["pid"], signal.SIGKILL)
    died_and_came_back(up, "API")
    assert (up.status()["api"]["code"], up.status()["api"]["restarts"]) == ("there", 1)


def test_a_killed_worker_is_started_again_and_said_to_be(up: Up):
    before = up.note("prefect-worker")
    kill(before["pid"], signal.SIGKILL)
    died_and_came_back(up, "worker")
    worker = up.status()["worker"]
    assert (worker["ok"], worker["code"], worker["restarts"]) == (True, "beats", 1)
    assert worker["pid"] != before["pid"]


def test_a_killed_server_is_started_again_while_the_driver_goes_on(up: Up):
    kill(up.note("prefect-server")["pid"], signal.SIGKILL)
    number = up.new_case()
    until(lambda: up.command("case", "show", number)[1]["level"] is not None)
    died_and_came_back(up, "Prefect server")
    parts = up.status()
    assert (parts["prefect"]["code"], parts["prefect"]["restarts"]) == ("there", 1)
    assert parts["driver"]["code"] == "beats"
    assert until(lambda: up.pages(number), PATIENCE), "its page is made up for"
    assert until(lambda: up.events("closeloop.process.prefect-server")), "the event feed has it"


def test_a_stopped_worker_is_told_from_one_that_is_gone(up: Up):
    pid = up.note("prefect-worker")["pid"]
    kill(pid, signal.SIGSTOP)
    until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    worker = up.status()["worker"]
    kill(pid, signal.SIGCONT)
    assert (worker["ok"], worker["code"]) == (False, "stopped")
    until(up.well, PATIENCE)


def test_with_a_stopped_server_the_driver_keeps_the_deadlines_and_the_report_says_so(up: Up):
    pid = up.note("prefect-server")["pid"]
    kill(pid, signal.SIGSTOP)
    until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    number = up.new_case()
    unseen = until(lambda: up.command("report")[1]["health"]["unseen"]["count"], PATIENCE)
    parts = up.status()
    kill(pid, signal.SIGCONT)
    assert unseen >= 1
    assert (parts["prefect"]["code"], parts["worker"]["code"]) == ("stopped", "unknown")
    assert (parts["driver"]["ok"], parts["timers"]["ok"]) == (True, True)
    until(up.well, PATIENCE)
    assert until(lambda: up.pages(number), PATIENCE), "its page is made up for"


def test_after_prefect_was_wiped_its_pages_and_deployments_are_there_again(up: Up):
    number = up.new_case()
    until(lambda: up.pages(number), PATIENCE)
    pid = up.note("prefect-server")["pid"]
    kill(pid, signal.SIGSTOP)
    for file in (up.home / "prefect").glob("prefect.db*"):
        file.unlink()
    kill(pid, signal.SIGKILL)
    until(lambda: up.note("prefect-server")["pid"] != pid, PATIENCE)
    assert until(lambda: up.pages(number) if up.well() else None, PATIENCE)
    keys = ("closeloop", "sla-board", "morning-report", "escalation-ledger")
    assert until(lambda: all(up.pages(key) for key in keys), PATIENCE)
    wanted = {"overnight-escalation", "show-case", "escalate-case"}  # made one after the other
    assert until(lambda: wanted <= {each["name"] for each in up.api("POST", "/deployments/filter")}, PATIENCE)
    assert up.command("report")[1]["cases"] >= 3, "the report is made of our own tables"
    assert up.command("verify")[0] == 0


def test_a_killed_up_takes_its_children_with_it_and_status_says_what_is_gone(up: Up):
    pids = [up.note(name)["pid"] for name in ("prefect-server", "prefect-worker", "api")]
    up.process.kill()
    up.process.wait()
    until(lambda: not any(psutil.pid_exists(pid) for pid in pids), PATIENCE)
    parts = up.status()
    assert {name: parts[name]["code"] for name in ("driver", "prefect", "worker", "api")} == {
        "driver": "gone",
        "prefect": "gone",
        "api": "gone",
        "worker": "gone",
    }
    shown = subprocess.run([PROGRAM, "status"], env=up.environment, capture_output=True, text=True, check=False)
    assert "no driver runs either, so deadlines wait" in shown.stdout


def test_an_up_that_is_started_at_once_after_a_killed_one_takes_its_ports_over(up: Up):
    left = {name: up.note(name) for name in ("prefect-server", "prefect-worker", "prefect-acts", "api")}
    up.process.kill()
    up.process.wait()
    following = started(up.home, up.port, httpx.URL(left["api"]["api_url"]).port or 0, up.environment)
    try:
        until(lambda: "Ready" in following.console, PATIENCE)
        until(following.well, PATIENCE)
        assert not any(following.note(name)["pid"] == note["pid"] for name, note in left.items())
        assert not [name for name, note in left.items() if runs(note["pid"])], "nothing of the killed one is left"
    finally:
        following.process.terminate()
        following.process.wait(60)


def runs(pid: int) -> bool:
    """Return whether a process runs; one that ended and was not cleared away does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
