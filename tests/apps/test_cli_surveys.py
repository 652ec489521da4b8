"""Surveys at the terminal: what is asked, what it weighs, and what was answered of how many (E1)."""

import pytest

from engine.rules.questionnaires import questionnaires
from engine.store import Store
from locales.translation import locales
from tests.apps.conftest import Closeloop
from tests.case_actions import AGENT, DAY, make_move, new_case, new_resolved_case

pytestmark = pytest.mark.requirement("E1")


def test_the_questionnaires_are_listed(closeloop: Closeloop):
    told = closeloop.json("survey", "list")
    assert [one["name"] for one in told["questionnaires"]] == list(questionnaires())
    words = closeloop("survey", "list").output
    assert "after_complaint" in words
    assert "2026-11" in words


@pytest.mark.parametrize("locale", locales())
@pytest.mark.parametrize("name", questionnaires())
def test_each_is_shown_in_the_readers_language(closeloop: Closeloop, locale: str, name: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    words = closeloop("survey", "show", name).output
    for one in questionnaires()[name].dimensions:
        assert one.question[locale] in words
    assert "cli." not in words


def test_a_reader_of_an_unknown_language_reads_the_default(closeloop: Closeloop):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", "fr")
    assert "几分" in closeloop("survey", "show", "after_service").output


def test_a_program_reads_a_questionnaire_whole(closeloop: Closeloop):
    told = closeloop.json("survey", "show", "after_service")
    assert (told["version"], told["kinds"], len(told["dimensions"])) == ("2026-11", ["service_order"], 5)
    assert set(told["dimensions"][0]["question"]) == set(locales())


def test_an_unknown_one_is_refused(closeloop: Closeloop):
    refused = closeloop.refused("survey", "show", "loyalty")
    assert (refused["code"], refused["params"]["known"]) == ("unknown_questionnaire", list(questionnaires()))


@pytest.fixture
def answered(simulated: Store) -> Store:
    """Two complaints: one whose customer answered, one whose customer was never reached."""
    make_move(simulated, new_resolved_case(simulated), "revisit", by=AGENT, attitude=4)
    number = new_resolved_case(simulated)
    for attempt in (1, 2, 3):
        make_move(simulated, number, "attempt", by="system", attempts=attempt)
    make_move(simulated, number, "unreachable", by="system")
    return simulated


def test_figures_say_of_what_each_share_is_a_share(closeloop: Closeloop, answered: Store):
    [told] = closeloop.json("survey", "figures")["kinds"]
    assert (told["kind"], told["called"], told["answered"], told["silent"]) == ("complaint", 2, 1, 1)
    assert (told["response_rate"], told["satisfied_share"], told["judged"]) == (50.0, 100.0, 1)
    [attitude] = [one for one in told["dimensions"] if one["code"] == "attitude"]
    assert attitude == {"code": "attitude", "answered": 1, "of": 1, "mean": 80.0}
    words = closeloop("survey", "figures").output
    assert "Response rate: 50 %, 1 answered of 2 called." in words
    assert "Satisfied: 100 %, 1 of 1 who answered or ended unsatisfied." in words
    assert "Never reached: 1" in words


def test_figures_of_a_stretch_of_days_include_its_last(closeloop: Closeloop, answered: Store):
    span = ("--since", "2026-03-02", "--until", "2026-03-02")
    assert closeloop.json("survey", "figures", *span)["kinds"][0]["called"] == 2
    assert closeloop.json("survey", "figures", "--since", "2026-03-03")["kinds"] == []
    assert closeloop.json("survey", "figures", "--until", "2026-03-01")["kinds"] == []
    assert "No callback came to its end" in closeloop("survey", "figures", "--since", "2026-03-03").output


def test_figures_of_one_kind(closeloop: Closeloop, answered: Store):
    assert [one["kind"] for one in closeloop.json("survey", "figures", "--kind", "complaint")["kinds"]] == ["complaint"]
    [none] = closeloop.json("survey", "figures", "--kind", "service_order")["kinds"]
    assert (none["called"], none["response_rate"]) == (0, None)
    assert closeloop.refused("survey", "figures", "--kind", "letter")["code"] == "unknown_kind"


def test_a_day_that_is_none_is_refused(closeloop: Closeloop, simulated: Store):
    new_case(simulated, DAY)
    assert closeloop.refused("survey", "figures", "--since", "spring")["code"] == "bad_date"
