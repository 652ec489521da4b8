"""The commands over groups in messengers, against a stand-in, and what the status says of them."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.alert_groups import group_health
from engine.clock import system_now
from engine.outbox.mails import FELL_BACK, ComposedMail, MailOutcome, compose, settle_mails
from engine.settings import Settings
from engine.store import Store
from models.mail_marks import OF_GROUP
from tests.apps.conftest import Closeloop
from tests.gateways.robot_standins import TOKEN, Robots

pytestmark = pytest.mark.requirement("B11")

GROUPS = '[[group]]\nname = "nights"\nprovider = "wecom"\naddress_file = "nights.address"\nfallback = "n@example.com"\n'


@pytest.fixture
def robots(monkeypatch: pytest.MonkeyPatch) -> Iterator[Robots]:
    monkeypatch.setenv("CLOSELOOP_WEBHOOK_HTTP", "1")
    monkeypatch.setenv("CLOSELOOP_WEBHOOK_NETWORKS", "127.0.0.1/32")
    robots = Robots(system_now)
    with robots.served() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield robots
        server.shutdown()


def write_group(home: Path, address: str, text: str = GROUPS) -> None:
    (home / "groups.toml").write_text(text)
    (home / "nights.address").write_text(address)
    (home / "nights.address").chmod(0o600)


def test_a_supervisor_sends_a_test_and_reads_what_the_provider_answers(
    closeloop: Closeloop, simulated: Store, robots: Robots, home: Path
):
    write_group(home, robots.address(f"/cgi-bin/webhook/send?key={TOKEN}"))
    assert closeloop.json("duty", "test-group", "nights", "--as", "sue") == {"name": "nights", "answer": "0"}
    [(_, text)] = robots.heard
    assert text.startswith("群 nights 的测试消息\n")
    listed = closeloop.json("duty", "groups")
    assert [each["name"] for each in listed["groups"]] == ["nights"]
    assert TOKEN not in str(listed)
    assert "nights.address" not in str(listed)


def test_a_test_that_is_refused_says_by_which_code(closeloop: Closeloop, simulated: Store, robots: Robots, home: Path):
    write_group(home, robots.address("/cgi-bin/webhook/send?key=old"))
    refused = closeloop.refused("duty", "test-group", "nights", "--as", "sue")
    assert (refused["code"], refused["params"]["answer"]) == ("group_failed", "93000")
    assert closeloop.refused("duty", "test-group", "days", "--as", "sue")["code"] == "unknown_alert_group"
    assert closeloop.refused("duty", "test-group", "nights", "--as", "amy")["code"] == "not_in_charge"
    write_group(home, "", GROUPS.replace("wecom", "pigeon"))
    assert closeloop.refused("duty", "groups")["code"] == "bad_groups"
    assert "wecom, dingtalk, feishu, apprise" in closeloop("duty", "groups").output


def test_the_status_names_a_group_that_did_not_accept_alerts(store: Store, settings: Settings):
    at = store.now()
    assert group_health(settings, store, at) == []
    write_group(settings.where, "")
    assert [each.code for each in group_health(settings, store, at)] == ["accept"]
    message = ComposedMail("duty:1:2:1:group:nights", f"{OF_GROUP}nights", "s", "b")
    compose(store, [message], at)
    settle_mails(store, [MailOutcome(message.key, message.recipient, FELL_BACK, "93000")], at)
    [health] = group_health(settings, store, at)
    assert (health.ok, health.code, health.facts) == (False, "fell_back", {"names": "nights", "answer": "93000"})
    assert "93000" in health.text("en")
    write_group(settings.where, "", "[[group]]")
    assert [each.code for each in group_health(settings, store, at)] == ["faulty"]
