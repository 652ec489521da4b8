"""What the benchmarks leave behind can be read by a program, and says itself where a target is missed."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.measures import KEYS, LATEST, Measure, Target, keep, kept, read, recorded
from benchmarks.parts import PARTS
from benchmarks.plot import curve, margin

SLOWER = recorded("advance", "sqlite", 50.0, 100.0, "moves/s", "so and so")
LATE = recorded("due", "postgres", 30.0, None, "ms", "so and so")


def test_the_figures_that_are_kept_have_one_shape():
    rows = json.loads(LATEST.read_text("utf-8"))
    assert rows
    for row in rows:
        assert tuple(row) == KEYS
        assert row["database"] in {"sqlite", "postgres"}
        assert row["ratio"] == (round(row["ours"] / row["reference"], 3) if row["reference"] else None)
        assert (row["target"] is None) == (row["met"] is None)
        assert row["met"] is not False or row["why"].startswith("missed by ")


def test_each_measure_is_kept_once_for_each_database():
    rows = [(one.measure, one.database) for one in kept()]
    assert len(rows) == len(set(rows))


def test_a_target_holds_the_ratio_where_there_is_a_reference_and_else_the_figure_itself():
    assert Target(0.5).judge(SLOWER).met is True
    assert Target(0.7).judge(SLOWER).met is False
    assert Target(30.0, at_least=False).judge(LATE).met is True
    assert Target(20.0, at_least=False).judge(LATE).met is False


def test_what_is_missed_says_by_how_much_and_what_stands_in_the_way():
    missed = Target(0.7, obstacle="the reading of the rules").judge(SLOWER)
    assert missed.why == "missed by 29%: the reading of the rules; so and so"
    assert Target(10.0, at_least=False).judge(LATE).why.startswith("missed by a factor of 3.0: ")


@pytest.mark.parametrize(
    ("one", "bound", "how_far"),
    [
        (Target(0.25).judge(SLOWER), "≥ 0.25", 2.0),
        (Target(1.0).judge(SLOWER), "≥ 1", 0.5),
        (Target(60.0, at_least=False).judge(LATE), "≤ 60", 2.0),
        (Target(15.0, at_least=False).judge(LATE), "≤ 15", 0.5),
    ],
)
def test_the_sign_of_a_target_follows_from_whether_it_was_met(one: Measure, bound: str, how_far: float):
    assert one.bound == bound
    assert margin(one) == how_far


def test_a_part_that_is_measured_again_replaces_its_own_figures_only(tmp_path: Path):
    path = keep([SLOWER, LATE], tmp_path / "latest.json")
    again = recorded("advance", "sqlite", 90.0, 100.0, "moves/s", "again")
    keep([again], path)
    assert kept(path) == [LATE, again]
    keep([again], path, fresh=True)
    assert kept(path) == [again] == read(json.loads(path.read_text("utf-8")))


def test_the_curve_is_read_from_the_measures_of_growing_stores():
    sized = [recorded(f"advance p50 at {n:,} cases", "sqlite", n / 100, None, "µs", "") for n in (100_000, 10_000)]
    assert curve([SLOWER, *sized], "sqlite") == [(10_000, 100.0), (100_000, 1000.0)]


def test_every_part_is_named_after_its_module():
    assert [part.module for part in PARTS if find_spec(part.module) is None] == []


def test_every_part_is_explained_to_the_reader():
    page = (LATEST.parents[2] / "docs/benchmarks.md").read_text("utf-8")
    assert [part.name for part in PARTS if f"**`{part.name}`:" not in page] == []
