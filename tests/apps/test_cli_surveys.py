"""The survey commands: questionnaires, their weights, and the figures of the answers (E1)."""

from pathlib import Path

import pytest

from engine.rules.questionnaires import FOLDER, questionnaires
from engine.store import Store
from locales.translation import locales
from tests.apps.conftest import Closeloop
from tests.case_actions import AGENT, DAY, make_move, new_case, new_resolved_case
from tests.editions import publishes
from tests.engine.rules.sample_rules import EVA, add_evaluator

pytestmark = pytest.mark.requirement("E1")


def test_the_questionnaires_are_listed(closeloop: Closeloop):
    document = closeloop.json("survey", "list")
    assert [row["name"] for row in document["questionnaires"]] == list(questionnaires())
    output = closeloop("survey", "list").output
    assert "after_complaint" in output
    assert "2026-11" in output


@pytest.mark.parametrize("locale", locales())
@pytest.mark.parametrize("name", questionnaires())
def test_each_questionnaire_is_shown_in_the_readers_language(closeloop: Closeloop, locale: str, name: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    output = closeloop("survey", "show", name).output
    for dimension in questionnaires()[name].dimensions:
        assert dimension.question[locale] in output
    assert "cli." not in output


def test_a_reader_of_an_unknown_language_reads_the_default(closeloop: Closeloop):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", "fr")
    assert "几分" in closeloop("survey", "show", "after_service").output


def test_json_holds_the_whole_questionnaire(closeloop: Closeloop):
    document = closeloop.json("survey", "show", "after_service")
    assert (document["version"], document["kinds"], len(document["dimensions"])) == ("2026-11", ["service_order"], 5)
    assert set(document["dimensions"][0]["question"]) == set(locales())


def test_an_unknown_questionnaire_is_refused(closeloop: Closeloop):
    refused = closeloop.refused("survey", "show", "loyalty")
    assert (refused["code"], refused["params"]["known"]) == ("unknown_questionnaire", list(questionnaires()))


@pytest.fixture
def store_with_answers(simulated: Store) -> Store:
    """A store with two complaints: one customer answered, the other was never reached."""
    make_move(simulated, new_resolved_case(simulated), "revisit", by=AGENT, attitude=4)
    publishes(simulated, "callbacks", apart_hours=0)
    number = new_resolved_case(simulated)
    for attempt in (1, 2, 3):
        make_move(simulated, number, "attempt", by="system", attempts=attempt)
    make_move(simulated, number, "unreachable", by="system")
    return simulated


def test_figures_state_the_denominator_of_each_share(closeloop: Closeloop, store_with_answers: Store):
    [figures] = closeloop.json("survey", "figures")["kinds"]
    assert figures["kind"] == "complaint"
    assert figures["rounds"] == {
        "called": 2,
        "answered": 1,
        "silent": 1,
        "response_rate": 50.0,
        "judged": 1,
        "satisfied": 1,
        "satisfied_share": 100.0,
    }
    assert figures["customers"] == {"judged": 1, "satisfied": 1, "satisfied_share": 100.0}
    [attitude] = [dimension for dimension in figures["dimensions"] if dimension["code"] == "attitude"]
    assert attitude == {"code": "attitude", "answered": 1, "of": 1, "mean": 80.0}
    output = closeloop("survey", "figures").output
    assert "Response rate: 50 %, 1 rounds answered of 2 called." in output
    assert "Satisfied rounds: 100 %, 1 of 1 that were answered or ended unsatisfied." in output
    assert "Never reached: 1" in output


def test_figures_of_a_span_of_days_include_its_last_day(closeloop: Closeloop, store_with_answers: Store):
    span = ("--since", "2026-03-02", "--until", "2026-03-02")
    assert closeloop.json("survey", "figures", *span)["kinds"][0]["rounds"]["called"] == 2
    assert closeloop.json("survey", "figures", "--since", "2026-03-03")["kinds"] == []
    assert closeloop.json("survey", "figures", "--until", "2026-03-01")["kinds"] == []
    assert "No callback came to its end" in closeloop("survey", "figures", "--since", "2026-03-03").output


def test_figures_of_one_kind(closeloop: Closeloop, store_with_answers: Store):
    assert [row["kind"] for row in closeloop.json("survey", "figures", "--kind", "complaint")["kinds"]] == ["complaint"]
    [none] = closeloop.json("survey", "figures", "--kind", "service_order")["kinds"]
    assert (none["rounds"]["called"], none["rounds"]["response_rate"]) == (0, None)
    assert closeloop.refused("survey", "figures", "--kind", "letter")["code"] == "unknown_kind"


def test_an_invalid_day_is_refused(closeloop: Closeloop, simulated: Store):
    new_case(simulated, DAY)
    assert closeloop.refused("survey", "figures", "--since", "spring")["code"] == "bad_date"


@pytest.mark.requirement("E2")
def test_the_evaluation_group_publishes_a_questionnaire_and_nobody_else(
    closeloop: Closeloop, simulated: Store, tmp_path: Path
):
    add_evaluator(simulated)
    file = tmp_path / "after_complaint.toml"
    file.write_text((FOLDER / file.name).read_text("utf-8").replace('version = "2026-11"', 'version = "2"'), "utf-8")
    command = ("survey", "publish", file, "--effective", "2026-03-02", "--reason", "decision 9", "--as")
    assert closeloop.refused(*command, AGENT)["code"] == "not_evaluation_group"
    published = closeloop.json(*command, EVA)
    assert (published["sort"], published["name"], published["version"], published["new"]) == (
        *("survey", "after_complaint", "2"),
        True,
    )
    shown = closeloop.json("survey", "show", "after_complaint")
    assert (shown["version"], [edition["version"] for edition in shown["editions"]]) == ("2", ["2"])
