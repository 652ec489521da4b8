"""Messages to groups, against stand-ins that speak the documented protocols of WeCom, DingTalk and Feishu."""

import json
import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from engine.clock import system_now
from gateways.group_robots import MOST_BYTES, RobotGroups, shortened
from gateways.groups import FILE, GroupAlert, GroupFailed, GroupSettings, Provider, read_groups
from gateways.mapping_file import BadMapping
from gateways.webhook_http import HttpSender
from gateways.webhook_sender import SenderRules
from models.public_addresses import parsed_networks
from tests.gateways.robot_standins import KEY, TOKEN, Robots

pytestmark = pytest.mark.requirement("B11")

PATHS = {
    Provider.WECOM: f"/cgi-bin/webhook/send?key={TOKEN}",
    Provider.DINGTALK: f"/robot/send?access_token={TOKEN}",
    Provider.FEISHU: f"/open-apis/bot/v2/hook/{TOKEN}",
}
FILE_TEXT = """
[[group]]
name = "nights"
provider = "dingtalk"
address_file = "nights.address"
secret_file = "nights.key"
fallback = "nights@example.com"
departments = ["claims"]
levels = [1, 2]
alerts = ["duty", "night"]
"""


@pytest.fixture
def robots() -> Iterator[Robots]:
    robots = Robots(system_now)
    with robots.served() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield robots
        server.shutdown()


def groups(home: Path, *networks: str) -> RobotGroups:
    rules = SenderRules(http_allowed=True, networks=parsed_networks(" ".join(networks or ("127.0.0.1/32",))))
    return RobotGroups(home, HttpSender(rules))


def group(home: Path, provider: Provider, address: str, *, key: str = KEY) -> GroupSettings:
    (home / "a").write_text(f"{address}\n")
    (home / "k").write_text(key)
    signs = provider in (Provider.DINGTALK, Provider.FEISHU)
    return GroupSettings(
        name="nights", provider=provider, address_file=Path("a"), secret_file=Path("k") if signs else None,
        fallback="nights@example.com",
    )  # fmt: skip


@pytest.mark.parametrize("provider", PATHS)
def test_each_robot_accepts_what_is_sent_to_its_group(tmp_path: Path, robots: Robots, provider: Provider):
    to = group(tmp_path, provider, robots.address(PATHS[provider]))
    assert groups(tmp_path).send(to, "cp-26-000001：值班提醒", "投诉 · 已受理", system_now()) == "0"
    [(_, text)] = robots.heard
    assert text == "cp-26-000001：值班提醒\n投诉 · 已受理"


@pytest.mark.parametrize(
    ("provider", "code"), [(Provider.DINGTALK, "310000"), (Provider.FEISHU, "19021")], ids=["dingtalk", "feishu"]
)
def test_a_wrong_key_or_an_old_signature_is_no_success_although_the_status_is_200(
    tmp_path: Path, robots: Robots, provider: Provider, code: str
):
    address = robots.address(PATHS[provider])
    with pytest.raises(GroupFailed, match=code):
        groups(tmp_path).send(group(tmp_path, provider, address, key="another"), "s", "b", system_now())
    with pytest.raises(GroupFailed, match=code):
        groups(tmp_path).send(group(tmp_path, provider, address), "s", "b", system_now() - timedelta(hours=2))
    assert robots.heard == []


@pytest.mark.parametrize(
    ("provider", "answer", "code", "busy"),
    [
        (Provider.WECOM, {"errcode": 93000, "errmsg": "invalid webhook url"}, "93000", False),
        (Provider.WECOM, {"errcode": 45009, "errmsg": "api freq out of limit"}, "45009", True),
        (Provider.DINGTALK, {"errcode": 130101, "errmsg": "send too fast"}, "130101", True),
        (Provider.FEISHU, {"code": 11232, "msg": "frequency limited"}, "11232", True),
        (Provider.FEISHU, {"hello": 1}, "answer", False),
        (Provider.WECOM, {"errcode": "0"}, "answer", False),
        (Provider.WECOM, {"errcode": False}, "answer", False),
    ],
)
def test_the_code_in_the_body_says_whether_a_message_was_accepted(
    tmp_path: Path, robots: Robots, provider: Provider, answer: dict[str, Any], code: str, busy: bool
):
    robots.answer = answer
    with pytest.raises(GroupFailed) as caught:
        groups(tmp_path).send(group(tmp_path, provider, robots.address(PATHS[provider])), "s", "b", system_now())
    assert (caught.value.code, caught.value.busy) == (code, busy)


