"""The policy commands: list, check, show, publish and interpret packs."""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from apps.cli.context import cli, open_context
from apps.cli.policies import _shown
from engine.rules.policy import names, pack
from engine.rules.policy_gaps import Gap, GapReason
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import AGENT, DAY, START
from tests.engine.rules.sample_rules import EVA, add_evaluator, pack_text


@pytest.mark.requirement("A5")
def test_the_packs_are_listed_with_version_and_document(closeloop: Closeloop):
    rows = closeloop.json("policy", "list")["packs"]
    assert [row["name"] for row in rows] == names()
    assert rows[names().index("shipping")] == {
        "name": "shipping",
        "version": pack("shipping").version,
        "document": "S1",
        "effective_from": None,
    }
    assert "shipping" in closeloop("policy", "list").output


@pytest.mark.requirement("A5")
def test_every_blank_is_named_with_its_place_reason_and_remedy(closeloop: Closeloop):
    document = closeloop.json("policy", "check")
    assert (document["ok"], document["packs"]) == (False, [pack(name).edition for name in names()])
    blanks = {(place["pack"], place["clause"]) for place in document["places"] if place["reason"] == "blank"}
    assert {("general", "first_reply"), ("shipping", "tell_affected"), ("logistics", "department_limit")} <= blanks
    assert not {("logistics", "first_reply"), ("shipping", "first_reply"), ("haulage", "revisit")} & blanks
    unpromised = {(row["pack"], row["clause"]) for row in document["unpromised"]}
    assert {("haulage", "first_reply"), ("haulage", "solution"), ("shipping", "solution")} <= unpromised
    assert not unpromised & blanks
    assert all(row["source"] for row in document["unpromised"])
    assert all(place["source"] and place["text"] and place["remedy"] for place in document["places"])


@pytest.mark.requirement("A5")
def test_an_override_that_is_blank_is_named_with_its_traits(closeloop: Closeloop):
    places = closeloop.json("policy", "check", "general")["places"]
    assert [place["traits"] for place in places if place["clause"] == "first_reply"] == [{}, {"severity": "urgent"}]
    assert "first_reply (Urgent)" in closeloop("policy", "check", "general").output


def test_a_single_pack_is_checked_and_each_remedy_is_printed_once(closeloop: Closeloop):
    result = closeloop("policy", "check", "shipping")
    assert result.code == 0
    assert result.output.count("Have the evaluation group settle") == 1
    assert "S1, emergency: only the heading survives" in result.output
    assert "S1: no limit for the solution survives" in result.output, "what is not promised is named, too"
    assert {place["pack"] for place in closeloop.json("policy", "check", "shipping")["places"]} == {"shipping"}


def test_strict_ends_with_2_and_prints_the_same_document(closeloop: Closeloop):
    lenient, strict = (closeloop("policy", "check", "general", "--json", *more) for more in ((), ("--strict",)))
    assert (lenient.code, strict.code) == (0, 2)
    assert strict.document == lenient.document


def test_an_unknown_pack_is_refused_with_the_known_ones(closeloop: Closeloop):
    refused = closeloop.refused("policy", "check", "moon")
    assert (refused["code"], refused["params"]["known"]) == ("unknown_pack", names())


