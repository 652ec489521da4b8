"""The figures of the benchmarks: how they are rounded, judged against targets, written to a file and read again."""

import json
import os
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
LATEST = RESULTS / "latest.json"
KEYS = ("measure", "database", "ours", "reference", "unit", "ratio", "target", "met", "why")


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of closeloop, the reference's, and the target that it must meet.

    ``target`` bounds the ratio where there is a reference, otherwise ``ours``; None: the figure is only recorded.
    ``why`` says how the figure was measured and, where a target is missed, by how much and for what reason.
    """

    measure: str
    database: str
    ours: float
    reference: float | None
    unit: str
    target: float | None
    met: bool | None
    why: str

    @property
    def ratio(self) -> float | None:
        """Return ours divided by the reference, or None without a reference."""
        return round(self.ours / self.reference, 3) if self.reference else None

    @property
    def compared(self) -> float:
        """Return the figure that is compared with the target."""
        return self.ours if self.ratio is None else self.ratio

    @property
    def bound(self) -> str:
        """Return the target with its sign, which follows from whether it was met."""
        if self.target is None:
            return ""
        least = self.met == (self.compared >= self.target)
        return f"{'≥' if least else '≤'} {self.target:g}"

    def row(self) -> dict[str, Any]:
        """Return the JSON object of the results file."""
        values = asdict(self) | {"ratio": self.ratio}
        return {key: values[key] for key in KEYS}


@dataclass(frozen=True, slots=True)
class Target:
    """The least or the most that a figure may be. ``obstacle`` is the reason to give when the target is missed."""

    amount: float
    at_least: bool = True
    obstacle: str = ""

    def judge(self, figure: Measure) -> Measure:
        """Return the measure with this target, and with a ``why`` that says by how much it is missed."""
        met = figure.compared >= self.amount if self.at_least else figure.compared <= self.amount
        why = figure.why if met else f"missed by {self._shortfall(figure.compared)}: {self.obstacle}; {figure.why}"
        return replace(figure, target=self.amount, met=met, why=why)

    def _shortfall(self, compared: float) -> str:
        times = compared / self.amount
        return f"a factor of {times:.1f}" if times > 2 else f"{abs(times - 1):.0%}"


def new_measure(measure: str, database: str, ours: float, reference: float | None, unit: str, how: str) -> Measure:
    """Return a figure without a target, rounded to four significant round_figure."""
    rounded = None if reference is None else round_figure(reference)
    return Measure(measure, database, round_figure(ours), rounded, unit, None, None, how)


def round_figure(value: float) -> float:
    """Round to four significant round_figure."""
    return float(f"{value:.4g}")


def save(measures: Iterable[Measure], path: Path = LATEST, *, fresh: bool = False) -> Path:
    """Write the figures into the file; unless ``fresh``, the figures of other measures stay in it."""
    new = [figure.row() for figure in measures]
    replaced = {(row["measure"], row["database"]) for row in new}
    old = [] if fresh else [figure.row() for figure in load(path)]
    rows = [row for row in old if (row["measure"], row["database"]) not in replaced] + new
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return path


def load(path: Path = LATEST) -> list[Measure]:
    """Read the figures of the file; none where there is no file."""
    return from_rows(json.loads(path.read_text("utf-8"))) if path.exists() else []


def from_rows(rows: Iterable[dict[str, Any]]) -> list[Measure]:
    """Return the measures of a file's rows; the ratio follows from the other columns."""
    return [Measure(**{key: row[key] for key in KEYS if key != "ratio"}) for row in rows]


def machine_load() -> str:
    """Say how busy the machine was: a figure measured beside other work is worth less."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def p50(durations: Iterable[float]) -> float:
    """Return the median."""
    return statistics.median(durations)


def p95(durations: Iterable[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(durations, n=20, method="inclusive")[-1]


def p99(durations: Iterable[float]) -> float:
    """Return the 99th percentile."""
    return statistics.quantiles(durations, n=100, method="inclusive")[-1]
