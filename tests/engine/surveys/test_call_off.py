"""A survey is called off: open invitations end with a reason, nobody is asked any more, and the figures say so."""

import pytest

from engine.store import Store
from engine.surveys.call_off import CalledOff, call_off, end_called_off
from engine.surveys.draw import send_out
from engine.surveys.invite import Drawn, invite, uninvited
from reports.survey_report import SurveyReport, survey_report
from reports.survey_report_text import survey_texts
from statemachines.refused import Refused
from statemachines.roles import Role
from tests.case_actions import AGENT, HOUR, START, case_of, execute_sql, make_move, query_rows, refusal
from tests.engine.access.people import principal
from tests.engine.surveys.surveyed_customers import LATER, customer, drawn, planner

pytestmark = pytest.mark.requirement("E1")

WHY = "The questions were wrong."


@pytest.fixture
def invited(store: Store) -> list[str]:
    """A survey of three customers by letter: one answered, one was written to, one is still to be written to."""
    for name in ("wu", "li", "ma"):
        customer(store, name)
    send_out(store, planner(store), drawn(store), LATER)
    numbers = [invite(store, each, "Invitation", LATER, "flow") for each in uninvited(store)]
    for number in numbers[:2]:
        make_move(store, number, "invite", "system", LATER - START)
    make_move(store, numbers[0], "revisit", AGENT, LATER - START, outcome="satisfied")
    return numbers


def calls_off(store: Store, reason: str = WHY, survey: int = 1) -> CalledOff:
    return call_off(store, planner(store), survey, reason, LATER + HOUR)


def report(store: Store) -> SurveyReport:
    with store.looking() as tx:
        return survey_report(tx, 1)


def test_open_invitations_end_with_the_reason_and_answers_stay(store: Store, invited: list[str]):
    assert calls_off(store) == CalledOff(ended=2, new=True)
    assert [case_of(store, number)["state"] for number in invited] == ["answered", "called_off", "called_off"]
    assert WHY in case_of(store, invited[1])["variables"]
    clauses = {row["clause"] for row in query_rows(store, "SELECT clause FROM timer WHERE closed_at IS NULL")}
    assert not {"survey_letter", "survey_reminder", "survey_answer"} & clauses


def test_the_figures_say_who_called_it_off_when_and_why(store: Store, invited: list[str]):
    calls_off(store)
    found = report(store)
    total = found.total
    assert (total.drawn, total.reached, total.answered, total.called_off, total.open) == (3, 2, 1, 2, 0)
    assert (found.survey.called_off_by, found.survey.called_off_at) == ("eva", LATER + HOUR)
    assert any(WHY in text and "2 of 3" in text for text in survey_texts(found, "en"))


def test_repeated_it_keeps_the_first_reason_and_ends_what_a_killed_run_left(store: Store, invited: list[str]):
    execute_sql(store, f"UPDATE survey SET called_off_by = 1, called_off_at = 1, called_off_because = '{WHY}'")
    assert calls_off(store, "Another reason.") == CalledOff(ended=2, new=False)
    assert report(store).survey.called_off_because == WHY


def test_the_morning_ends_what_is_left(store: Store, invited: list[str]):
    execute_sql(store, f"UPDATE survey SET called_off_by = 1, called_off_at = 1, called_off_because = '{WHY}'")
    assert [end_called_off(store, "flow", LATER + HOUR) for _ in range(2)] == [2, 0]


def test_nobody_else_is_invited(store: Store):
    customer(store, "wu")
    send_out(store, planner(store), drawn(store), LATER)
    calls_off(store)
    assert uninvited(store) == []
    late = refusal(lambda: invite(store, Drawn(1, 1), "Invitation", LATER, "flow"))
    assert (late.code, late.params["reason"]) == ("survey_called_off", WHY)


def test_one_that_was_not_sent_out_can_be_called_off_and_is_not_sent_out(store: Store):
    customer(store, "wu")
    survey = drawn(store)
    assert calls_off(store) == CalledOff(ended=0, new=True)
    assert refusal(lambda: send_out(store, planner(store), survey, LATER)).code == "survey_called_off"


def test_a_survey_that_is_over_is_not_called_off(store: Store, invited: list[str]):
    for number in invited[1:]:
        make_move(store, number, "decline", AGENT, LATER - START)
    assert refusal(lambda: calls_off(store)).code == "survey_over"


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "two\nlines"])
def test_a_reason_is_one_line_that_can_be_read(store: Store, invited: list[str], reason: str):
    refused = refusal(lambda: calls_off(store, reason))
    assert (refused.code, refused.params["fields"][0]["field"]) == ("form", "reason")
    assert report(store).survey.called_off_at is None


def test_nobody_else_calls_it_off(store: Store, invited: list[str]):
    manager = principal(store, Role.GENERAL_MANAGER, "gm")
    with pytest.raises(Refused, match="not_in_charge"):
        call_off(store, manager, 1, WHY, LATER)
