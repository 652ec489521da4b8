"""The rules at the command line: which packs there are, and what in them awaits the owner of the rules."""

from datetime import date
from pathlib import Path

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
    told = closeloop.json("policy", "list")["packs"]
    assert [one["name"] for one in told] == names()
    assert told[names().index("shipping")] == {
        "name": "shipping",
        "version": pack("shipping").version,
        "document": "S1",
        "effective_from": None,
    }
    assert "shipping" in closeloop("policy", "list").output


@pytest.mark.requirement("A5")
def test_every_blank_is_named_with_its_place_reason_and_remedy(closeloop: Closeloop):
    told = closeloop.json("policy", "check")
    assert (told["ok"], told["packs"]) == (False, [pack(name).edition for name in names()])
    blanks = {(one["pack"], one["clause"]) for one in told["places"] if one["reason"] == "blank"}
    assert {("general", "first_reply"), ("shipping", "solution"), ("haulage", "solution")} <= blanks
    assert not {("logistics", "first_reply"), ("shipping", "first_reply"), ("haulage", "revisit")} & blanks
    assert all(one["source"] and one["text"] and one["remedy"] for one in told["places"])


@pytest.mark.requirement("A5")
def test_an_override_that_is_blank_is_named_with_its_traits(closeloop: Closeloop):
    places = closeloop.json("policy", "check", "general")["places"]
    assert [one["traits"] for one in places if one["clause"] == "first_reply"] == [{}, {"severity": "urgent"}]
    assert "first_reply (Urgent)" in closeloop("policy", "check", "general").output


def test_one_pack_is_checked_alone_and_people_read_each_remedy_once(closeloop: Closeloop):
    said = closeloop("policy", "check", "haulage")
    assert said.code == 0
    assert said.output.count("Have the evaluation group settle") == 1
    assert "S3, complaint handling: no figure for the solution" in said.output
    assert {one["pack"] for one in closeloop.json("policy", "check", "haulage")["places"]} == {"haulage"}


def test_strict_ends_with_2_and_says_the_same(closeloop: Closeloop):
    lenient, strict = (closeloop("policy", "check", "general", "--json", *more) for more in ((), ("--strict",)))
    assert (lenient.code, strict.code) == (0, 2)
    assert strict.document == lenient.document


def test_an_unknown_pack_is_refused_with_the_known_ones(closeloop: Closeloop):
    refused = closeloop.refused("policy", "check", "moon")
    assert (refused["code"], refused["params"]["known"]) == ("unknown_pack", names())


