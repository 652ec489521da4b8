"""A process that is stopped, a zombie, gone or another one with its number is told from one that runs."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import pytest

from apps.health import Health
from apps.process_health import api_health, fault_of, process_health
from apps.process_state import process_facts


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    """A child that waits until it is killed."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield child
    child.kill()
    child.communicate()


def until_status(pid: int, *statuses: str) -> None:
    """Return when the system shows one of these states; a signal takes a moment."""
    while psutil.Process(pid).status() not in statuses:
        os.sched_yield()


def test_one_that_runs_has_no_fault(process: "subprocess.Popen[bytes]"):
    assert fault_of(process_facts(process.pid)) is None
    assert fault_of(None) is None


def test_one_that_is_stopped_goes_on_when_it_is_let(process: "subprocess.Popen[bytes]"):
    note = process_facts(process.pid)
    process.send_signal(signal.SIGSTOP)
    until_status(process.pid, psutil.STATUS_STOPPED)
    assert fault_of(note) == "stopped"
    process.send_signal(signal.SIGCONT)
    until_status(process.pid, psutil.STATUS_SLEEPING, psutil.STATUS_RUNNING)
    assert fault_of(note) is None


def test_one_that_was_killed_is_a_zombie_until_it_is_cleared_away(process: "subprocess.Popen[bytes]"):
    note = process_facts(process.pid)
    process.kill()
    until_status(process.pid, psutil.STATUS_ZOMBIE)
    assert fault_of(note) == "zombie"
    process.wait()
    assert fault_of(note) == "gone"


def test_another_process_with_its_number_is_not_it(process: "subprocess.Popen[bytes]"):
    note = process_facts(process.pid)
    assert fault_of({**note, "started": note["started"] - 3600}) == "gone"


def health(home: Path, driver_lives: bool, **notes: dict[str, Any]) -> list[Health]:
    (home / "run").mkdir()
    for name, note in notes.items():
        (home / "run" / f"prefect-{name}.json").write_text(json.dumps(note))
    return process_health(home, driver_lives)


def test_deadlines_go_on_only_where_a_driver_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with_driver, worker, _ = health(tmp_path / "a", driver_lives=True)
    without, *_ = health(tmp_path / "b", driver_lives=False)
    assert (with_driver.code, with_driver.ok, worker.code, worker.ok) == ("none", False, "none", False)
    assert "the driver keeps the deadlines" in with_driver.text("en")
    assert "deadlines wait" in without.text("en")
    assert "keeps the deadlines" not in without.text("en")


def test_a_stopped_server_and_worker_are_named_without_an_answer(process: "subprocess.Popen[bytes]", tmp_path: Path):
    process.send_signal(signal.SIGSTOP)
    until_status(process.pid, psutil.STATUS_STOPPED)
    note = {**process_facts(process.pid), "restarts": 2}
    server, worker, _ = health(tmp_path, True, server={**note, "api_url": "http://127.0.0.1:9/api"}, worker=note)
    assert (server.code, worker.code) == ("stopped", "stopped")
    for part in (server, worker):
        assert f"kill -CONT {process.pid}" in part.text("en")
        assert "started again 2 times" in part.text("en")
    assert server.document()["restarts"] == 2


def test_a_worker_of_which_no_server_can_say_anything_is_not_called_well(
    process: "subprocess.Popen[bytes]", tmp_path: Path
):
    note = process_facts(process.pid)
    server, worker, _ = health(tmp_path, True, server={**note, "api_url": "http://127.0.0.1:9/api"}, worker=note)
    assert (server.code, worker.code, worker.ok) == ("away", "unknown", False)


def health_of_api(home: Path, **note: Any) -> Health:
    (home / "run").mkdir(exist_ok=True)
    (home / "run" / "api.json").write_text(json.dumps({"api_url": "http://127.0.0.1:9/api/v1", **note}))
    return api_health(home)


def test_an_api_that_was_not_started_here_is_no_fault(tmp_path: Path):
    assert (api_health(tmp_path).ok, api_health(tmp_path).code) == (True, "none")


def test_an_api_whose_process_runs_must_answer(process: "subprocess.Popen[bytes]", tmp_path: Path):
    away = health_of_api(tmp_path, **process_facts(process.pid), restarts=1)
    assert (away.ok, away.code) == (False, "away")
    assert "http://127.0.0.1:9/api/v1" in away.text("en")
    assert "started again 1 times" in away.text("en")


def test_an_api_whose_process_died_is_a_fault(process: "subprocess.Popen[bytes]", tmp_path: Path):
    note = process_facts(process.pid)
    process.kill()
    process.wait()
    gone = health_of_api(tmp_path, **note)
    assert (gone.ok, gone.code, gone.facts["pid"]) == (False, "gone", process.pid)


def test_an_api_that_answers_is_well(process: "subprocess.Popen[bytes]", tmp_path: Path):
    class Livez(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/livez" else 404)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Livez) as server:
        Thread(target=server.handle_request, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/api/v1"
        there = health_of_api(tmp_path, **process_facts(process.pid), api_url=url)
    assert (there.ok, there.code) == (True, "there")
