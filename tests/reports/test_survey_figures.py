"""The figures of the surveys: each share with its denominator; silence counts in no numerator (D2, E1, B3)."""

from datetime import timedelta
from typing import Any

import pytest

from engine.rules.questionnaires import questionnaires
from flows.work import Work
from reports.survey_figures import SurveyFigures, VersionScore, gather
from tests.case_actions import AGENT, DAY, HOUR, START, execute_sql, make_move, new_resolved_case, refusal
from tests.editions import publishes
from tests.flows.scenes import ODD, drained

pytestmark = [pytest.mark.requirement("D2"), pytest.mark.requirement("E1")]

NOW = timedelta()


def new_answered_case(work: Work, after: timedelta = NOW, **answer: Any) -> str:
    """Resolve a complaint whose customer answers the callback at once; return its number."""
    number = new_resolved_case(work.store, after, text=ODD)
    make_move(work.store, number, "revisit", by=AGENT, after=after, **answer)
    return number


def new_unreachable_case(work: Work, after: timedelta = NOW) -> str:
    """Resolve a complaint whose customer answers none of three callbacks; return its number."""
    publishes(work.store, "callbacks", apart_hours=0)
    number = new_resolved_case(work.store, after, text=ODD)
    for attempt in (1, 2, 3):
        make_move(work.store, number, "attempt", by="system", after=after, attempts=attempt)
    make_move(work.store, number, "unreachable", by="system", after=after)
    return number


def figures(work: Work, since: timedelta = NOW, until: timedelta = DAY, **options: Any) -> list[SurveyFigures]:
    """Drain the work, and gather the figures of a span."""
    drained(work, since)
    return gather(work.store, START + since, START + until, **options)


def test_silence_counts_as_called_and_never_as_satisfied(work: Work):
    new_answered_case(work)
    new_answered_case(work, outcome="dissatisfied")
    for _ in range(2):
        new_unreachable_case(work)
    [complaint] = figures(work)
    assert (complaint.kind, complaint.called, complaint.answered, complaint.silent) == ("complaint", 4, 2, 2)
    assert (complaint.judged, complaint.satisfied) == (2, 1)
    assert (complaint.response_rate, complaint.satisfied_share) == (50.0, 50.0)


def test_without_any_answer_there_is_no_share_of_satisfied(work: Work):
    new_unreachable_case(work)
    [complaint] = figures(work)
    assert (complaint.response_rate, complaint.satisfied_share, complaint.scores) == (0.0, None, ())
    assert all((dimension.answered, dimension.mean) == (0, None) for dimension in complaint.dimensions)


def test_each_dimension_is_the_mean_of_those_who_rated_it(work: Work):
    new_answered_case(work, timeliness=5, attitude=2)
    new_answered_case(work, attitude=3)
    new_answered_case(work)
    [complaint] = figures(work)
    dimensions = {
        dimension.code: (dimension.answered, dimension.of, dimension.mean) for dimension in complaint.dimensions
    }
    assert dimensions == {
        "timeliness": (1, 3, 100.0),
        "intact_goods": (0, 3, None),
        "attitude": (2, 3, 50.0),
        "quality": (0, 3, None),
    }
    assert list(dimensions) == [dimension.code for dimension in questionnaires()["after_complaint"].dimensions]


def test_the_score_is_the_mean_of_the_weighted_scores_of_those_who_rated_any(work: Work):
    new_answered_case(work, timeliness=5, attitude=2)
    new_answered_case(work, attitude=3)
    new_answered_case(work)
    [complaint] = figures(work)
    assert complaint.scores == (VersionScore("after_complaint", "2026-11", 2, 65.0),)


def test_each_round_counts_once(work: Work):
    number = new_answered_case(work, outcome="dissatisfied", attitude=1)
    make_move(work.store, number, "resolve")
    make_move(work.store, number, "revisit", by=AGENT, attitude=5)
    [complaint] = figures(work)
    assert (complaint.answered, complaint.satisfied) == (2, 1)
    assert [(row.scored, row.score) for row in complaint.scores] == [(2, 60.0)]


@pytest.mark.requirement("B3")
def test_in_the_last_round_the_one_answer_counts(work: Work):
    publishes(work.store, "rounds", max=1)
    number = new_answered_case(work, outcome="dissatisfied")
    assert refusal(lambda: make_move(work.store, number, "revisit", by=AGENT)).code == "not_now"
    [complaint] = figures(work)
    assert (complaint.answered, complaint.satisfied) == (1, 0)


@pytest.mark.requirement("B3")
def test_an_unsatisfied_end_counts_as_unsatisfied_with_or_without_an_answer(work: Work):
    publishes(work.store, "rounds", max=1)
    for answered in (True, False):
        number = new_resolved_case(work.store, text=ODD)
        if answered:
            make_move(work.store, number, "revisit", by=AGENT, outcome="dissatisfied")
        make_move(work.store, number, "close_unsatisfied", by="mei")
    make_move(work.store, new_resolved_case(work.store, text=ODD), "refer", by="mei")
    new_answered_case(work)
    [complaint] = figures(work)
    assert (complaint.called, complaint.answered, complaint.judged, complaint.satisfied) == (2, 2, 4, 1)
    assert complaint.satisfied_share == 25.0


def test_only_rounds_that_ended_in_the_requested_span_count(work: Work):
    new_answered_case(work)
    new_answered_case(work, DAY)
    assert [figure.answered for figure in figures(work, NOW, DAY)] == [1]
    assert [figure.answered for figure in figures(work, NOW, DAY + HOUR)] == [2]
    assert figures(work, 2 * DAY, 3 * DAY) == []


def test_each_kind_has_its_own_figures(work: Work):
    new_answered_case(work, attitude=5)
    number = new_answered_case(work, price=1)
    execute_sql(work.store, "UPDATE cases SET kind = 'service_order' WHERE number = :number", number=number)
    complaints, orders = gather(work.store, START, START + DAY)
    assert (complaints.kind, complaints.answered, orders.kind, orders.answered) == ("complaint", 1, "service_order", 1)
    assert [dimension.mean for dimension in orders.dimensions if dimension.code == "price"] == [20.0]
    assert [figure.kind for figure in gather(work.store, START, START + DAY, "service_order")] == ["service_order"]
    assert [figure.called for figure in gather(work.store, START, START + DAY, "inquiry")] == [0]


@pytest.mark.requirement("E2")
def test_a_customer_counts_once_by_his_last_outcome_and_a_round_for_itself(work: Work):
    """Ms Wang is dissatisfied, then satisfied; Mr Li is satisfied with one case, then dissatisfied with another."""
    wang = new_resolved_case(work.store, text=ODD, phone="13800138000")
    make_move(work.store, wang, "revisit", by=AGENT, outcome="dissatisfied")
    make_move(work.store, wang, "resolve", after=HOUR)
    make_move(work.store, wang, "revisit", by=AGENT, after=2 * HOUR)
    for after, outcome in ((HOUR, "satisfied"), (3 * HOUR, "dissatisfied")):
        number = new_resolved_case(work.store, after, text=ODD, phone="13900139000")
        make_move(work.store, number, "revisit", by=AGENT, after=after, outcome=outcome)
    [complaint] = figures(work)
    assert (complaint.judged, complaint.satisfied, complaint.satisfied_share) == (4, 2, 50.0)
    assert (complaint.customers, complaint.customers_satisfied, complaint.customers_satisfied_share) == (2, 1, 50.0)