@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW"])
def test_the_words_are_there_in_chinese(closeloop: Closeloop, locale: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    said = closeloop("policy", "check", "general")
    assert "cli.policy" not in said.output
    assert "general@" in said.output


@pytest.mark.parametrize("locale", ["en", "zh_CN", "zh_TW"])
def test_what_no_shipped_pack_holds_has_its_words_too(closeloop: Closeloop, locale: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    open_context()
    later = pack("general").model_copy(update={"effective_from": date(2027, 1, 1)})
    torn = Gap(later, GapReason.CONTRADICTORY, "solution", "chapter 2", "chapter 5")
    gaps = [torn, Gap(later, GapReason.FUTURE, source="S5"), Gap(later, GapReason.BLANK, "x")]
    cli.give({}, *_shown(["general@1"], gaps))
    cli.give({}, *_shown(["general@1"], []))
    told = closeloop.capsys.readouterr().out
    assert "cli.policy" not in told
    assert all(word in told for word in ("chapter 2", "chapter 5", "2027-01-01", "✓ general@1"))


TOMORROW = "2026-03-03"


@pytest.fixture
def decided(closeloop: Closeloop, simulated: Store, tmp_path: Path) -> Path:
    """A pack that the evaluation group has decided on, and Eva, who is of it."""
    add_evaluator(simulated)
    file = tmp_path / "haulage.toml"
    file.write_text(pack_text("haulage", 4), "utf-8")
    return file


def publishing(file: Path, *more: str, by: str = EVA) -> tuple[object, ...]:
    return "policy", "publish", file, "--reason", "decision 4", "--as", by, *more


@pytest.mark.requirement("F4")
def test_a_pack_is_published_for_a_day_where_it_lives(closeloop: Closeloop, decided: Path):
    told = closeloop.json(*publishing(decided, "--effective", TOMORROW))
    assert told == {
        "sort": "pack",
        "name": "haulage",
        "version": "2",
        "effective_from": "2026-03-03T00:00:00+08:00",
        "new": True,
    }
    assert "is published already" in closeloop(*publishing(decided, "--effective", TOMORROW)).output
    later = "2026-03-03T12:00:00+08:00"
    now, then = (closeloop.json("policy", "show", "haulage", *more)["pack"] for more in ((), ("--at", later)))
    assert (now["version"], then["version"]) == (pack("haulage").version, "2")
    said = closeloop("policy", "show", "haulage").output
    assert "decision 4" in said
    assert "2026-03-03 00:00" in said


@pytest.mark.requirement("F4")
def test_list_and_check_speak_of_the_editions_in_force(closeloop: Closeloop, decided: Path):
    closeloop.json(*publishing(decided, "--effective", TOMORROW))
    assert "haulage@2" not in closeloop.json("policy", "check")["packs"]
    closeloop.json("run-until", (START + DAY).isoformat())
    listed = {one["name"]: one for one in closeloop.json("policy", "list")["packs"]}
    assert listed["haulage"] == {"name": "haulage", "version": "2", "document": "D", "effective_from": TOMORROW}
    told = closeloop.json("policy", "check", "haulage")
    assert told["packs"] == ["haulage@2"]
    assert "D 2: left blank" in {one["source"] for one in told["places"]}


def test_a_new_line_of_business_is_listed_when_it_begins(closeloop: Closeloop, decided: Path):
    decided.write_text(pack_text("cold-chain", 1), "utf-8")
    closeloop.json(*publishing(decided, "--effective", TOMORROW))
    assert "cold-chain" not in closeloop("policy", "list").output
    closeloop.json("run-until", (START + DAY).isoformat())
    assert "cold-chain" in closeloop("policy", "list").output


@pytest.mark.requirement("F4")
def test_a_reading_of_a_clause_is_shown_with_the_pack(closeloop: Closeloop, decided: Path):
    said = ("policy", "interpret", "haulage", "revisit", "--text", "counted from completion", "--as", EVA)
    assert "revisit" in closeloop(*said).output
    [reading] = closeloop.json("policy", "show", "haulage")["interpretations"]
    assert (reading["clause"], reading["text"], reading["recorded_by"]) == ("revisit", "counted from completion", EVA)
    assert "counted from completion" in closeloop("policy", "show", "haulage").output


@pytest.mark.requirement("F4")
def test_what_cannot_be_published_is_refused(closeloop: Closeloop, decided: Path):
    assert closeloop.refused(*publishing(decided))["code"] == "no_effective_date"
    assert closeloop.refused(*publishing(decided, "--effective", "soon"))["code"] == "bad_day"
    by_an_agent = closeloop.refused(*publishing(decided, "--effective", TOMORROW, by=AGENT))
    assert by_an_agent["code"] == "not_evaluation_group"
    assert closeloop.refused(*publishing(decided.with_name("no.toml"), "--effective", TOMORROW))["code"] == (
        "unreadable_body"
    )
    decided.write_text(pack_text("haulage", 0), "utf-8")
    bad = closeloop.refused(*publishing(decided, "--effective", TOMORROW))
    assert (bad["code"], bad["params"]["file"]) == ("bad_pack", "haulage.toml")
    assert "clauses.first_reply.amount" in bad["text"]
    assert closeloop.json("policy", "show", "haulage")["editions"] == []


def test_a_date_in_the_file_is_enough(closeloop: Closeloop, decided: Path):
    decided.write_text(f"effective_from = {TOMORROW}\n" + pack_text("haulage", 4), "utf-8")
    assert closeloop.json(*publishing(decided))["effective_from"] == "2026-03-03T00:00:00+08:00"


def test_a_pack_is_shown_without_a_store(closeloop: Closeloop, home: Path):
    told = closeloop.json("policy", "show", "general")
    assert (told["pack"]["document"], told["editions"], told["interpretations"]) == ("S5", [], [])
    said = closeloop("policy", "show", "general").output
    assert "left blank" in said
    assert "not promised" in said
    assert list(home.iterdir()) == [], "asking makes no store"


def test_asking_makes_no_store_even_where_the_secret_is_known(closeloop: Closeloop, home: Path):
    closeloop.patch.setenv("CLOSELOOP_SECRET", "known")
    closeloop.json("policy", "list")
    assert list(home.iterdir()) == []


@pytest.mark.requirement("B4")
def test_a_bound_without_a_figure_is_named_by_the_check(closeloop: Closeloop):
    places = closeloop.json("policy", "check", "general")["places"]
    assert [one["clause"] for one in places if one["reason"] == "unbounded"] == ["compensation"]


@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW"])
def test_what_is_published_is_told_in_chinese(closeloop: Closeloop, decided: Path, locale: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    said = [closeloop(*publishing(decided, "--effective", TOMORROW)).output for _ in range(2)]
    said.append(closeloop("policy", "interpret", "haulage", "revisit", "--text", "x", "--as", EVA).output)
    said.append(closeloop("policy", "show", "haulage").output)
    assert not [words for words in said if "cli." in words]
