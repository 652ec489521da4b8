"""What a benchmark measured, as rows that a person and a program can read: one file a benchmark."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure: ours, what it is held against, and the target that it must meet; ``why`` says how it was taken."""

    measure: str
    database: str
    ours: float
    reference: float | None
    unit: str
    target: float
    met: bool
    why: str

    @property
    def ratio(self) -> float | None:
        """Ours to the reference."""
        return round(self.ours / self.reference, 2) if self.reference else None


def keep(name: str, measures: Iterable[Measure]) -> Path:
    """Write the figures into ``results/<name>.json``; what was measured on another database stays."""
    path = RESULTS / f"{name}.json"
    before = json.loads(path.read_text("utf-8")) if path.exists() else []
    new = [asdict(one) | {"ratio": one.ratio} for one in measures]
    taken = {(one["measure"], one["database"]) for one in new}
    rows = [one for one in before if (one["measure"], one["database"]) not in taken] + new
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return path


def load() -> str:
    """How busy the machine was: a figure taken beside other work says less."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
