"""The parts of the benchmark, and how each is run: in a process of its own, so that none warms or swells another."""

import importlib
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.told import Measure, read

DATABASES = ("sqlite", "postgres")


@dataclass(frozen=True, slots=True)
class Part:
    """A module with ``rows(database, …)``. ``quick`` are its amounts in a smoke run; None leaves it out of one."""

    name: str
    quick: dict[str, Any] | None = field(default_factory=dict[str, Any])

    @property
    def module(self) -> str:
        """Where it is imported from."""
        return f"benchmarks.{self.name}"


PARTS = (
    Part("moves", {"rounds": 2, "moves": 20, "groups": 1}),
    Part("cpu", {"rounds": 2, "moves": 20}),
    Part("room", {"cases": 300}),
    Part("due", {"samples": 20, "seen_samples": 0}),
    Part("scaling", {"sizes": (1_000, 5_000), "rounds": 2, "moves": 20}),
    Part("similar", {"sizes": (2_000,), "asked": 40}),
    Part("sweep", {"cases": 5_000, "due": 1_000, "rounds": 1}),
    Part("deliveries", None),  # it starts a Prefect server
    Part("acts", None),  # so does this one
)


class PartFailed(RuntimeError):
    """A part ended with a fault; what it said stands above."""


def measured(part: Part, database: str, quick: bool) -> list[Measure]:
    """Run a part in its own process. Raises ``PartFailed``."""
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        into = Path(folder) / "rows.json"
        # What the Postgres wheel says of a machine without a login session helps nobody.
        command = [sys.executable, "-W", "ignore:XDG_RUNTIME_DIR", "-m", "benchmarks.parts"]
        done = subprocess.run([*command, part.name, database, str(into), *["--quick"] * quick], check=False)
        if done.returncode != 0:
            raise PartFailed(f"{part.name} on {database}: exit {done.returncode}")
        return read(json.loads(into.read_text("utf-8")))


def main() -> None:
    """In the child: measure one part on one database into a file."""
    name, database, into, *quick = sys.argv[1:]
    part = next(one for one in PARTS if one.name == name)
    amounts = (part.quick or {}) if quick else {}
    found: list[Measure] = importlib.import_module(part.module).rows(database, **amounts)
    Path(into).write_text(json.dumps([one.row() for one in found]), "utf-8")


if __name__ == "__main__":
    main()
