"""The parts of the benchmark. Each runs in a process of its own, so that none warms or swells another."""

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.measures import Measure, from_rows

DATABASES = ("sqlite", "postgres")


@dataclass(frozen=True, slots=True)
class Part:
    """A module with ``rows(database, …)``. ``quick`` holds its amounts in a smoke run; None leaves the part out."""

    name: str
    quick: dict[str, Any] | None = field(default_factory=dict[str, Any])

    @property
    def module(self) -> str:
        """Return the name to import."""
        return f"benchmarks.{self.name}"


PARTS = (
    Part("moves", {"rounds": 2, "moves": 20, "groups": 1}),
    Part("cpu", {"rounds": 2, "moves": 20}),
    Part("room", {"cases": 300}),
    Part("due", {"samples": 20, "seen_samples": 0}),
    Part("scaling", {"sizes": (1_000, 5_000), "rounds": 2, "moves": 20}),
    Part("similar", {"sizes": (2_000,), "searches": 40}),
    Part("sweep", {"cases": 5_000, "due": 1_000, "rounds": 1}),
    Part("api", {"rounds": 1, "moves": 5, "sizes": (500, 1_000), "pages": 5}),
    Part(
        "console",
        {"sizes": (500, 1_000), "rounds": 1, "pages": 2, "histories": (2, 5), "open_": 10, "idle": 1.0, "moves": 2},
    ),
    Part("indicators", {"cases": 500}),
    Part("whatif", {"cases": 500}),
    Part("forecast", {"cases": 500}),
    Part("deliveries", None),  # it starts a Prefect server
    Part("acts", None),  # so does this one
)


class PartFailed(RuntimeError):
    """A part ended with an error, which it has printed."""


def run_part(part: Part, database: str, quick: bool, cases: int | None = None) -> list[Measure]:
    """Run a part in its own process, with so many cases where they are given; return its figures.

    Raises ``PartFailed``.
    """
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        output = Path(folder) / "rows.json"
        # The Postgres wheel warns of a machine without a login session; that is of no use here.
        command = [sys.executable, "-W", "ignore:XDG_RUNTIME_DIR", "-m", "benchmarks.parts"]
        options = [*["--quick"] * quick, *([] if cases is None else ["--cases", str(cases)])]
        done = subprocess.run([*command, part.name, database, str(output), *options], check=False)
        if done.returncode != 0:
            raise PartFailed(f"{part.name} on {database}: exit {done.returncode}")
        return from_rows(json.loads(output.read_text("utf-8")))


def main() -> None:
    """Measure one part on one database, in the child process, and write the figures to a file."""
    parser = argparse.ArgumentParser()
    for name in ("part", "database", "output"):
        parser.add_argument(name)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--cases", type=int)
    given = parser.parse_args()
    part = next(part for part in PARTS if part.name == given.part)
    amounts = dict(part.quick or {}) if given.quick else {}
    amounts |= {} if given.cases is None else {"cases": given.cases}
    measures: list[Measure] = importlib.import_module(part.module).rows(given.database, **amounts)
    Path(given.output).write_text(json.dumps([figure.row() for figure in measures]), "utf-8")


if __name__ == "__main__":
    main()
