"""The statistics of figures: Wilson and chi-square as scipy has them, XmR rules, bands of people, periods (E2)."""

from decimal import Decimal
from fractions import Fraction

import pytest

from reports.indicators.bands import bands
from reports.indicators.figures import Figure
from reports.indicators.periods import period_of, trend_to
from reports.indicators.statistics import (
    chi_square_tail,
    control_chart,
    representativeness,
    rounded,
    wilson,
)
from tests.case_actions import refusal

pytestmark = [pytest.mark.requirement("E2"), pytest.mark.pure]

MAY = period_of("2026-05")


@pytest.mark.parametrize(("part", "whole"), [(0, 1), (1, 1), (2, 3), (5, 10), (290, 300), (1, 40_000)])
def test_wilsons_interval_is_that_of_scipy(part: int, whole: int):
    from scipy.stats import binomtest  # half a second: only for the worker that runs this test

    expected = binomtest(part, whole).proportion_ci(method="wilson")
    found = wilson(part, whole)
    assert found is not None
    assert [float(bound) for bound in found] == pytest.approx([expected.low * 100, expected.high * 100], abs=5e-5)


def test_nothing_has_no_interval():
    assert wilson(0, 0) is None


@pytest.mark.parametrize("degrees", range(1, 12))
@pytest.mark.parametrize("statistic", [0.5, 3.84, 20.0])
def test_the_tail_of_chi_square_is_that_of_scipy(statistic: float, degrees: int):
    from scipy.stats import chi2

    assert chi_square_tail(statistic, degrees) == pytest.approx(float(chi2.sf(statistic, degrees)), rel=1e-9)


def test_a_sample_of_one_stratum_alone_is_unlike_its_population():
    assert representativeness([(50, 100), (50, 100)]).verdict == "alike"
    assert representativeness([(90, 100), (10, 100)]).verdict == "unlike"
    assert representativeness([(3, 10)]).verdict == "untested"
    assert representativeness([]).verdict == "untested"
    assert (
        representativeness([(20, 100), (20, 100), (1, 2), (0, 2)]).strata == 2
    )  # too small ones are compared together


def test_a_figure_is_rounded_half_up():
    assert rounded(Fraction(1, 80_000) * 4) == Decimal("0.0001")
    assert rounded(Fraction(200, 3)) == Decimal("66.6667")


def test_a_value_beyond_the_limits_and_a_run_of_eight_are_signals():
    steady = [Fraction(value) for value in (10, 11, 10, 11, 10, 11, 10, 11)]
    chart = control_chart([*steady, Fraction(40)])
    assert chart is not None
    assert [rules for rules in chart.signals if "beyond_limits" in rules] == [chart.signals[-1]]
    shifted = control_chart([*[Fraction(value) for value in (10, 10, 11) * 4], *[Fraction(12)] * 8])
    assert shifted is not None
    assert "run_of_eight" in shifted.signals[-1]
    assert "run_of_eight" not in shifted.signals[3]


def test_three_values_make_no_chart_and_a_gap_is_no_signal():
    assert control_chart([Fraction(1)] * 3) is None
    chart = control_chart([Fraction(1), None, Fraction(1), Fraction(1), Fraction(1)])
    assert chart is not None
    assert chart.signals[1] == ()


def of_person(handle: str, part: int, whole: int, small: bool = False) -> Figure:
    low, high = wilson(part, whole) or (None, None)
    share = Fraction(100 * part, whole)
    return Figure(MAY, (("person", handle),), share, part, whole, whole, "", low, high, small=small)


def test_people_whose_intervals_overlap_are_not_ranked_among_each_other():
    lucky, unlucky = of_person("amy", 48, 50), of_person("ben", 44, 50)
    assert bands([lucky, unlucky]) == {}
    poor = of_person("cleo", 5, 50)
    assert bands([lucky, unlucky, poor]) == {lucky.group: 1, unlucky.group: 1, poor.group: 2}
    assert bands([lucky, of_person("dan", 0, 3, small=True)]) == {}


def test_periods_have_names_and_lie_in_a_row():
    assert [period.name for period in trend_to(period_of("2026-Q2"), 2)] == ["2025-Q4", "2026-Q1", "2026-Q2"]
    assert (period_of("2026").months, period_of("2026-05").after.isoformat()) == (12, "2026-06-01")
    assert len(trend_to(period_of("1970-03"))) == 3
    for name in ("2026-00", "2026-Q5", "26-05", "2026-5", "1969", "2200", "", "2026-05-01"):
        assert refusal(lambda n=name: period_of(n)).code == "bad_period"
