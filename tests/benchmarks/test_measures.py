"""The figures of the benchmarks can be read by a program, and say by how much a target is missed."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.measures import KEYS, LATEST, Measure, Target, from_rows, load, new_measure, save
from benchmarks.parts import PARTS
from benchmarks.plot import curve, margin

SLOWER = new_measure("advance", "sqlite", 50.0, 100.0, "moves/s", "so and so")
LATE = new_measure("due", "postgres", 30.0, None, "ms", "so and so")


def test_all_rows_of_the_results_file_have_the_same_keys():
    rows = json.loads(LATEST.read_text("utf-8"))
    assert rows
    for row in rows:
        assert tuple(row) == KEYS
        assert row["database"] in {"sqlite", "postgres"}
        assert row["ratio"] == (round(row["ours"] / row["reference"], 3) if row["reference"] else None)
        assert (row["target"] is None) == (row["met"] is None)
        assert row["met"] is not False or row["why"].startswith("missed by ")


def test_each_measure_is_saved_once_for_each_database():
    rows = [(figure.measure, figure.database) for figure in load()]
    assert len(rows) == len(set(rows))


def test_a_target_bounds_the_ratio_where_there_is_a_reference_and_otherwise_the_figure():
    assert Target(0.5).judge(SLOWER).met is True
    assert Target(0.7).judge(SLOWER).met is False
    assert Target(30.0, at_least=False).judge(LATE).met is True
    assert Target(20.0, at_least=False).judge(LATE).met is False


def test_a_missed_target_says_by_how_much_and_why():
    missed = Target(0.7, obstacle="the reading of the rules").judge(SLOWER)
    assert missed.why == "missed by 29%: the reading of the rules; so and so"
    assert Target(10.0, at_least=False).judge(LATE).why.startswith("missed by a factor of 3.0: ")


@pytest.mark.parametrize(
    ("figure", "bound", "expected_margin"),
    [
        (Target(0.25).judge(SLOWER), "≥ 0.25", 2.0),
        (Target(1.0).judge(SLOWER), "≥ 1", 0.5),
        (Target(60.0, at_least=False).judge(LATE), "≤ 60", 2.0),
        (Target(15.0, at_least=False).judge(LATE), "≤ 15", 0.5),
    ],
)
def test_the_sign_of_a_target_follows_from_whether_it_was_met(figure: Measure, bound: str, expected_margin: float):
    assert figure.bound == bound
    assert margin(figure) == expected_margin


def test_a_part_that_is_measured_again_replaces_its_own_figures_only(tmp_path: Path):
    path = save([SLOWER, LATE], tmp_path / "latest.json")
    again = new_measure("advance", "sqlite", 90.0, 100.0, "moves/s", "again")
    save([again], path)
    assert load(path) == [LATE, again]
    save([again], path, fresh=True)
    assert load(path) == [again] == from_rows(json.loads(path.read_text("utf-8")))


def test_the_curve_is_read_from_the_measures_of_growing_stores():
    sized = [new_measure(f"advance p50 at {n:,} cases", "sqlite", n / 100, None, "µs", "") for n in (100_000, 10_000)]
    assert curve([SLOWER, *sized], "sqlite") == [(10_000, 100.0), (100_000, 1000.0)]


def test_every_part_is_named_after_its_module():
    assert [part.module for part in PARTS if find_spec(part.module) is None] == []


def test_every_part_is_explained_in_the_docs():
    page = (LATEST.parents[2] / "docs/benchmarks.md").read_text("utf-8")
    assert [part.name for part in PARTS if f"**`{part.name}`:" not in page] == []
