"""The Wilson interval of a share equals published values, and holds the share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.wilson import wilson_interval

PUBLISHED = [
    (0, 10, 0.0, 0.2775), (1, 10, 0.0179, 0.4042), (8, 10, 0.4902, 0.9433), (10, 10, 0.7225, 1.0),
    (5, 20, 0.1119, 0.4687), (81, 263, 0.2553, 0.3662),
]  # fmt: skip
"""Successes, sample and interval; the last one is of Newcombe (1998), table I."""


@pytest.mark.requirement("F5")
@pytest.mark.parametrize(("passed", "sample", "least", "most"), PUBLISHED)
def test_the_interval_is_the_published_one(passed: int, sample: int, least: float, most: float):
    assert wilson_interval(passed / sample, sample) == pytest.approx((least, most), abs=0.00005)


@given(st.floats(0, 1), st.integers(1, 10_000))
def test_the_interval_holds_the_share_and_shrinks_with_the_sample(share: float, sample: int):
    least, most = wilson_interval(share, sample)
    assert 0 <= least <= share + 1e-9
    assert share - 1e-9 <= most <= 1
    wider = wilson_interval(share, 4 * sample)
    assert wider[1] - wider[0] <= most - least + 1e-9


@pytest.mark.parametrize(("share", "sample"), [(0.5, 0), (1.1, 5), (-0.1, 5)])
def test_an_empty_sample_says_nothing(share: float, sample: int):
    with pytest.raises(ValueError, match="no interval"):
        wilson_interval(share, sample)
