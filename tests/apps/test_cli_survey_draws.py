"""The commands of periodic surveys: draw, look, send out, read the report in each language (E1)."""

import pytest

from engine.store import Store
from locales.translation import locales
from tests.apps.conftest import Closeloop
from tests.engine.surveys.surveyed_customers import customers_of_february, planner

pytestmark = pytest.mark.requirement("E1")

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


@pytest.mark.parametrize("locale", locales())
def test_a_person_reads_it_in_his_language(closeloop: Closeloop, locale: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    text = closeloop(*DRAW).out
    seed = closeloop.json("survey", "report", "1")["survey"]["seed"]
    assert seed in text
    assert not [line for line in text.splitlines() if "survey_report." in line or "cli." in line]
