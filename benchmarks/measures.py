"""What a benchmark measured, as rows that a person and a program can read, kept together in one file."""

import json
import os
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
LATEST = RESULTS / "latest.json"
KEYS = ("measure", "database", "ours", "reference", "unit", "ratio", "target", "met", "why")


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure: ours, what it is held against, and the target that it must meet.

    ``target`` holds the ratio where there is a reference, else ours itself; None where a figure is only recorded.
    ``why`` says how it was taken, and where a target is missed by how much and what stands in the way.
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
        """Ours to the reference."""
        return round(self.ours / self.reference, 3) if self.reference else None

    @property
    def held(self) -> float:
        """The figure that the target holds."""
        return self.ours if self.ratio is None else self.ratio

    @property
    def bound(self) -> str:
        """The target with its sign, which follows from whether it was met."""
        if self.target is None:
            return ""
        least = self.met == (self.held >= self.target)
        return f"{'≥' if least else '≤'} {self.target:g}"

    def row(self) -> dict[str, Any]:
        """As it stands in the file."""
        said = asdict(self) | {"ratio": self.ratio}
        return {key: said[key] for key in KEYS}


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure must come to: at least, or at most. ``obstacle`` is what stands in the way if it does not."""

    amount: float
    at_least: bool = True
    obstacle: str = ""

    def judge(self, one: Measure) -> Measure:
        """The measure with this target, and a ``why`` that says by how much it is missed."""
        met = one.held >= self.amount if self.at_least else one.held <= self.amount
        why = one.why if met else f"missed by {self._short(one.held)}: {self.obstacle}; {one.why}"
        return Measure(one.measure, one.database, one.ours, one.reference, one.unit, self.amount, met, why)

    def _short(self, held: float) -> str:
        times = held / self.amount
        return f"a factor of {times:.1f}" if times > 2 else f"{abs(times - 1):.0%}"


def recorded(measure: str, database: str, ours: float, reference: float | None, unit: str, how: str) -> Measure:
    """A figure without a target, rounded as its size deserves."""
    rounded = None if reference is None else digits(reference)
    return Measure(measure, database, digits(ours), rounded, unit, None, None, how)


def digits(value: float) -> float:
    """Four digits that count."""
    return float(f"{value:.4g}")


def keep(measures: Iterable[Measure], path: Path = LATEST, *, fresh: bool = False) -> Path:
    """Write the figures into the file; unless it begins afresh, what was measured of anything else stays."""
    new = [one.row() for one in measures]
    taken = {(one["measure"], one["database"]) for one in new}
    before = [] if fresh else [one.row() for one in kept(path)]
    rows = [one for one in before if (one["measure"], one["database"]) not in taken] + new
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return path


def kept(path: Path = LATEST) -> list[Measure]:
    """The figures of the file, none where there is no file."""
    return read(json.loads(path.read_text("utf-8"))) if path.exists() else []


def read(rows: Iterable[dict[str, Any]]) -> list[Measure]:
    """Rows of a file as measures again; the ratio follows from the others."""
    return [Measure(**{key: row[key] for key in KEYS if key != "ratio"}) for row in rows]


def load() -> str:
    """How busy the machine was: a figure taken beside other work says less."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def p50(took: Iterable[float]) -> float:
    """What half of them do not exceed."""
    return statistics.median(took)


def p99(took: Iterable[float]) -> float:
    """What 99 of 100 do not exceed."""
    return statistics.quantiles(took, n=100, method="inclusive")[-1]
