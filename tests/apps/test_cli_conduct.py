"""The conduct commands: draw contacts, read and score them, read the figures; publish a checklist (F5)."""

from pathlib import Path

import pytest

from engine.rules.checklists import checklists
from engine.store import Store
from locales.translation import locales
from tests.apps.conftest import Closeloop
from tests.case_actions import AGENT
from tests.engine.conduct.reviewed_contacts import QIN, QIU, reviewer, spoken_contacts
from tests.engine.rules.sample_rules import EVA, add_evaluator
from tests.engine.rules.test_checklists import CALLS

pytestmark = pytest.mark.requirement("F5")

PERIOD = ("--since", "2026-03-02", "--until", "2026-03-02")
DRAW = ("conduct", "draw", *PERIOD, "--channel", "phone", "--size", "2", "--as", QIN)
ITEMS = [item.code for item in checklists()["phone"].items]


def sheet(failed: str = "", unseen: str = "") -> list[str]:
    """Return the options that mark each item: passed, but for one that failed and one that was not observed."""
    options: list[str] = []
    for item in ITEMS:
        name = "--failed" if item == failed else "--not-observed" if item == unseen else "--passed"
        options += [name, f"{item}=He named no date." if item == failed else item]
    return options


@pytest.fixture
def contacts(simulated: Store) -> list[str]:
    """Three calls of Amy's, and two reviewers."""
    for handle in (QIN, QIU):
        reviewer(simulated, handle)
    return spoken_contacts(simulated, 3)


def test_a_reviewer_draws_reads_scores_and_corrects(closeloop: Closeloop, contacts: list[str]):
    drawn = closeloop.json(*DRAW)
    assert (drawn["population"], drawn["drawn"], drawn["drawn_by"], drawn["scored"]) == (3, 2, QIN, 0)
    seen = closeloop.json("conduct", "show", "1")
    assert (seen["again"]["same_population"], seen["again"]["same_sample"]) == (True, True)
    assert {f"{each['number']} 2" for each in seen["contacts"]} < set(contacts)
    contact = closeloop.json("conduct", "show", "1", "1")
    assert contact["texts"]["message"] == "We are looking for it."
    assert [item["code"] for item in contact["items"]] == ITEMS
    first = closeloop.json("conduct", "score", "1", "1", *sheet("answer", "closing"), "--as", QIN)
    assert (first["score"], first["observed"], first["revision"]) == (77.78, 90, 1)
    correction = ("--corrects", "1", "--reason", "He named one.", "--as", QIU)
    assert closeloop.json("conduct", "score", "1", "1", *sheet(), *correction)["score"] == 100
    assert [each["scored"] for each in closeloop.json("conduct", "list")["draws"]] == [1]
    [amy] = closeloop.json("conduct", "figures", *PERIOD)["groups"]
    assert (amy["name"], amy["drawn"], amy["unscored"], amy["checklists"][0]["share"]) == (AGENT, 2, 1, 1.0)


@pytest.mark.parametrize("locale", locales())
def test_a_person_reads_them_in_his_language(closeloop: Closeloop, contacts: list[str], locale: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    outputs = [
        closeloop(*words).out
        for words in (
            DRAW,
            ("conduct", "score", "1", "1", *sheet("answer"), "--as", QIN),
            ("conduct", "list"),
            ("conduct", "show", "1"),
            ("conduct", "show", "1", "1"),
            ("conduct", "figures", *PERIOD, "--by", "channel"),
            ("conduct", "checklists"),
        )
    ]
    assert all(output.strip() and "cli." not in output for output in outputs), outputs
    assert "He named no date." in outputs[4]
    assert checklists()["phone"].items[0].text[locale][:10] in outputs[6]


def test_a_failed_item_without_a_note_is_named(closeloop: Closeloop, contacts: list[str]):
    closeloop.json(*DRAW)
    refused = closeloop.refused("conduct", "score", "1", "1", "--failed", "answer", "--as", QIN)
    assert refused["code"] == "bad_request"
    found = {(each["field"], each["why"]) for each in refused["params"]["fields"]}
    assert found == {("note_answer", "note_of_failed"), *((item, "missing") for item in ITEMS if item != "answer")}


def test_the_scored_person_objects_once_and_another_reviewer_answers(closeloop: Closeloop, contacts: list[str]):
    closeloop.json(*DRAW)
    scored = closeloop.json("conduct", "score", "1", "1", *sheet("answer"), "--as", QIN)
    number = str(scored["id"])
    assert closeloop.refused("conduct", "object", number, "--text", "No.", "--as", QIU)["code"] == "unknown_sheet"
    assert closeloop.json("conduct", "own", "--as", QIU)["sheets"] == []
    shown = closeloop("conduct", "own", "--as", AGENT).out
    assert (f"评分表 {number}" in shown or f"Sheet no. {number}" in shown, "He named no date." in shown) == (True, True)
    closeloop.json("conduct", "object", number, "--text", "I named Friday.", "--as", AGENT)
    again = closeloop.refused("conduct", "object", number, "--text", "And Monday.", "--as", AGENT)
    assert again["code"] == "objected_already"
    assert closeloop.refused("conduct", "answer", number, "--text", "No.", "--as", QIN)["code"] == "own_sheet"
    closeloop.json("conduct", "answer", number, "--text", "You did.", "--as", QIU)
    [own] = closeloop.json("conduct", "own", "--as", AGENT)["sheets"]
    assert (own["objection"], own["answer"], own["answered_by"]) == ("I named Friday.", "You did.", QIU)


def test_an_agent_draws_nothing(closeloop: Closeloop, contacts: list[str]):
    refused = closeloop.refused(*DRAW[:-1], AGENT)
    assert (refused["code"], refused["params"]["wanted"]) == ("not_in_charge", ["quality_team"])


def test_the_evaluation_group_publishes_a_checklist(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    add_evaluator(simulated)
    file = tmp_path / "phone.toml"
    file.write_text(CALLS, "utf-8")
    options = ("--effective", "2026-03-02", "--reason", "decision 9", "--as", EVA)
    published = closeloop.json("conduct", "publish", str(file), *options)
    assert (published["sort"], published["version"], published["new"]) == ("checklist", "2", True)
    shown = {each["name"]: each["version"] for each in closeloop.json("conduct", "checklists")["checklists"]}
    assert shown["phone"] == "2"
    file.write_text(CALLS.replace("weight = 60", "weight = 61").replace('version = "2"', 'version = "3"'), "utf-8")
    refused = closeloop.refused("conduct", "publish", str(file), *options)
    assert refused["code"] == "bad_checklist"
    assert "101" in refused["text"]
