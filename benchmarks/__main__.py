"""All benchmarks: one table, one plot, one file: ``python -m benchmarks [--quick] [--database D] [--part P]``.

``--quick`` only shows that everything works, in a minute or two; its figures say nothing and are kept nowhere. See
docs/benchmarks.md for how to read the table.
"""

import argparse
import sys
import time

from rich.console import Console
from rich.table import Table

from benchmarks.measures import Measure, keep, kept
from benchmarks.parts import DATABASES, PARTS, Part, PartFailed, measured
from benchmarks.plot import LATEST_PLOT, can_draw, draw


def main() -> int:
    """Run the parts one after the other; 1 if one of them broke down. A missed target is no fault, but is told."""
    given = _asked()
    began = time.monotonic()
    found, broken = _all([part for part in PARTS if not given.part or part.name in given.part], given)
    console = Console(width=None if sys.stdout.isatty() else 160)
    show(console, found)
    if not given.quick and found:
        whole = not (given.part or given.database or broken)
        console.print(f"\n{keep(found, fresh=whole)}")
        console.print(f"{draw(kept())}" if can_draw() else f"no plot: {LATEST_PLOT.name} needs the group 'bench'")
    console.print(f"{len(found)} figures in {(time.monotonic() - began) / 60:.1f} minutes")
    for line in broken:
        console.print(f"broken: {line}", style="bold red")
    return 1 if broken or not found else 0


def _asked() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--quick", action="store_true", help="a smoke run: everything, but too little to say anything")
    asked.add_argument("--database", choices=DATABASES, action="append")
    asked.add_argument("--part", choices=[part.name for part in PARTS], action="append")
    return asked.parse_args()


def _all(parts: list[Part], given: argparse.Namespace) -> tuple[list[Measure], list[str]]:
    found: list[Measure] = []
    broken: list[str] = []
    for part in parts:
        if given.quick and part.quick is None:
            _translate(f"{part.name}: left out of a smoke run")
            continue
        for database in given.database or DATABASES:
            _translate(f"{part.name} on {database} …")
            try:
                new = measured(part, database, given.quick)
            except PartFailed as failed:
                broken.append(str(failed))
                continue
            found += new
            if not given.quick:
                keep(new)  # whoever is interrupted after half an hour has the first of it
    return found, broken


def show(console: Console, found: list[Measure]) -> None:
    """The table, and below it why targets are missed."""
    table = Table("measure", "database", title="ours and the reference, by turns", title_justify="left")
    for name in ("ours", "reference", "", "ratio", "target"):
        table.add_column(name, justify="left" if not name else "right")
    table.add_column("met")
    for one in found:
        said = "" if one.met is None else "yes" if one.met else "NO"
        reference = "" if one.reference is None else f"{one.reference:,g}"
        ratio = "" if one.ratio is None else f"{one.ratio:.2f} x"
        figures = (f"{one.ours:,g}", reference, one.unit, ratio, one.bound, said)
        table.add_row(one.measure, one.database, *figures, style=None if one.met is not False else "bold")
    console.print(table)
    for one in found:
        if one.met is False:
            console.print(f"{one.measure} on {one.database}: {one.why}", soft_wrap=True, markup=False)


def _translate(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
