"""What customers answered, counted: each share with its denominator, and silence in no numerator (D2, E1, B3)."""

from datetime import timedelta
from typing import Any

import pytest

from engine.rules.questionnaires import questionnaire
from flows.work import Work
from reports.survey_figures import SurveyFigures, gather
from tests.case_actions import AGENT, DAY, HOUR, START, execute_sql, make_move, new_resolved_case
from tests.editions import publishes
from tests.flows.scenes import ODD, drained

pytestmark = [pytest.mark.requirement("D2"), pytest.mark.requirement("E1")]

NOW = timedelta()


def answers(work: Work, after: timedelta = NOW, **said: Any) -> str:
    """A complaint is resolved and its customer answers the call at once; its number."""
    number = new_resolved_case(work.store, after, text=ODD)
    make_move(work.store, number, "revisit", by=AGENT, after=after, **said)
    return number


def silent(work: Work, after: timedelta = NOW) -> str:
    """Three calls in vain."""
    number = new_resolved_case(work.store, after, text=ODD)
    for attempt in (1, 2, 3):
        make_move(work.store, number, "attempt", by="system", after=after, attempts=attempt)
    make_move(work.store, number, "unreachable", by="system", after=after)
    return number


def figures(work: Work, since: timedelta = NOW, until: timedelta = DAY, **asked: Any) -> list[SurveyFigures]:
    drained(work, since)
    return gather(work.store, START + since, START + until, **asked)


def test_silence_is_called_and_never_satisfied(work: Work):
    answers(work)
    answers(work, outcome="dissatisfied")
    for _ in range(2):
        silent(work)
    [told] = figures(work)
    assert (told.kind, told.called, told.answered, told.silent) == ("complaint", 4, 2, 2)
    assert (told.judged, told.satisfied) == (2, 1)
    assert (told.response_rate, told.satisfied_share) == (50.0, 50.0)


def test_where_everybody_was_silent_there_is_no_share_of_satisfied(work: Work):
    silent(work)
    [told] = figures(work)
    assert (told.response_rate, told.satisfied_share, told.score) == (0.0, None, None)
    assert all((one.answered, one.mean) == (0, None) for one in told.dimensions)


def test_each_dimension_is_a_mean_of_those_who_gave_it(work: Work):
    answers(work, timeliness=5, attitude=2)
    answers(work, attitude=3)
    answers(work)
    [told] = figures(work)
    found = {one.code: (one.answered, one.of, one.mean) for one in told.dimensions}
    assert found == {
        "timeliness": (1, 3, 100.0),
        "intact_goods": (0, 3, None),
        "attitude": (2, 3, 50.0),
        "quality": (0, 3, None),
    }
    assert list(found) == [one.code for one in questionnaire("after_complaint").dimensions]


def test_the_score_is_the_mean_of_the_weighted_scores_of_those_who_answered_any(work: Work):
    answers(work, timeliness=5, attitude=2)
    answers(work, attitude=3)
    answers(work)
    [told] = figures(work)
    assert (told.scored, told.score) == (2, 65.0)


def test_a_round_counts_once_and_each_round_by_itself(work: Work):
    number = answers(work, outcome="dissatisfied", attitude=1)
    make_move(work.store, number, "resolve")
    make_move(work.store, number, "revisit", by=AGENT, attitude=5)
    [told] = figures(work)
    assert (told.answered, told.satisfied, told.scored, told.score) == (2, 1, 2, 60.0)


@pytest.mark.requirement("B3")
def test_who_is_asked_again_in_the_last_round_counts_by_his_last_answer(work: Work):
    publishes(work.store, "rounds", max=1)
    number = answers(work, outcome="dissatisfied")
    make_move(work.store, number, "revisit", by=AGENT)
    [told] = figures(work)
    assert (told.answered, told.satisfied) == (1, 1)


@pytest.mark.requirement("B3")
def test_an_end_that_is_unsatisfied_counts_as_that_whatever_was_said_or_not(work: Work):
    publishes(work.store, "rounds", max=1)
    for said in (True, False):
        number = new_resolved_case(work.store, text=ODD)
        if said:
            make_move(work.store, number, "revisit", by=AGENT, outcome="dissatisfied")
        make_move(work.store, number, "close_unsatisfied", by="mei")
    make_move(work.store, new_resolved_case(work.store, text=ODD), "refer", by="mei")
    answers(work)
    [told] = figures(work)
    assert (told.called, told.answered, told.judged, told.satisfied) == (2, 2, 4, 1)
    assert told.satisfied_share == 25.0


def test_only_what_ended_in_the_time_asked_for_counts(work: Work):
    answers(work)
    answers(work, DAY)
    assert [one.answered for one in figures(work, NOW, DAY)] == [1]
    assert [one.answered for one in figures(work, NOW, DAY + HOUR)] == [2]
    assert figures(work, 2 * DAY, 3 * DAY) == []


def test_the_kinds_are_told_apart(work: Work):
    answers(work, attitude=5)
    number = answers(work, price=1)
    execute_sql(work.store, "UPDATE cases SET kind = 'service_order' WHERE number = :number", number=number)
    complaints, orders = gather(work.store, START, START + DAY)
    assert (complaints.kind, complaints.answered, orders.kind, orders.answered) == ("complaint", 1, "service_order", 1)
    assert [one.mean for one in orders.dimensions if one.code == "price"] == [20.0]
    assert [one.kind for one in gather(work.store, START, START + DAY, "service_order")] == ["service_order"]
    assert [one.called for one in gather(work.store, START, START + DAY, "inquiry")] == [0]
