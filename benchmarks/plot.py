"""Draws the figures: the distance of each from its target, and the cost of a move as the store grows."""

import importlib
import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.measures import RESULTS, Measure

LATEST_PLOT = RESULTS / "latest.png"
SIZED = re.compile(r"advance p50 at ([\d,]+) cases")
COLOURS = {"sqlite": "#1f5f8b", "postgres": "#c96f1e"}
MISSED = "#b03030"


def can_draw() -> bool:
    """Say whether the plotting library is installed; it comes with the dependency group ``bench`` only."""
    return find_spec("matplotlib") is not None


def margin(figure: Measure) -> float:
    """Return how well a figure meets its target: 1 exactly, 2 twice as good, ½ half as good."""
    assert figure.target is not None
    at_least = figure.bound.startswith("≥")
    return figure.compared / figure.target if at_least else figure.target / max(figure.compared, 1e-9)


def curve(measures: Sequence[Measure], database: str) -> list[tuple[int, float]]:
    """Return pairs of cases and microseconds, in order of size."""
    points = [(SIZED.fullmatch(row.measure), row) for row in measures if row.database == database]
    return sorted((int(size[1].replace(",", "")), row.ours) for size, row in points if size)


def draw(measures: Sequence[Measure], path: Path = LATEST_PLOT) -> Path:
    """Draw the plot into a small file; return its path."""
    matplotlib: Any = importlib.import_module("matplotlib")
    matplotlib.use("Agg")
    pyplot: Any = importlib.import_module("matplotlib.pyplot")
    judged = [row for row in measures if row.target is not None]
    figure, (left, right) = pyplot.subplots(
        1, 2, figsize=(13, 1.5 + 0.24 * len(judged)), width_ratios=(3, 2), layout="constrained"
    )
    _draw_margins(left, judged)
    _draw_curves(right, measures)
    figure.savefig(path, dpi=80)
    pyplot.close(figure)
    return path


def _draw_margins(axes: Any, judged: Sequence[Measure]) -> None:
    names = [f"{row.measure} · {row.database}" for row in judged]
    colours = [COLOURS[row.database] if row.met else MISSED for row in judged]
    axes.barh(names, [margin(row) for row in judged], color=colours)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.invert_yaxis()
    axes.tick_params(labelsize=8)
    axes.set_title("how far from the target (1 = there, right of it = better; red = missed)", fontsize=9)


def _draw_curves(axes: Any, measures: Sequence[Measure]) -> None:
    for database, colour in COLOURS.items():
        if points := curve(measures, database):
            axes.plot(*zip(*points, strict=True), marker="o", color=colour, label=database)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylim(bottom=0)
    axes.set_title("one move, p50, as the store grows", fontsize=9)
    axes.set_xlabel("cases")
    axes.set_ylabel("µs")
    if axes.get_legend_handles_labels()[0]:
        axes.legend()
