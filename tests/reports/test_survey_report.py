"""A survey's report counts silence as silence, says how sure its shares are, and stands in the report of the period."""

from datetime import timedelta
from decimal import Decimal

import pytest

from engine.actors import NewActor, add_actor
from engine.create_store import set_clock
from engine.store import Store
from engine.surveys.draw import draw, send_out
from engine.surveys.invite import invite, uninvited
from locales.translation import locales
from models.columns import to_micros
from reports.indicators.periods import period_of
from reports.period_report import gather
from reports.period_report_text import period_paper
from reports.survey_report import SurveyReport, survey_report
from reports.survey_report_text import survey_texts
from statemachines.refused import Refused
from statemachines.roles import Role
from tests.case_actions import AGENT, DAY, HOUR, START, case_of, make_move, query_rows
from tests.engine.surveys.surveyed_customers import LATER, customer, plan, planner

pytestmark = pytest.mark.requirement("E1")

INVITED = "SELECT number FROM cases WHERE kind = 'survey_invitation' ORDER BY id"


def surveyed(store: Store, individuals: int, enterprises: int, answers: str) -> SurveyReport:
    """Survey so many customers; the first answer as ``s`` (satisfied), ``d`` (dissatisfied), ``n`` (declined) says."""
    for sort, count in (("individual", individuals), ("enterprise", enterprises)):
        for n in range(count):
            customer(store, f"{sort}{n}", customer_type=sort)
    send_out(store, planner(store), draw(store, planner(store), plan(way="face_to_face"), LATER), LATER)
    numbers = [invite(store, each, "Invitation", LATER, "flow") for each in uninvited(store)]
    after = LATER - START
    for number, answer in zip(numbers, answers, strict=False):
        if answer == "n":
            make_move(store, number, "decline", AGENT, after)
        elif answer in "sd":
            outcome = "satisfied" if answer == "s" else "dissatisfied"
            make_move(store, number, "revisit", AGENT, after, outcome=outcome)
    with store.looking() as tx:
        return survey_report(tx, 1)


def test_silence_and_refusal_count_as_drawn_and_never_as_satisfied(sqlite_store: Store):
    report = surveyed(sqlite_store, 6, 4, "ss-nsd")
    enterprises, individuals = report.strata
    assert (enterprises.name, enterprises.drawn, enterprises.answered, enterprises.declined) == ("enterprise", 4, 2, 1)
    assert (individuals.name, individuals.drawn, individuals.answered, individuals.satisfied) == ("individual", 6, 2, 1)
    assert (report.total.drawn, report.total.reached, report.total.answered, report.total.satisfied) == (10, 5, 4, 3)
    assert (report.total.response_rate, report.total.satisfied_share) == (40.0, 75.0)
    assert report.total.interval == (Decimal("30.0642"), Decimal("95.4413"))
    assert report.weighted_share == Decimal("70.0000"), "0.4 of the customers at 100 %, 0.6 at 50 %"


def test_a_stratum_that_did_not_answer_is_not_made_up_for(sqlite_store: Store):
    report = surveyed(sqlite_store, 2, 2, "sd")
    assert (report.weighted_share, report.alike.verdict) == (None, "untested")


def test_answers_that_are_not_made_up_as_the_customers_are_said_to_be_so(sqlite_store: Store):
    report = surveyed(sqlite_store, 12, 12, "s" * 12)
    assert report.alike.verdict == "unlike"
    assert any("Do not take the figures for all of them" in text for text in survey_texts(report, "en"))


@pytest.mark.parametrize("locale", locales())
def test_the_report_of_the_period_holds_the_survey(sqlite_store: Store, locale: str):
    report = surveyed(sqlite_store, 2, 1, "s")
    set_clock(sqlite_store, LATER + DAY)
    paper = period_paper(gather(sqlite_store, period_of("2026-03"), LATER + DAY), locale)
    [section] = [each for each in paper.sections if each.texts == survey_texts(report, locale)]
    assert section.table is not None
    assert [row[1:5] for row in section.table.rows] == [(1, 1, 1, 1), (2, 2, 0, 0), (3, 3, 1, 1)]
    assert not [text for text in section.texts if "survey_report." in text]
    before = gather(sqlite_store, period_of("2026-02"), LATER + DAY)
    assert list(before.surveys) == []


def judged(store: Store, number: str, move: str, by: str, after: timedelta) -> None:
    make_move(store, number, move, by, after, evidence="He was abroad that day.")


def test_a_doubtful_answer_stays_and_is_counted_both_ways(sqlite_store: Store):
    surveyed(sqlite_store, 2, 1, "ssd")
    with sqlite_store.writing() as tx:
        for handle in ("qui", "quo"):
            add_actor(tx, NewActor(handle, (Role.QUALITY_TEAM,)))
    after = LATER - START + HOUR
    [number, *_] = [row["number"] for row in query_rows(sqlite_store, INVITED)]
    judged(sqlite_store, number, "dispute", "qui", after)
    with sqlite_store.looking() as tx:
        before, report = survey_report(tx, 1, to_micros(LATER)), survey_report(tx, 1)
    total = report.total
    assert (total.answered, total.satisfied, total.satisfied_share) == (3, 2, 66.7)
    assert (total.doubtful, total.satisfied_undoubted, total.undoubted_share) == (1, 1, 50.0)
    assert before.total.doubtful == 0, "as of before it was marked"
    assert any("1 of 3 answers" in text and "50" in text for text in survey_texts(report, "en"))
    assert case_of(sqlite_store, number)["state"] == "answered", "it stays where it is"
    with pytest.raises(Refused, match=r"own_work|took_part"):
        judged(sqlite_store, number, "clear_dispute", "qui", after)
    judged(sqlite_store, number, "clear_dispute", "quo", after)
    with sqlite_store.looking() as tx:
        assert survey_report(tx, 1).total.doubtful == 0


def test_who_entered_the_answer_does_not_judge_it(sqlite_store: Store):
    with sqlite_store.writing() as tx:
        add_actor(tx, NewActor("qui", (Role.QUALITY_TEAM,)))
    surveyed(sqlite_store, 1, 0, "")
    [number] = [row["number"] for row in query_rows(sqlite_store, INVITED)]
    make_move(sqlite_store, number, "revisit", "qui", LATER - START, outcome="satisfied")
    with pytest.raises(Refused, match=r"own_work|took_part"):
        judged(sqlite_store, number, "dispute", "qui", LATER - START + HOUR)