@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW"])
def test_the_check_is_translated_into_chinese(closeloop: Closeloop, locale: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    result = closeloop("policy", "check", "general")
    assert "cli.policy" not in result.output
    assert "general@" in result.output


@pytest.mark.parametrize("locale", ["en", "zh_CN", "zh_TW"])
def test_gaps_that_no_shipped_pack_has_are_translated_too(closeloop: Closeloop, locale: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    open_context()
    later = pack("general").model_copy(update={"effective_from": date(2027, 1, 1)})
    torn = Gap(later, GapReason.CONTRADICTORY, "solution", "chapter 2", "chapter 5")
    gaps = [torn, Gap(later, GapReason.FUTURE, source="S5"), Gap(later, GapReason.BLANK, "x")]
    cli.give({}, *_shown(["general@1"], gaps))
    cli.give({}, *_shown(["general@1"], []))
    output = closeloop.capsys.readouterr().out
    assert "cli.policy" not in output
    assert all(word in output for word in ("chapter 2", "chapter 5", "2027-01-01", "✓ general@1"))


TOMORROW = "2026-03-03"


@pytest.fixture
def pack_file(closeloop: Closeloop, simulated: Store, tmp_path: Path) -> Path:
    """The file of a new edition of a pack, in a store where Eva belongs to the evaluation group."""
    add_evaluator(simulated)
    file = tmp_path / "haulage.toml"
    file.write_text(pack_text("haulage", 4), "utf-8")
    return file


def publish_arguments(file: Path, *more: str, by: str = EVA) -> tuple[object, ...]:
    """Return the arguments of a command that publishes a pack."""
    return "policy", "publish", file, "--reason", "decision 4", "--as", by, *more


@pytest.mark.requirement("F4")
def test_a_pack_takes_effect_at_midnight_in_its_time_zone(closeloop: Closeloop, pack_file: Path):
    document = closeloop.json(*publish_arguments(pack_file, "--effective", TOMORROW))
    blank = {place["clause"] for place in document.pop("places") if place["reason"] == "blank"}
    assert {"solution", "revisit", "archive"} <= blank, "what cases will name as not set is named when it is published"
    assert "first_reply" not in blank
    assert document == {
        "sort": "pack",
        "name": "haulage",
        "version": "2",
        "effective_from": "2026-03-03T00:00:00+08:00",
        "new": True,
    }
    assert "is published already" in closeloop(*publish_arguments(pack_file, "--effective", TOMORROW)).output
    later = "2026-03-03T12:00:00+08:00"
    now, then = (closeloop.json("policy", "show", "haulage", *more)["pack"] for more in ((), ("--at", later)))
    assert (now["version"], then["version"]) == (pack("haulage").version, "2")
    output = closeloop("policy", "show", "haulage").output
    assert "decision 4" in output
    assert "2026-03-03 00:00" in output


@pytest.mark.requirement("F4")
def test_list_and_check_read_the_editions_in_force(closeloop: Closeloop, pack_file: Path):
    closeloop.json(*publish_arguments(pack_file, "--effective", TOMORROW))
    assert "haulage@2" not in closeloop.json("policy", "check")["packs"]
    closeloop.json("run-until", (START + DAY).isoformat())
    listed = {row["name"]: row for row in closeloop.json("policy", "list")["packs"]}
    assert listed["haulage"] == {"name": "haulage", "version": "2", "document": "D", "effective_from": TOMORROW}
    document = closeloop.json("policy", "check", "haulage")
    assert document["packs"] == ["haulage@2"]
    assert "D 2: left blank" in {place["source"] for place in document["places"]}


def test_a_new_pack_is_listed_from_its_effective_date(closeloop: Closeloop, pack_file: Path):
    pack_file.write_text(pack_text("cold-chain", 1), "utf-8")
    closeloop.json(*publish_arguments(pack_file, "--effective", TOMORROW))
    assert "cold-chain" not in closeloop("policy", "list").output
    closeloop.json("run-until", (START + DAY).isoformat())
    assert "cold-chain" in closeloop("policy", "list").output


@pytest.mark.requirement("F4")
def test_an_interpretation_of_a_clause_is_shown_with_the_pack(closeloop: Closeloop, pack_file: Path):
    arguments = ("policy", "interpret", "haulage", "revisit", "--text", "counted from completion", "--as", EVA)
    assert "revisit" in closeloop(*arguments).output
    [interpretation] = closeloop.json("policy", "show", "haulage")["interpretations"]
    assert (interpretation["clause"], interpretation["text"], interpretation["recorded_by"]) == (
        "revisit",
        "counted from completion",
        EVA,
    )
    assert "counted from completion" in closeloop("policy", "show", "haulage").output


@pytest.mark.requirement("F4")
def test_an_invalid_publication_is_refused(closeloop: Closeloop, pack_file: Path):
    assert closeloop.refused(*publish_arguments(pack_file))["code"] == "no_effective_date"
    assert closeloop.refused(*publish_arguments(pack_file, "--effective", "soon"))["code"] == "bad_day"
    not_allowed = closeloop.refused(*publish_arguments(pack_file, "--effective", TOMORROW, by=AGENT))
    assert not_allowed["code"] == "not_evaluation_group"
    assert closeloop.refused(*publish_arguments(pack_file.with_name("no.toml"), "--effective", TOMORROW))["code"] == (
        "unreadable_body"
    )
    pack_file.write_text(pack_text("haulage", 0), "utf-8")
    bad_pack = closeloop.refused(*publish_arguments(pack_file, "--effective", TOMORROW))
    assert (bad_pack["code"], bad_pack["params"]["file"]) == ("bad_pack", "haulage.toml")
    assert "clauses.first_reply.amount" in bad_pack["text"]
    assert closeloop.json("policy", "show", "haulage")["editions"] == []


def test_the_effective_date_can_stand_in_the_file(closeloop: Closeloop, pack_file: Path):
    pack_file.write_text(f"effective_from = {TOMORROW}\n" + pack_text("haulage", 4), "utf-8")
    assert closeloop.json(*publish_arguments(pack_file))["effective_from"] == "2026-03-03T00:00:00+08:00"


def test_a_pack_is_shown_without_a_store(closeloop: Closeloop, home: Path):
    document = closeloop.json("policy", "show", "general")
    assert (document["pack"]["document"], document["editions"], document["interpretations"]) == ("S5", [], [])
    output = closeloop("policy", "show", "general").output
    assert "left blank" in output
    assert "not promised" in output
    assert list(home.iterdir()) == [], "showing a pack creates no store"


def test_listing_creates_no_store_even_with_a_secret_in_the_environment(closeloop: Closeloop, home: Path):
    closeloop.patch.setenv("CLOSELOOP_SECRET", "a-secret-that-is-known")
    closeloop.json("policy", "list")
    assert list(home.iterdir()) == []


@pytest.mark.requirement("B4")
def test_a_bound_without_a_figure_is_named_by_the_check(closeloop: Closeloop):
    places = closeloop.json("policy", "check", "general")["places"]
    assert [place["clause"] for place in places if place["reason"] == "unbounded"] == ["compensation"]


@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW"])
def test_a_publication_is_reported_in_chinese(closeloop: Closeloop, pack_file: Path, locale: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    outputs = [closeloop(*publish_arguments(pack_file, "--effective", TOMORROW)).output for _ in range(2)]
    outputs.append(closeloop("policy", "interpret", "haulage", "revisit", "--text", "x", "--as", EVA).output)
    outputs.append(closeloop("policy", "show", "haulage").output)
    assert not [output for output in outputs if "cli." in output]


@pytest.mark.requirement("F4")
def test_today_means_from_now_on_and_another_date_is_refused(closeloop: Closeloop, pack_file: Path):
    today = START.astimezone(ZoneInfo("Asia/Shanghai")).date().isoformat()
    yesterday = (START - DAY).date().isoformat()
    assert closeloop.refused(*publish_arguments(pack_file, "--effective", yesterday))["code"] == "effective_in_the_past"
    document = closeloop.json(*publish_arguments(pack_file, "--effective", today))
    assert datetime.fromisoformat(document["effective_from"]) == START
    assert closeloop.json(*publish_arguments(pack_file, "--effective", today))["new"] is False
    assert closeloop.refused(*publish_arguments(pack_file, "--effective", TOMORROW))["code"] == "edition_exists"
