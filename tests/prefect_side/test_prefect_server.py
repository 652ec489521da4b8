"""The server is ready when it says so, there once, and gone with the one who started it."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from apps.prefect_server import PrefectServerError, Server, prefect_server

pytestmark = pytest.mark.prefect


def test_its_pages_know_where_its_api_is(server: Server, home: Path):
    assert "text/html" in httpx.get(f"{server.ui_url}/").headers["Content-Type"]
    assert httpx.get(f"{server.ui_url}/ui-settings").json()["api_url"] == server.api_url
    note = json.loads((home / "run" / "prefect-server.json").read_text())
    assert (note["pid"], note["api_url"]) == (server.pid, server.api_url)


def test_a_second_one_for_the_same_store_is_refused(server: Server, home: Path):
    with pytest.raises(PrefectServerError, match="runs already"), prefect_server(home):
        pass
    assert server.alive


def test_a_taken_port_is_named(server: Server, tmp_path: Path):
    port = int(server.ui_url.rpartition(":")[2])
    with pytest.raises(PrefectServerError, match=f"Port {port} is taken"), prefect_server(tmp_path, port):
        pass


@pytest.mark.long
def test_one_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PREFECT_SERVER_API_PORT", "no number")
    with pytest.raises(PrefectServerError, match="ended while starting") as refused, prefect_server(tmp_path):
        pass
    assert "no number" in str(refused.value)
    assert "prefect-server.log" in str(refused.value)


def test_a_child_ends_when_its_supervisor_is_killed():
    child = subprocess.Popen(
        [sys.executable, "-m", "apps.supervised_child", "http.server", "--bind", "127.0.0.1", "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={"PYTHONUNBUFFERED": "1"},
    )
    with child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert b"Serving HTTP" in child.stdout.readline()
        child.stdin.close()
        assert child.wait(10) == -signal.SIGTERM
