"""Administrators manage webhooks on the command line, and are told in words how a test message ended."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from standardwebhooks import Webhook as Verifier

from engine.clock import system_now
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import SUPERVISOR, execute_sql, new_case
from tests.gateways import certificates
from tests.gateways.webhook_receivers import Receiver, answers

ADA = ("--as", "ada")
URL = "https://hooks.example.com/closeloop"


@pytest.fixture
def staffed(closeloop: Closeloop, simulated: Store) -> Closeloop:
    """The command line on a store that has an administrator."""
    assert closeloop("actor", "add", "ada", "--role", "administrator").code == 0
    return closeloop


@pytest.fixture
def receiver(staffed: Closeloop, tmp_path: Path) -> Iterator[Receiver]:
    """A receiver on this machine, which the settings allow and whose authority they trust."""
    ours = certificates.authority(system_now())
    (tmp_path / "ca.pem").write_bytes(ours.public)
    staffed.patch.setenv("CLOSELOOP_WEBHOOK_CA", str(tmp_path / "ca.pem"))
    staffed.patch.setenv("CLOSELOOP_WEBHOOK_NETWORKS", "127.0.0.0/8,::1/128")
    certificate = certificates.server(system_now(), "localhost", by=ours)
    with Receiver().running(certificate.server_context(tmp_path)) as running:
        yield running


def test_a_secret_is_shown_once(staffed: Closeloop):
    added = staffed.json("webhook", "add", URL, "--event", "case.resolved", "--kind", "complaint", *ADA)
    assert (added["id"], added["url"]) == (1, URL)
    assert added["secret"].startswith("whsec_")
    listed = staffed("webhook", "list", *ADA)
    assert URL in listed.out
    assert "whsec_" not in listed.out
    [hook] = staffed.json("webhook", "list", *ADA)["webhooks"]
    assert (hook["events"], hook["kinds"], hook["departments"]) == (["case.resolved"], ["complaint"], [])
    rotated = staffed.json("webhook", "rotate", "1", "--hours", "2", *ADA)
    assert rotated["secret"] not in {added["secret"], ""}
    assert rotated["former_until"] == "2026-03-02T03:00:00+00:00"


def test_nobody_else_manages_webhooks(staffed: Closeloop):
    assert staffed.refused("webhook", "add", URL, "--as", SUPERVISOR)["code"] == "not_in_charge"
    assert staffed.refused("webhook", "list")["code"] == "no_actor"


def test_a_test_message_can_be_verified_with_the_secret(staffed: Closeloop, receiver: Receiver):
    url = f"https://localhost:{receiver.port}/hook"
    secret = staffed.json("webhook", "add", url, *ADA)["secret"]
    assert staffed.json("webhook", "test", "1", *ADA)["accepted"]
    [request] = receiver.requests
    headers = request.headers
    signed = Verifier(secret).sign(headers["webhook-id"], system_now().fromtimestamp(
        int(headers["webhook-timestamp"]), system_now().tzinfo), request.body.decode())  # fmt: skip
    assert headers["webhook-signature"] == signed


def test_an_address_is_tested_before_it_is_subscribed(staffed: Closeloop, receiver: Receiver):
    tested = staffed("webhook", "test", f"https://localhost:{receiver.port}/hook", *ADA)
    assert tested.code == 0
    assert "whsec_" in tested.out, "its receiver needs the secret to verify the message"
    assert staffed.json("webhook", "list", *ADA)["webhooks"] == []


def test_how_a_test_message_failed_is_said_in_words(staffed: Closeloop, receiver: Receiver):
    receiver.reply = answers(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
    refused = staffed.refused("webhook", "test", f"https://localhost:{receiver.port}/hook", *ADA)
    assert (refused["code"], refused["params"]["failure"]) == ("webhook_not_accepted", "status_503")
    assert "status_503" in refused["text"]
    connections = receiver.connections
    staffed.patch.setenv("CLOSELOOP_WEBHOOK_NETWORKS", "")
    refused = staffed.refused("webhook", "test", f"https://localhost:{receiver.port}/hook", *ADA)
    assert (refused["code"], refused["params"]["why"]) == ("bad_webhook_url", "inside")
    assert "CLOSELOOP_WEBHOOK_NETWORKS" in refused["text"]
    assert receiver.connections == connections


def test_a_faulty_list_of_networks_is_refused_before_anything_is_sent(staffed: Closeloop, receiver: Receiver):
    staffed.patch.setenv("CLOSELOOP_WEBHOOK_NETWORKS", "everything")
    refused = staffed.refused("webhook", "test", f"https://localhost:{receiver.port}/", *ADA)
    assert refused["code"] == "bad_webhook_networks"
    assert receiver.connections == 0


def test_a_replay_is_of_dead_ones_or_of_a_period(staffed: Closeloop, simulated: Store):
    staffed.json("webhook", "add", URL, *ADA)
    new_case(simulated)
    for wrong in ((), ("--dead", "--since", "2026-01-01T00:00:00Z"), ("--until", "2026-01-01T00:00:00Z")):
        assert staffed.refused("webhook", "replay", "1", *wrong, *ADA)["code"] == "dead_or_period"
    assert staffed.json("webhook", "replay", "1", "--since", "2026-03-01T00:00:00Z", *ADA)["queued"] == 1
    execute_sql(simulated, "UPDATE delivery SET status = 'dead'")
    [hook] = staffed.json("webhook", "list", *ADA)["webhooks"]
    assert (hook["waiting"], hook["dead"]) == (0, 1)
    [letter] = staffed.json("dead", "list")["dead"]
    assert letter["reaction"] == "webhook:1"
    assert staffed.json("webhook", "replay", "1", "--dead", *ADA)["queued"] == 1
    assert staffed.json("webhook", "remove", "1", *ADA)["unsent"] == 1
    assert staffed.refused("webhook", "remove", "1", *ADA)["code"] == "unknown_webhook"
