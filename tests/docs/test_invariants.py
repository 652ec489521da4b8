"""The page of what always holds: numbers without a gap, no place empty, each backed by tests that exist."""

import re

import pytest

from tests.chaos.mutants import MUTANTS
from tests.docs.pages import ROOT
from tests.docs.test_failures import NAMED, names_in

PAGE = ROOT / "docs" / "invariants.md"
WANTED = {
    "no skipped state": "none is skipped",
    "acknowledged is durable": "acknowledged is durable",
    "rung exactly once": "fires once in a cycle",
    "never early": "fires early",
    "in order after an outage": "fires in order",
    "no double under retry": "honoured once",
    "replayed history = row": "ends where its row stands",
    "another body under a key": "Another body",
    "poison": "parked",
    "full disk": "full refuses",
    "restart in the middle": "restarted in the middle",
    "clock stepping back": "set back",
    "changed definition": "decided by the present code",
}


def rows() -> list[list[str]]:
    """Number, what holds, why, and what shows it."""
    lines = PAGE.read_text("utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if re.match(r"\| \d", line)]


def test_the_numbers_have_no_gap():
    assert [int(row[0]) for row in rows()] == list(range(1, len(rows()) + 1))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_no_place_is_empty_and_each_is_backed(row: list[str]):
    assert len(row) == 4, row
    assert all(re.search(r"\w", cell) for cell in row), row
    assert NAMED.search(row[3]), row


def test_every_test_that_is_named_exists():
    text = PAGE.read_text("utf-8")
    named = NAMED.findall(text)
    assert text.count("::") == len(named)
    gone = [f"{path}::{name}" for path, name in named if not (ROOT / path).exists() or name not in names_in(path)]
    assert gone == []


@pytest.mark.parametrize("what", WANTED)
def test_what_must_hold_has_its_number(what: str):
    assert any(WANTED[what] in row[1] for row in rows()), what


def test_what_a_mutant_turns_red_is_named_here_or_stands_beside_what_is():
    named = {path for path, _ in NAMED.findall(PAGE.read_text("utf-8"))}
    assert {test.partition("::")[0] for mutant in MUTANTS.values() for test in mutant.failing_tests} <= named
