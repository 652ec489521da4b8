"""Shares are rounded so that 0 % means none and 100 % means all, whoever shows them and in whatever language."""

from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locales.shares import share, share_number, share_text
from reports.complaint_handling import HandlingFigures
from reports.conformance_figures import share_of as fitness
from reports.survey_figures import SurveyFigures

wholes = st.integers(1, 10**9)
digits = st.integers(0, 4)


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (249, 250, "99 %"),
        (250, 250, "100 %"),
        (1, 250, "1 %"),
        (0, 250, "0 %"),
        (1, 2, "50 %"),
        (1, 8, "13 %"),  # half is rounded up, not to the even number
        (251, 250, "101 %"),  # more than the whole, as a timer that is overdue, is not exactly all of it
        (3, 0, "–"),
    ],
)
def test_a_share_in_whole_percent(part: int, whole: int, text: str):
    assert share_text(part, whole) == text


def test_a_share_with_a_decimal_place_is_written_with_a_point():
    assert [share_text(part, 3000, 1) for part in (0, 1, 1000, 2999, 3000)] == [
        "0.0 %",
        "0.1 %",
        "33.3 %",
        "99.9 %",
        "100.0 %",
    ]


@given(st.data(), wholes, digits)
def test_none_and_all_are_shown_as_such_and_nothing_else_is(data: st.DataObject, whole: int, places: int):
    part = data.draw(st.integers(0, whole))
    rounded = share(part, whole, places)
    assert rounded is not None
    assert (rounded == 0) is (part == 0)
    assert (rounded == 100) is (part == whole)
    step = Fraction(1, 10**places)
    assert abs(Fraction(rounded) - Fraction(100 * part, whole)) <= step, "no share is wrong by more than a step"
    assert f"{rounded}".partition(".")[2] == f"{rounded:.{places}f}".partition(".")[2], "it has that many places"


@given(wholes, st.lists(st.integers(0, 10**9), min_size=2, max_size=2), digits)
def test_a_larger_part_has_no_smaller_share(whole: int, parts: list[int], places: int):
    less, more = sorted(parts)
    first, second = share(less, whole, places), share(more, whole, places)
    assert first is not None
    assert second is not None
    assert first <= second


def test_figures_of_reports_do_not_claim_all_or_none():
    survey = SurveyFigures("complaint", 4000, 3999, 1, 3999, 1, 0, 0, (), ())
    assert (survey.response_rate, survey.satisfied_share) == (99.9, 0.1)
    assert fitness(99_999, 100_000) == 0.9999
    assert share_number(1, 1, 4, full=1) == 1.0
    assert share(1, 3, 2) == Decimal("33.33")
    handling = HandlingFigures(Counter(), Counter(), 4000, 0, 1, Counter(), 0, None, None)
    assert handling.reopened_percent == 0.1
