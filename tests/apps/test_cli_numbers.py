"""Every number of the command line is read exactly, or refused with the reason; Python's own notation is none."""

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from apps.cli.index import assembled
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import new_case

START = "2026-03-02T09:00+08:00"
DEADLINE = ("deadline", "--start", START, "--unit", "hours", "--calendar", "cn-office", "--amount")


def parameters(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every parameter of every command with its place."""
    yield from ((f"{path} {param.name}", param) for param in command.params)
    for name, inner in getattr(command, "commands", {}).items():
        yield from parameters(inner, f"{path} {name}".strip())


def test_no_option_or_argument_is_parsed_as_typer_parses_numbers():
    program: Any = get_command(assembled(lambda name: True))
    numbers = {
        place: param.type_descriptor.parameter_info.parser
        for place, param in parameters(program)
        if param.type_descriptor.annotation in {int, float}
    }
    assert {"deadline amount", "dead retry seq", "case do if_seq", "up prefect_port"} <= numbers.keys()
    assert [place for place, parser in numbers.items() if parser is None] == []


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        *[
            (text, "in digits, such as 1000")
            for text in ("1_000", "1__0", "0x10", "1 2", "", "twelve", "十二", "٣", "²")
        ],
        *[(text, "is ambiguous") for text in ("1,000", "1.000", "１，０００")],
        *[(text, "it is not rounded") for text in ("4.9", "1.5", "0,5")],
        *[(text, "scientific notation") for text in ("1e3", "1.0E+2")],
        *[(text, "without a unit") for text in ("5h", "5 小时", "50%")],
        ("(5)", "stands in brackets"),
        ("9" * 50, "too large a number"),
    ],
)
def test_what_is_no_exact_number_is_refused_with_the_reason(closeloop: Closeloop, written: str, reason: str):
    refused = closeloop.refused(*DEADLINE, written)
    assert refused["code"] == "usage"
    assert "--amount" in refused["text"]
    assert reason in refused["text"], refused["text"]


@pytest.mark.parametrize(
    ("written", "amount"), [("48", 48), ("４８", 48), ("+48", 48), (" 48 ", 48), ("48.0", 48), ("1 000", 1000)]
)
def test_an_exact_number_is_read_however_it_is_typed(closeloop: Closeloop, written: str, amount: int):
    assert closeloop.json(*DEADLINE, written)["amount"] == amount


def test_limits_are_refused_in_words(closeloop: Closeloop, simulated: Store):
    assert "at most 3" in closeloop.refused("case", "list", "--level", "4")["text"]
    assert "at least 1" in closeloop.refused("customer", "questions", "--limit", "０")["text"]
    assert "at most 65535" in closeloop.refused("up", "--prefect-port", "70000")["text"]
    number = new_case(simulated)
    assert "too large" in closeloop.refused("dead", "drop", number, "9" * 25, "classify")["text"]
    assert "at least 1" in closeloop.refused("dead", "retry", number, "0", "classify")["text"]
    assert "at least 0" in closeloop.refused("case", "do", number, "note", "--if-seq=-1", "--as", "amy")["text"]


@pytest.mark.parametrize(("locale", "reason"), [("zh_CN", "整数"), ("zh_TW", "整數"), ("en", "whole number")])
def test_the_reason_is_in_the_language_of_the_reader(closeloop: Closeloop, locale: str, reason: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    assert reason in closeloop.refused(*DEADLINE, "1_000")["text"]
