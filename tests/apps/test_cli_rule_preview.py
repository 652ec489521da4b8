"""``policy preview`` and ``calendar preview``: which deadlines of open cases a file would move; nothing is written."""

from datetime import timedelta
from pathlib import Path

import pytest

from engine.rules.policy import POLICIES
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.apps.test_cli_whatif import pack_file, rows_of
from tests.case_actions import HOUR, START, make_move, new_case
from tests.editions import in_force

pytestmark = [pytest.mark.requirement("F4"), pytest.mark.requirement("K2")]


@pytest.fixture
def open_cases(simulated: Store) -> list[str]:
    """Two complaints that await a first reply, the second opened an hour later, and one that has it."""
    numbers = [new_case(simulated), new_case(simulated, HOUR)]
    make_move(simulated, new_case(simulated), "reply")
    return numbers


def test_a_shorter_limit_moves_the_deadline_of_each_case_that_waits(
    closeloop: Closeloop, simulated: Store, open_cases: list[str], tmp_path: Path
):
    closeloop.json("run-until", (START + HOUR).isoformat())
    before, file = rows_of(simulated), pack_file(tmp_path, 1)
    document = closeloop.json("policy", "preview", file)
    assert (document["open_cases"], document["computed_cases"], document["changed_cases"]) == (3, 3, 2)
    assert document["kinds"] == {
        "complaint": {"first_reply": {"earlier": 2, "later": 0, "started": 0, "ended": 0, "paused": 0}}
    }
    assert [each["number"] for each in document["largest"]] == open_cases
    assert {each["change"] for each in document["largest"]} == {"earlier"}
    shown = closeloop("policy", "preview", file).output
    assert "2 of 3 open cases would have other deadlines. Nothing was changed." in shown
    assert all(number in shown for number in open_cases)
    assert rows_of(simulated) == before


def test_a_pack_takes_effect_when_it_says_or_is_told(
    closeloop: Closeloop, simulated: Store, open_cases: list[str], tmp_path: Path
):
    later = (START + timedelta(days=30)).isoformat()
    document = closeloop.json("policy", "preview", pack_file(tmp_path, 1), "--effective", later)
    assert document["effective_from"].startswith(later[:10])
    assert closeloop.refused("policy", "preview", pack_file(tmp_path, 1), "--effective", "soon")["code"] == "bad_day"


def test_other_hours_of_a_calendar_move_what_is_counted_in_them(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    in_force(simulated, {"first_reply": {"amount": 4, "unit": "business_hours", "calendar": "cn-office"}})
    number, file = new_case(simulated), tmp_path / "office.toml"
    file.write_text(
        '[cn-office]\nzone = "Asia/Shanghai"\nweekdays = [0, 1, 2, 3, 4]\n'
        'hours = [["14:00", "18:00"]]\nholidays = "CN"\n',
        "utf-8",
    )
    document = closeloop.json("calendar", "preview", file)
    assert (document["sort"], document["name"], document["open_cases"]) == ("calendar", "cn-office", 1)
    [moved] = document["largest"]
    assert (moved["number"], moved["clause"], moved["change"]) == (number, "first_reply", "later")


def test_what_could_not_be_published_is_refused_and_so_is_whoever_may_not_read_rules(
    closeloop: Closeloop, simulated: Store, open_cases: list[str], tmp_path: Path
):
    bad = tmp_path / "bad.toml"
    bad.write_text(pack_file(tmp_path, 1).read_text("utf-8").replace('unit = "hours"', 'unit = "moons"', 1), "utf-8")
    assert closeloop.refused("policy", "preview", bad)["code"] == "bad_pack"
    unchanged = closeloop.refused("policy", "preview", POLICIES / "logistics.toml")
    assert unchanged["code"] == "draft_unchanged"
