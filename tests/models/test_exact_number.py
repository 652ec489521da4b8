"""A number is read exactly or refused with the reason: nothing is cut, rounded or guessed."""

from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from models.exact_number import NoNumber, Whole, exact_number, whole_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("12", 12), ("１２", 12), ("-3", -3), ("−7", -7), ("+5", 5), ("007", 7), (" 12 ", 12), ("0", 0)],
        *[("4.0", 4), ("4,00", 4), ("1,234,567", 1234567), ("1.234.567", 1234567), ("1,234.00", 1234)],
        *[
            ("1.234,00", 1234),
            ("1 000", 1000),
            ("1\u00a0000\u00a0000", 1000000),
            ("1'000", 1000),
            ("１，２３４，５６７", 1234567),
        ],
        ("9" * 40, int("9" * 40)),
    ],
)
def test_a_whole_number_is_read_exactly(text: str, value: int):
    assert whole_number(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4.9", "4.9"),
        ("4,9", "4.9"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("0.125", "0.125"),
        ("-0,5", "-0.5"),
    ],
)
def test_a_decimal_number_is_read_exactly_and_is_no_whole_one(text: str, value: str):
    assert exact_number(text) == Decimal(value)
    with pytest.raises(NoNumber) as caught:
        whole_number(text)
    assert caught.value.reason == "not_whole"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *[(text, "ambiguous_number") for text in ("1.000", "1,000", "１．０００", "-1.000", "12,345")],
        *[(text, "scientific_number") for text in ("1e3", "1.38E+10", "7.55123E+14", "1,5e-3")],
        *[(text, "number_with_unit") for text in ("12%", "¥12", "12元", "$1,200", "EUR 5", "5 kg", "８％")],
        *[(text, "bracketed_number") for text in ("(12)", "(1,234.00)", "（１２）")],
        *[
            (text, "not_a_number")
            for text in ("", "-", "N/A", "nan", "inf", "∞", "十二", "0x10", "1_000", "²", "½", "٣")
        ],
        *[(text, "not_a_number") for text in ("1..2", ".5", "5.", "1 2", "--5", "12,34,567", "1.2.3", "1 000,000 000")],
    ],
)
def test_what_has_no_or_two_readings_is_refused_with_the_reason(text: str, reason: str):
    with pytest.raises(NoNumber) as caught:
        whole_number(text)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [("1.000", ".", "1"), ("1.000", ",", "1000"), ("1,000", ".", "1000"), ("1,000", ",", "1"), ("4,9", ",", "4.9")],
)
def test_the_decimal_sign_of_the_source_decides(text: str, decimal: str, value: str):
    assert exact_number(text, decimal) == Decimal(value)


def test_the_wrong_decimal_sign_is_refused():
    with pytest.raises(NoNumber, match="ambiguous_number"):
        exact_number("4,9", ".")


@pytest.mark.parametrize(("value", "number"), [("１２", 12), (12, 12), (4.0, 4), ("8.0", 8)])
def test_a_form_takes_a_whole_number(value: object, number: int):
    assert TypeAdapter(Whole).validate_python(value) == number


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("1.000", "ambiguous_number"),
        ("4.9", "not_whole"),
        (4.9, "not_whole"),
        (True, "not_a_number"),
        ("1_0", "not_a_number"),
    ],
)
def test_a_form_refuses_any_other_with_the_reason(value: object, reason: str):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Whole).validate_python(value)
    assert caught.value.errors()[0]["type"] == reason
