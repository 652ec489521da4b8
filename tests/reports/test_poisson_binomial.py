"""How many of independent events occur: the distribution, and the interval of 90 % (K1)."""

from itertools import product
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.poisson_binomial import EXACT, distribution, interval

PROBABILITIES = st.lists(st.floats(0, 1), max_size=8)


@given(PROBABILITIES)
def test_the_distribution_is_that_of_all_outcomes(probabilities: list[float]):
    expected = [0.0] * (len(probabilities) + 1)
    for outcome in product((0, 1), repeat=len(probabilities)):
        pairs = zip(outcome, probabilities, strict=True)
        expected[sum(outcome)] += prod(each if occurs else 1 - each for occurs, each in pairs)
    assert distribution(probabilities) == pytest.approx(expected)


@given(st.lists(st.floats(0, 1), max_size=60))
def test_the_interval_holds_nine_of_ten(probabilities: list[float]):
    low, high = interval(probabilities)
    chances = distribution(probabilities)
    assert 0 <= low <= high <= len(probabilities)
    assert sum(chances[low : high + 1]) >= 0.9 - 1e-9


def test_what_is_certain_is_certain():
    assert interval([]) == (0, 0)
    assert interval([1.0, 1.0, 0.0]) == (2, 2)


def test_of_many_events_the_normal_distribution_is_near():
    few, many = [0.3] * EXACT, [0.3] * (EXACT + 1)
    assert all(abs(one - other) <= 1 for one, other in zip(interval(few), interval(many), strict=True))
