"""The requirements page is complete, and lists the tests that are marked with each requirement."""

import re

import pytest

from statemachines.kinds import lifecycles
from tests.docs.requirements import PAGE, ROOT, filled_in, marks, rows

WANTED = [
    *(f"A{n}" for n in range(1, 10)),
    *(f"B{n}" for n in range(1, 13)),
    *(f"C{n}" for n in range(1, 9)),
    *("D1", "D2", "D3", "E1", "E3", "E4", "E5", "E6", "E7", "F1", "F2", "F3", "F4", "G1", "J1", "J2"),
]


def test_every_requirement_has_exactly_one_row():
    named = [row["id"] for row in rows()]
    assert len(named) == len(set(named))
    assert [name for name in named if name in WANTED] == WANTED


@pytest.mark.parametrize("name", WANTED)
def test_every_requirement_has_a_test(name: str):
    assert marks().get(name), f"no test is marked with requirement {name}"


def test_every_mark_names_a_requirement_of_the_page():
    assert set(marks()) <= {row["id"] for row in rows()}


def test_the_page_lists_the_tests_by_their_marks():
    assert PAGE.read_text("utf-8") == filled_in(), "run `python -m tests.docs.requirements`"


def test_every_named_file_exists():
    named = {path for row in rows() for path in re.findall(r"\]\(\.\./([^)]+)\)", row["where"] + row["tests"])}
    assert named
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_every_lifecycle_serves_a_requirement():
    text = PAGE.read_text("utf-8")
    assert [kind for kind in lifecycles() if f"statemachines/{kind}.py" not in text] == []
