"""Runs ``closeloop serve`` for real: several workers serve one store, and stop without losing what they have begun."""

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.api.serving import STOP_SECONDS, Serving, served_store, serving, until
from tests.conftest import DATABASES

pytestmark = pytest.mark.long

NEW = {"text": "My parcel is late.", "customer": {"name": "Wang", "phone": "13800138000"}}


@pytest.fixture(params=DATABASES)
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Serving]:
    """Two workers over a new store, on each database."""
    url = request.getfixturevalue("new_database")() if request.param == "postgres" else None
    with serving(*served_store(tmp_path, url), workers=2) as running:
        yield running


def begun_request(served: Serving) -> tuple[socket.socket, bytes]:
    """Send the first half of a request that opens a case; return its connection and the other half."""
    body = json.dumps(NEW).encode()
    head = (
        "POST /api/v1/cases HTTP/1.1", f"Host: 127.0.0.1:{served.port}", f"Authorization: Bearer {served.token}",
        "Content-Type: application/json", f"Content-Length: {len(body)}", "", "",
    )  # fmt: skip
    connection = socket.create_connection(("127.0.0.1", served.port), timeout=STOP_SECONDS)
    connection.sendall("\r\n".join(head).encode() + body[:10])
    return connection, body[10:]


def test_each_worker_knows_what_the_other_has_answered(served: Serving):
    assert len(served.workers()) == 2
    numbers = set[str]()
    for _ in range(10):  # a connection for each, so that both workers get some
        with served.client() as client:
            answer = client.post("/cases", json=NEW, headers={"Idempotency-Key": "once"})
            assert answer.status_code == 201, answer.text
            numbers.add(answer.json()["number"])
    assert len(numbers) == 1
    with served.client() as client:
        assert [case["number"] for case in client.get("/cases").json()["cases"]] == list(numbers)
        figures = client.get(f"{served.url}/metrics").text
    assert 'closeloop_request_seconds_count{route="/api/v1/cases"} 11.0' in figures, "of both workers together"


def test_a_request_that_has_begun_is_answered_before_the_workers_stop(served: Serving):
    connection, rest = begun_request(served)
    with connection, served.client() as client:
        client.get("/cases")
        served.process.send_signal(signal.SIGTERM)
        until(lambda: len(served.workers()) == 1)  # the other worker had nothing to finish
        connection.sendall(rest)
        assert connection.recv(4096).startswith(b"HTTP/1.1 201 "), "Created"
    assert served.process.wait(STOP_SECONDS) == 0
    assert "Stopped." in served.log
    assert not list((served.settings.where / "run").glob("figures-*")), "the figures of the workers are removed"


def test_a_worker_that_was_killed_is_replaced(served: Serving):
    killed = served.workers()[0]
    served.kill(killed)
    until(lambda: len(served.workers()) == 2 and killed not in served.workers())
    with served.client() as client:
        assert client.post("/cases", json=NEW).status_code == 201