def test_an_address_of_the_inside_is_not_called_unless_a_setting_allows_it(tmp_path: Path, robots: Robots):
    to = group(tmp_path, Provider.WECOM, robots.address(PATHS[Provider.WECOM]))
    with pytest.raises(GroupFailed, match="address"):
        groups(tmp_path, "10.0.0.0/8").send(to, "s", "b", system_now())
    (tmp_path / "a").unlink()
    with pytest.raises(GroupFailed, match="no_address"):
        groups(tmp_path).send(to, "s", "b", system_now())
    assert robots.heard == []


def test_a_long_message_is_cut_between_characters(tmp_path: Path, robots: Robots):
    to = group(tmp_path, Provider.WECOM, robots.address(PATHS[Provider.WECOM]))
    assert groups(tmp_path).send(to, "cp-26-000001", "提醒" * 2000, system_now()) == "0"
    text = robots.heard[0][1]
    assert len(text.encode()) <= MOST_BYTES
    assert text.startswith("cp-26-000001\n提醒")
    assert text.endswith(" …")
    assert shortened("a" * MOST_BYTES) == "a" * MOST_BYTES


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # a plugin of apprise imports imghdr
def test_other_messengers_are_reached_by_apprise_and_no_log_names_an_address(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    heard: list[dict[str, Any]] = []
    status = [200]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(status[0])
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, caplog.at_level(logging.DEBUG):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        to = group(tmp_path, Provider.APPRISE, f"json://127.0.0.1:{server.server_address[1]}/{TOKEN}")
        assert groups(tmp_path).send(to, "cp-26-000001", "alert", system_now()) == "0"
        status[0] = 500
        with pytest.raises(GroupFailed, match="not_accepted"):
            groups(tmp_path).send(to, "cp-26-000001", "alert", system_now())
        (tmp_path / "a").write_text("nonsense")
        with pytest.raises(GroupFailed, match="address"):
            groups(tmp_path).send(to, "cp-26-000001", "alert", system_now())
        server.shutdown()
    assert [each["message"] for each in heard] == ["cp-26-000001\nalert"] * 2
    assert TOKEN not in caplog.text


def test_no_log_names_the_address_of_a_robot(tmp_path: Path, robots: Robots, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        to = group(tmp_path, Provider.WECOM, robots.address(PATHS[Provider.WECOM]))
        groups(tmp_path).send(to, "s", "b", system_now())
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(to)


def test_the_file_says_which_group_gets_what(tmp_path: Path):
    (tmp_path / FILE).write_text(FILE_TEXT)
    [nights] = read_groups(tmp_path)
    assert nights.wants(GroupAlert.DUTY, "claims", 1)
    assert not nights.wants(GroupAlert.DUTY, "claims", 3)
    assert not nights.wants(GroupAlert.DUTY, "delivery", 1)
    assert not nights.wants(GroupAlert.DUTY, None, 1)
    assert not nights.wants(GroupAlert.GAP, "claims", 1)
    assert nights.wants(GroupAlert.NIGHT)


@pytest.mark.parametrize(
    "fault",
    ['fallback = "nobody"', 'provider = "wecom"', "levels = [4]", 'alerts = ["gossip"]', 'address = "https://secret"'],
)
def test_a_faulty_file_is_refused_and_alerts_nobody_twice(tmp_path: Path, fault: str):
    name = fault.partition(" ")[0]
    lines = [line for line in FILE_TEXT.splitlines() if not line.startswith(f"{name} ")]
    (tmp_path / FILE).write_text("\n".join([*lines, fault]))
    with pytest.raises(BadMapping):
        read_groups(tmp_path)
    assert groups(tmp_path).listed() == ()
    (tmp_path / FILE).write_text(FILE_TEXT + FILE_TEXT)
    with pytest.raises(BadMapping):
        read_groups(tmp_path)
