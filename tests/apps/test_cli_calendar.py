"""The calendar commands: years are imported, days overridden, and deadlines follow."""

from pathlib import Path

import pytest

from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import AGENT
from tests.engine.rules.sample_rules import EVA, OFFICE, add_evaluator

YEAR = "[2027]\noff = [2027-01-01, 2027-02-05]\nworked = [2027-01-30]\n"
FRIDAY = ("deadline", "--start", "2027-01-29T17:00:00+08:00", "--amount", 2, "--unit", "business_hours")
IN_THE_OFFICE = (*FRIDAY, "--calendar", "cn-office")


@pytest.fixture
def year_file(closeloop: Closeloop, simulated: Store, tmp_path: Path) -> Path:
    """The file of a published year, in a store where Eva may import it."""
    add_evaluator(simulated)
    file = tmp_path / "2027.toml"
    file.write_text(YEAR, "utf-8")
    return file


def test_without_a_store_the_shipped_calendars_are_listed(closeloop: Closeloop):
    calendars = {row["name"]: row for row in closeloop.json("calendar", "list")["calendars"]}
    assert calendars["cn-office"]["covered_until"] == "2026-12-31"
    assert (calendars["cn-hotline"]["covered_until"], calendars["cn-office"]["published"]) == (None, False)
    assert closeloop.json("calendar", "show", "cn-office", "--year", 2026)["days"][0] == {
        "day": "2026-01-01",
        "sort": "off",
    }
    output = closeloop("calendar", "show", "cn-office", "--year", "2026").output
    assert "2026-01-04 Sun" in output
    assert "09:00–12:00, 13:00–18:00" in output
    assert "always open" in closeloop("calendar", "list").output


def test_a_deadline_by_the_calendars_of_the_store_needs_a_store(closeloop: Closeloop):
    assert closeloop.refused(*IN_THE_OFFICE, "--store")["code"] == "no_store"


@pytest.mark.requirement("D1")
def test_after_the_import_of_a_year_its_deadlines_are_no_longer_provisional(closeloop: Closeloop, year_file: Path):
    before = closeloop.json(*IN_THE_OFFICE, "--store")
    assert (before["provisional"], before["due"]) == (True, "2027-02-01T10:00:00+08:00")
    edition = closeloop.json("calendar", "import", "cn-office", year_file, "--as", EVA)
    assert (edition["name"], edition["new"]) == ("cn-office", True)
    after = closeloop.json(*IN_THE_OFFICE, "--store")
    assert (after["provisional"], after["due"]) == (False, "2027-01-30T10:00:00+08:00")
    assert after["calendar_version"] == edition["version"]
    assert closeloop.json(*IN_THE_OFFICE) == before, "without --store the shipped calendar counts"
    assert "published already" in closeloop("calendar", "import", "cn-office", year_file, "--as", EVA).output
    [shown] = closeloop.json("calendar", "show", "cn-office")["editions"]
    assert (shown["published_by"], shown["reason"]) == (EVA, "2027.toml")
    assert "2027-12-31" in closeloop("calendar", "list").output


def test_days_are_overridden(closeloop: Closeloop, year_file: Path):
    rule = ("calendar", "override", "cn-office", "--off", "2026-05-06", "--worked", "2026-05-16", "--as", EVA)
    assert "Published: cn-office" in closeloop(*rule, "--reason", "the fair").output
    days = closeloop.json("calendar", "show", "cn-office", "--year", 2026)["days"]
    assert {"day": "2026-05-06", "sort": "off"} in days
    assert {"day": "2026-05-16", "sort": "worked"} in days
    assert "the fair" in closeloop("calendar", "show", "cn-office").output


def test_a_new_calendar_is_published(closeloop: Closeloop, year_file: Path, tmp_path: Path):
    file = tmp_path / "night.toml"
    file.write_text(OFFICE.replace("cn-office", "night-desk"), "utf-8")
    assert closeloop.json("calendar", "publish", file, "--reason", "nights", "--as", EVA)["new"] is True
    assert closeloop.json(*FRIDAY, "--calendar", "night-desk", "--store")["due"] == "2027-02-08T11:00:00+08:00"
    assert closeloop.refused(*FRIDAY, "--calendar", "night-desk")["code"] == "unknown_calendar"


def test_an_invalid_calendar_is_refused_with_the_reason(closeloop: Closeloop, year_file: Path):
    year_file.write_text("[2027]\noff = [2026-01-01]\n", "utf-8")
    bad = closeloop.refused("calendar", "import", "cn-office", year_file, "--as", EVA)
    assert (bad["code"], bad["params"]["faults"][0]["field"]) == ("bad_calendar", "2027.off.0")
    assert "must be a day of 2027" in bad["text"]
    rule = ("calendar", "override", "cn-office", "--reason", "x")
    assert closeloop.refused(*rule, "--off", "soon", "--as", EVA)["code"] == "bad_day"
    assert closeloop.refused(*rule, "--off", "2028-05-06", "--as", EVA)["code"] == "bad_calendar"
    assert closeloop.refused(*rule, "--off", "2026-05-06", "--as", AGENT)["code"] == "not_evaluation_group"
    assert closeloop.refused(*rule, "--off", "2026-05-06")["code"] == "no_actor"
    missing = closeloop.refused("calendar", "import", "cn-office", year_file.with_name("no.toml"), "--as", EVA)
    assert missing["code"] == "unreadable_body"
    assert closeloop.refused("calendar", "show", "moon")["code"] == "unknown_calendar"


@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW"])
def test_the_output_is_translated_into_chinese(closeloop: Closeloop, year_file: Path, locale: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    outputs = [closeloop("calendar", "import", "cn-office", year_file, "--as", EVA).output for _ in range(2)]
    outputs += [closeloop("calendar", "list").output, closeloop("calendar", "show", "cn-office", "--year", 2027).output]
    assert not [output for output in outputs if "cli." in output]
