"""Run the benchmarks: ``python -m benchmarks [--quick] [--database D] [--part P [--cases N]]``.

It prints a table, a plot and a file. ``--cases`` is for the parts ``indicators`` and ``whatif``: how many cases their
store has.

``--quick`` only shows that everything works, in a minute or two; its figures mean nothing and are not saved. See
docs/benchmarks.md for how to read the table.
"""

import argparse
import sys
import time

from rich.console import Console
from rich.table import Table

from benchmarks.measures import Measure, load, save
from benchmarks.parts import DATABASES, PARTS, Part, PartFailed, run_part
from benchmarks.plot import LATEST_PLOT, can_draw, draw


def main() -> int:
    """Run the parts one after the other; return 1 if a part failed. A missed target is shown, but is no failure."""
    options = _parse_options()
    began = time.monotonic()
    measures, failures = _run([part for part in PARTS if not options.part or part.name in options.part], options)
    console = Console(width=None if sys.stdout.isatty() else 160)
    show(console, measures)
    if not options.quick and measures:
        whole = not (options.part or options.database or failures)
        console.print(f"\n{save(measures, fresh=whole)}")
        console.print(f"{draw(load())}" if can_draw() else f"no plot: {LATEST_PLOT.name} needs the group 'bench'")
    console.print(f"{len(measures)} figures in {(time.monotonic() - began) / 60:.1f} minutes")
    for failure in failures:
        console.print(f"broken: {failure}", style="bold red")
    return 1 if failures or not measures else 0


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run: everything, but too little to say anything")
    parser.add_argument("--database", choices=DATABASES, action="append")
    parser.add_argument("--part", choices=[part.name for part in PARTS], action="append")
    parser.add_argument("--cases", type=int, help="how many cases the store of indicators, whatif or forecast has")
    options = parser.parse_args()
    if options.cases is not None and options.part not in (["indicators"], ["whatif"], ["forecast"]):
        parser.error("--cases is for --part indicators, whatif or forecast alone")
    return options


def _run(parts: list[Part], options: argparse.Namespace) -> tuple[list[Measure], list[str]]:
    measures: list[Measure] = []
    failures: list[str] = []
    for part in parts:
        if options.quick and part.quick is None:
            _print_progress(f"{part.name}: left out of a smoke run")
            continue
        for database in options.database or DATABASES:
            _print_progress(f"{part.name} on {database} …")
            try:
                new = run_part(part, database, options.quick, options.cases)
            except PartFailed as failed:
                failures.append(str(failed))
                continue
            measures += new
            if not options.quick:
                save(new)  # an interrupted run leaves the figures of the parts that ended
    return measures, failures


def show(console: Console, measures: list[Measure]) -> None:
    """Print the table and, below it, why targets are missed."""
    table = Table("measure", "database", title="ours and the reference, by turns", title_justify="left")
    for name in ("ours", "reference", "", "ratio", "target"):
        table.add_column(name, justify="left" if not name else "right")
    table.add_column("met")
    for row in measures:
        met = "" if row.met is None else "yes" if row.met else "NO"
        reference = "" if row.reference is None else f"{row.reference:,g}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f} x"
        figures = (f"{row.ours:,g}", reference, row.unit, ratio, row.bound, met)
        table.add_row(row.measure, row.database, *figures, style=None if row.met is not False else "bold")
    console.print(table)
    for row in measures:
        if row.met is False:
            console.print(f"{row.measure} on {row.database}: {row.why}", soft_wrap=True, markup=False)


def _print_progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
