"""Draws the figures: how far each is from its target, and what a move costs as the store grows."""

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
    """Whether the plotting library is here; it comes with the dependency group ``bench`` only."""
    return find_spec("matplotlib") is not None


def margin(one: Measure) -> float:
    """How far a figure with a target is from it: 1 is exactly there, 2 twice as good, ½ half as good."""
    assert one.target is not None
    at_least = one.bound.startswith("≥")
    return one.held / one.target if at_least else one.target / max(one.held, 1e-9)


def curve(found: Sequence[Measure], database: str) -> list[tuple[int, float]]:
    """Cases and microseconds, in order of size."""
    points = [(SIZED.fullmatch(one.measure), one) for one in found if one.database == database]
    return sorted((int(size[1].replace(",", "")), one.ours) for size, one in points if size)


def draw(found: Sequence[Measure], path: Path = LATEST_PLOT) -> Path:
    """Draw the picture into a small file."""
    matplotlib: Any = importlib.import_module("matplotlib")
    matplotlib.use("Agg")
    pyplot: Any = importlib.import_module("matplotlib.pyplot")
    judged = [one for one in found if one.target is not None]
    figure, (left, right) = pyplot.subplots(
        1, 2, figsize=(13, 1.5 + 0.24 * len(judged)), width_ratios=(3, 2), layout="constrained"
    )
    _margins(left, judged)
    _curves(right, found)
    figure.savefig(path, dpi=80)
    pyplot.close(figure)
    return path


def _margins(axes: Any, judged: Sequence[Measure]) -> None:
    names = [f"{one.measure} · {one.database}" for one in judged]
    colours = [COLOURS[one.database] if one.met else MISSED for one in judged]
    axes.barh(names, [margin(one) for one in judged], color=colours)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.invert_yaxis()
    axes.tick_params(labelsize=8)
    axes.set_title("how far from the target (1 = there, right of it = better; red = missed)", fontsize=9)


def _curves(axes: Any, found: Sequence[Measure]) -> None:
    for database, colour in COLOURS.items():
        if points := curve(found, database):
            axes.plot(*zip(*points, strict=True), marker="o", color=colour, label=database)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylim(bottom=0)
    axes.set_title("one move, p50, as the store grows", fontsize=9)
    axes.set_xlabel("cases")
    axes.set_ylabel("µs")
    if axes.get_legend_handles_labels()[0]:
        axes.legend()
