"""How many digits of a figure people read: enough that value and target differ as the verdict says (E2)."""

from decimal import Decimal
from fractions import Fraction
from typing import Literal

import pytest

from engine.rules.indicator_definition import Indicator, Target
from engine.rules.indicators import indicators
from reports.indicators.figures import Figure
from reports.indicators.indicator_text import digits_of, figure_text, target_text
from reports.indicators.periods import period_of

pytestmark = pytest.mark.requirement("E2")


def of(name: str) -> Indicator:
    return indicators()[name]


def figure(exact: str, operator: Literal["<", "<=", ">=", ">"], amount: str) -> Figure:
    target = Target(operator=operator, amount=Decimal(amount), source="S2")
    return Figure(period_of("2026-05"), (), Fraction(exact), 46, 10_000, 10_000, target=target)


@pytest.mark.parametrize(
    ("exact", "operator", "amount", "value", "target"),
    [
        ("0.46", "<", "0.5", "0.46 %", "< 0.5 % · reached"),
        ("0.4999", "<", "0.5", "0.4999 %", "< 0.5 % · reached"),
        ("0.54", "<=", "0.5", "0.54 %", "≤ 0.5 % · missed"),
        ("98.96", ">=", "99", "98.96 %", "≥ 99.0 % · missed"),
        ("0.5", "<", "0.5", "0.5 %", "< 0.5 % · missed"),
        ("12.34", "<", "0.5", "12.3 %", "< 0.5 % · missed"),
        ("99.9", ">=", "99.95", "99.90 %", "≥ 99.95 % · missed"),
        ("1/3", ">", "0.5", "0.3 %", "> 0.5 % · missed"),
    ],
)
def test_a_value_is_shown_with_as_many_digits_as_its_verdict_needs(
    exact: str, operator: Literal["<", "<=", ">=", ">"], amount: str, value: str, target: str
):
    shown = figure(exact, operator, amount)
    assert figure_text(of("complaint_rate"), shown, "en") == value
    assert target_text(of("complaint_rate"), shown, "en") == target


def test_a_value_is_rounded_once():
    assert figure_text(of("complaint_rate"), figure("0.449996", ">", "0.3"), "en") == "0.4 %"


def test_a_difference_beyond_the_last_digit_is_not_shown():
    shown = figure(f"{(10**15 - 1)}/{2 * 10**15}", "<", "0.5")
    assert shown.on_target
    assert figure_text(of("complaint_rate"), shown, "en") == "0.500000000000 %"


def test_yuan_have_two_digits_and_more_where_the_verdict_needs_them():
    assert figure_text(of("compensation"), figure("19999.9", "<", "20000"), "en") == "199.999 yuan"
    assert target_text(of("compensation"), figure("19999.9", "<", "20000"), "en") == "< 200.00 yuan · reached"
    assert digits_of(of("compensation"), figure("100", "<", "20000")) == 2
