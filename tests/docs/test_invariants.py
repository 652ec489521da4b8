"""The page of invariants: numbers without a gap, no cell empty, each row with existing tests."""

import re

import pytest

from tests.chaos.mutants import MUTANTS
from tests.docs.pages import ROOT
from tests.docs.test_failures import TEST_NAME, names_in

PAGE = ROOT / "docs" / "invariants.md"
WANTED = {
    "no skipped state": "none is skipped",
    "acknowledged is durable": "acknowledged is durable",
    "step exactly once": "fires once in a cycle",
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
    """Return number, invariant, reason and tests of each row."""
    lines = PAGE.read_text("utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if re.match(r"\| \d", line)]


def test_the_numbers_have_no_gap():
    assert [int(row[0]) for row in rows()] == list(range(1, len(rows()) + 1))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_no_cell_is_empty_and_each_row_names_a_test(row: list[str]):
    assert len(row) == 4, row
    assert all(re.search(r"\w", cell) for cell in row), row
    assert TEST_NAME.search(row[3]), row


def test_every_named_test_exists():
    text = PAGE.read_text("utf-8")
    named = TEST_NAME.findall(text)
    assert text.count("::") == len(named)
    missing = [f"{path}::{name}" for path, name in named if not (ROOT / path).exists() or name not in names_in(path)]
    assert missing == []


@pytest.mark.parametrize("invariant", WANTED)
def test_each_required_invariant_has_a_number(invariant: str):
    assert any(WANTED[invariant] in row[1] for row in rows()), invariant


def test_the_test_files_of_the_mutants_are_named_on_the_page():
    named = {path for path, _ in TEST_NAME.findall(PAGE.read_text("utf-8"))}
    assert {test.partition("::")[0] for mutant in MUTANTS.values() for test in mutant.failing_tests} <= named
