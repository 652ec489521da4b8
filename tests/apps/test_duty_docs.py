"""What docs/duty.md tells people to type is typed: its roster is imported, and its night is lived through."""

import shlex
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from engine.rules.pack_sections import Alerts
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import new_case
from tests.docs.pages import blocks
from tests.flows.scenes import DAMAGE

pytestmark = pytest.mark.requirement("B11")

PAGE = "docs/duty.md"
CALENDAR = (
    "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", "UID:1", "DTSTAMP:20260301T000000Z",
    "DTSTART;TZID=Asia/Shanghai:20260302T180000", "DTEND;TZID=Asia/Shanghai:20260303T090000", "RRULE:FREQ=DAILY",
    "SUMMARY:sue", "END:VEVENT", "END:VCALENDAR", "",
)  # fmt: skip
ROBOT = "https://oapi.dingtalk.com/robot/send?access_token=0123456789abcdef"
AT_TEN_PAST_MIDNIGHT = timedelta(hours=15, minutes=10)
"""From the start of the simulated store, a Monday at nine in Shanghai."""


def test_the_page_is_true(closeloop: Closeloop, simulated: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    closeloop("actor", "add", "ann", "--role", "team_supervisor", "--department", "claims")
    [table] = [block for block in blocks(PAGE) if block.language == "csv"]
    Path("duty.csv").write_text(table.text, "utf-8")
    Path("duty.ics").write_text("\r\n".join(CALENDAR), "utf-8")
    commands = [
        shlex.split(line)[1:] for block in blocks(PAGE) if block.language == "console" for line in block.commands
    ]
    night = next(place for place, words in enumerate(commands) if words[:2] == ["duty", "alerts"])
    for words in commands[:night]:
        assert closeloop(*words).code == 0, words
    closeloop("run-until", "2026-03-03T00:10:00+08:00")
    assert new_case(simulated, AT_TEN_PAST_MIDNIGHT, text=DAMAGE) == "cp-26-000001"
    closeloop("run-until", "2026-03-03T02:30:00+08:00")
    alerts = closeloop.json(*commands[night])["alerts"]
    assert [(alert["level"], alert["people"], alert["raised_at"][11:16]) for alert in alerts] == [(2, ["mei"], "18:25")]
    assert closeloop.json(*commands[night + 1]) == {"number": "cp-26-000001", "acknowledged": 2}
    assert [words[:2] for words in commands[night + 2 :]] == [["duty", "groups"], ["duty", "test-group"]]


def test_the_groups_on_the_page_can_be_read(closeloop: Closeloop, simulated: Store):
    [_, text] = [block.text for block in blocks(PAGE) if block.language == "toml"]
    (simulated.home / "groups.toml").write_text(text, "utf-8")
    for name, secret in (("claims-nights.address", ROBOT), ("claims-nights.key", "SEC0123456789")):
        (simulated.home / name).write_text(secret, "utf-8")
        (simulated.home / name).chmod(0o600)
    [group] = closeloop.json("duty", "groups")["groups"]
    assert (group["name"], group["provider"], group["departments"], group["levels"]) == (
        "claims-nights", "dingtalk", ["claims"], [1, 2],
    )  # fmt: skip


def test_the_section_of_a_pack_on_the_page_can_be_published():
    [text, _] = [block.text for block in blocks(PAGE) if block.language == "toml"]
    assert Alerts(**tomllib.loads(text)["alerts"]).acknowledge_minutes == 15
