"""The commands of periodic surveys: draw, look, send out, read the report in each language (E1)."""

from pathlib import Path

import pytest
from openpyxl import load_workbook

from apps.survey_visits import visit_list
from engine.store import Store
from locales.translation import locales
from tests.apps.conftest import Closeloop
from tests.case_actions import AGENT, START, query_rows
from tests.engine.conduct.reviewed_contacts import person
from tests.engine.surveys.surveyed_customers import customers_of_february, planner

pytestmark = pytest.mark.requirement("E1")

INVITATIONS = "SELECT number FROM cases WHERE kind = 'survey_invitation' ORDER BY id"
DRAW = (
    "survey", "draw", "--period", "2026-02", "--pack", "logistics", "--kind", "complaint", "--size", "2", "--as", "eva",
)  # fmt: skip


@pytest.fixture(autouse=True)
def customers(simulated: Store) -> None:
    planner(simulated)
    customers_of_february(simulated, "an", "bo", "wu")


def test_a_survey_is_drawn_sent_out_and_read(closeloop: Closeloop):
    drawn = closeloop.json(*DRAW)
    assert (drawn["survey"]["population"], drawn["total"]["drawn"], drawn["survey"]["sent_at"]) == (3, 2, None)
    assert closeloop.json("survey", "send", "1", "--as", "eva") == {"survey": 1, "opened": 2, "left": 0}
    assert [each["id"] for each in closeloop.json("survey", "drawn")["surveys"]] == [1]
    report = closeloop.json("survey", "report", "1")
    assert (report["total"]["invited"], report["total"]["answered"], report["again"]["same_sample"]) == (2, 0, True)


def test_a_survey_is_called_off_and_its_report_says_why(closeloop: Closeloop):
    closeloop.json(*DRAW)
    closeloop.json("survey", "send", "1", "--as", "eva")
    off = ("survey", "call-off", "1", "--reason", "Asked twice.", "--as", "eva")
    assert closeloop.json(*off) == {"survey": 1, "ended": 2, "new": True}
    assert "had been called off before" in closeloop(*off).output
    report = closeloop.json("survey", "report", "1")
    assert (report["survey"]["called_off_because"], report["total"]["called_off"]) == ("Asked twice.", 2)
    assert "Asked twice." in closeloop("survey", "report", "1").output
    assert closeloop.refused("survey", "send", "1", "--as", "eva")["code"] == "survey_called_off"


@pytest.mark.parametrize("locale", locales())
def test_a_person_reads_it_in_his_language(closeloop: Closeloop, locale: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    text = closeloop(*DRAW).out
    seed = closeloop.json("survey", "report", "1")["survey"]["seed"]
    assert seed in text
    assert not [line for line in text.splitlines() if "survey_report." in line or "cli." in line]


def test_whoever_visits_takes_a_list_with_a_column_for_each_question(
    closeloop: Closeloop, simulated: Store, tmp_path: Path
):
    closeloop.json(*DRAW, "--way", "face_to_face")
    closeloop.json("survey", "send", "1", "--as", "eva")
    file = tmp_path / "visits.xlsx"
    taken = ("survey", "visits", "1", "--out", file, "--as")
    planners = visit_list(simulated, planner(simulated), 1, START, "en")
    assert planners.listed == 0, "the evaluation group does not see how customers are reached"
    assert closeloop.json(*taken, AGENT)["listed"] == 2
    heads, *rows = [[cell.value for cell in row] for row in load_workbook(file).worksheets[0].iter_rows()]
    assert len(heads) == 5 + 1 + 5
    assert {str(row[4]) for row in rows} < {"an@example.com", "bo@example.com", "wu@example.com"}
    numbers = [row["number"] for row in query_rows(simulated, INVITATIONS)]
    assert [row[0] for row in rows] == numbers
    assert visit_list(simulated, person(simulated, AGENT), 1, START, "en").listed == 2
    assert len(query_rows(simulated, "SELECT * FROM reading")) >= 2, "whom staff were shown is logged"
    closeloop.json("case", "do", numbers[0], "revisit", "--set", "outcome=satisfied", "--as", AGENT)
    assert closeloop.json(*taken, AGENT)["listed"] == 1
