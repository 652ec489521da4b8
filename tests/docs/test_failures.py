"""The failure matrix: every part down, slow and back, no cell empty, each row with existing tests."""

import ast
import re
from functools import cache

import pytest

from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "failures.md"
PARTS = (
    *("Our database", "Prefect server", "Prefect worker", "Driver"),
    *("Mail gateway", "Telephone", "Disk", "Clock"),
)
STATES = ["down", "slow", "back"]
CHILDREN = "The children of `up`"
FAULTS = 7
"""Each child killed, each stopped, Prefect wiped, and their parent killed."""
TEST_NAME = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows(title: str) -> list[list[str]]:
    """Return the cells of the table under a heading, without its header."""
    _, _, rest = PAGE.read_text("utf-8").partition(f"\n## {title}\n")
    section = rest.partition("\n## ")[0]
    lines = [line.strip().strip("|").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines[2:]]


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("part", PARTS)
def test_each_part_is_described_down_slow_and_back(part: str):
    assert [row[0] for row in rows(part)] == STATES


@pytest.mark.parametrize("part", [*PARTS, "A clock that is wrong", "Poison", "Strangers at Prefect"])
def test_no_cell_is_empty_and_each_row_names_a_test(part: str):
    for row in rows(part):
        assert len(row) == 4, row
        assert all(re.search(r"\w", cell) for cell in row), row
        assert TEST_NAME.search(row[3]), row


def test_each_fault_of_a_child_says_what_status_ui_and_report_show():
    faults = rows(CHILDREN)
    assert len(faults) == FAULTS
    for row in faults:
        assert len(row) == 6, row
        assert all(re.search(r"\w", cell) for cell in row), row
        assert "tests/prefect_side/test_up.py" in row[5], row


def test_every_named_test_exists():
    named = TEST_NAME.findall(PAGE.read_text("utf-8"))
    assert len(named) > 30
    missing = [f"{path}::{name}" for path, name in named if not (ROOT / path).exists() or name not in names_in(path)]
    assert missing == []


def test_every_name_with_a_double_colon_is_a_test():
    text = PAGE.read_text("utf-8")
    assert text.count("::") == len(TEST_NAME.findall(text))
