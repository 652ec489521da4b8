"""The rules at the command line: which packs there are, and what in them awaits the owner of the rules."""

from datetime import date

import pytest

from apps.cli.door import door, open_door
from apps.cli.policies import _shown
from engine.policy import names, pack
from engine.policy_gaps import Gap, Reason
from tests.apps.conftest import Closeloop


@pytest.mark.requirement("A5")
def test_the_packs_are_listed_with_version_and_document(closeloop: Closeloop):
    told = closeloop.told("policy", "list")["packs"]
    assert [one["name"] for one in told] == names()
    assert told[names().index("shipping")] == {
        "name": "shipping",
        "version": pack("shipping").version,
        "document": "S1",
        "effective_from": None,
    }
    assert "shipping" in closeloop("policy", "list").words


@pytest.mark.requirement("A5")
def test_every_blank_is_named_with_its_place_reason_and_remedy(closeloop: Closeloop):
    told = closeloop.told("policy", "check")
    assert (told["ok"], told["packs"]) == (False, [pack(name).edition for name in names()])
    blanks = {(one["pack"], one["clause"]) for one in told["places"] if one["reason"] == "blank"}
    assert {("general", "first_reply"), ("shipping", "solution"), ("haulage", "solution")} <= blanks
    assert not {("logistics", "first_reply"), ("shipping", "first_reply"), ("haulage", "revisit")} & blanks
    assert all(one["source"] and one["text"] and one["remedy"] for one in told["places"])


@pytest.mark.requirement("A5")
def test_an_override_that_is_blank_is_named_with_its_traits(closeloop: Closeloop):
    places = closeloop.told("policy", "check", "general")["places"]
    assert [one["traits"] for one in places if one["clause"] == "first_reply"] == [{}, {"severity": "urgent"}]
    assert "first_reply (Urgent)" in closeloop("policy", "check", "general").words


def test_one_pack_is_checked_alone_and_people_read_each_remedy_once(closeloop: Closeloop):
    said = closeloop("policy", "check", "haulage")
    assert said.code == 0
    assert said.words.count("Have the evaluation group settle") == 1
    assert "S3, complaint handling: no figure for the solution" in said.words
    assert {one["pack"] for one in closeloop.told("policy", "check", "haulage")["places"]} == {"haulage"}


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
    assert "cli.policy" not in said.words
    assert "general@" in said.words


@pytest.mark.parametrize("locale", ["en", "zh_CN", "zh_TW"])
def test_what_no_shipped_pack_holds_has_its_words_too(closeloop: Closeloop, locale: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    open_door()
    later = pack("general").model_copy(update={"effective_from": date(2027, 1, 1)})
    torn = Gap(later, Reason.CONTRADICTORY, "solution", "chapter 2", "chapter 5")
    door.give({}, *_shown(["general@1"], [torn, Gap(later, Reason.FUTURE, source="S5"), Gap(later, Reason.BLANK, "x")]))
    door.give({}, *_shown(["general@1"], []))
    told = closeloop.capsys.readouterr().out
    assert "cli.policy" not in told
    assert all(word in told for word in ("chapter 2", "chapter 5", "2027-01-01", "✓ general@1"))
