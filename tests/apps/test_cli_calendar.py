"""Calendars at the command line: published years come in, days are ruled otherwise, deadlines follow."""

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
def published(closeloop: Closeloop, simulated: Store, tmp_path: Path) -> Path:
    """A file with a published year, and Eva, who may import it."""
    add_evaluator(simulated)
    file = tmp_path / "2027.toml"
    file.write_text(YEAR, "utf-8")
    return file


def test_without_a_store_the_shipped_calendars_are_told(closeloop: Closeloop):
    told = {one["name"]: one for one in closeloop.json("calendar", "list")["calendars"]}
    assert told["cn-office"]["covered_until"] == "2026-12-31"
    assert (told["cn-hotline"]["covered_until"], told["cn-office"]["published"]) == (None, False)
    assert closeloop.json("calendar", "show", "cn-office", "--year", 2026)["days"][0] == {
        "day": "2026-01-01",
        "sort": "off",
    }
    said = closeloop("calendar", "show", "cn-office", "--year", "2026").output
    assert "2026-01-04 Sun" in said
    assert "09:00–12:00, 13:00–18:00" in said
    assert "always open" in closeloop("calendar", "list").output


def test_a_deadline_of_the_store_needs_one(closeloop: Closeloop):
    assert closeloop.refused(*IN_THE_OFFICE, "--store")["code"] == "no_store"


@pytest.mark.requirement("D1")
def test_a_published_year_is_imported_and_deadlines_are_certain(closeloop: Closeloop, published: Path):
    before = closeloop.json(*IN_THE_OFFICE, "--store")
    assert (before["provisional"], before["due"]) == (True, "2027-02-01T10:00:00+08:00")
    told = closeloop.json("calendar", "import", "cn-office", published, "--as", EVA)
    assert (told["name"], told["new"]) == ("cn-office", True)
    after = closeloop.json(*IN_THE_OFFICE, "--store")
    assert (after["provisional"], after["due"]) == (False, "2027-01-30T10:00:00+08:00")
    assert after["calendar_version"] == told["version"]
    assert closeloop.json(*IN_THE_OFFICE) == before, "without --store the shipped calendar is asked"
    assert "published already" in closeloop("calendar", "import", "cn-office", published, "--as", EVA).output
    [edition] = closeloop.json("calendar", "show", "cn-office")["editions"]
    assert (edition["published_by"], edition["reason"]) == (EVA, "2027.toml")
    assert "2027-12-31" in closeloop("calendar", "list").output


def test_days_are_ruled_otherwise(closeloop: Closeloop, published: Path):
    rule = ("calendar", "override", "cn-office", "--off", "2026-05-06", "--worked", "2026-05-16", "--as", EVA)
    assert "Published: cn-office" in closeloop(*rule, "--reason", "the fair").output
    days = closeloop.json("calendar", "show", "cn-office", "--year", 2026)["days"]
    assert {"day": "2026-05-06", "sort": "off"} in days
    assert {"day": "2026-05-16", "sort": "worked"} in days
    assert "the fair" in closeloop("calendar", "show", "cn-office").output


def test_a_calendar_of_ones_own_is_published(closeloop: Closeloop, published: Path, tmp_path: Path):
    file = tmp_path / "night.toml"
    file.write_text(OFFICE.replace("cn-office", "night-desk"), "utf-8")
    assert closeloop.json("calendar", "publish", file, "--reason", "nights", "--as", EVA)["new"] is True
    assert closeloop.json(*FRIDAY, "--calendar", "night-desk", "--store")["due"] == "2027-02-08T11:00:00+08:00"
    assert closeloop.refused(*FRIDAY, "--calendar", "night-desk")["code"] == "unknown_calendar"


def test_what_is_bad_is_refused_with_the_reason(closeloop: Closeloop, published: Path):
    published.write_text("[2027]\noff = [2026-01-01]\n", "utf-8")
    bad = closeloop.refused("calendar", "import", "cn-office", published, "--as", EVA)
    assert (bad["code"], bad["params"]["faults"][0]["field"]) == ("bad_calendar", "2027.off.0")
    assert "must be a day of 2027" in bad["text"]
    rule = ("calendar", "override", "cn-office", "--reason", "x")
    assert closeloop.refused(*rule, "--off", "soon", "--as", EVA)["code"] == "bad_day"
    assert closeloop.refused(*rule, "--off", "2028-05-06", "--as", EVA)["code"] == "bad_calendar"
    assert closeloop.refused(*rule, "--off", "2026-05-06", "--as", AGENT)["code"] == "not_evaluation_group"
    assert closeloop.refused(*rule, "--off", "2026-05-06")["code"] == "no_actor"
    missing = closeloop.refused("calendar", "import", "cn-office", published.with_name("no.toml"), "--as", EVA)
    assert missing["code"] == "unreadable_body"
    assert closeloop.refused("calendar", "show", "moon")["code"] == "unknown_calendar"


@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW"])
def test_the_words_are_there_in_chinese(closeloop: Closeloop, published: Path, locale: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    said = [closeloop("calendar", "import", "cn-office", published, "--as", EVA).output for _ in range(2)]
    said += [closeloop("calendar", "list").output, closeloop("calendar", "show", "cn-office", "--year", 2027).output]
    assert not [words for words in said if "cli." in words]
