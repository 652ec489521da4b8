"""``python -m tests.chaos``: kill processes at random, then audit the store; the last line is the result as JSON."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from engine.settings import Settings
from tests.case_actions import SECRET
from tests.chaos.dispatchers import STEPS, fire_many_steps
from tests.chaos.machine_faults import fill_disk, own_postgres, small_disk
from tests.chaos.rounds import ChaosPlan, Outcome, run_chaos

FINDINGS_SHOWN = 20
"""So many findings of each sort are printed."""
DISPATCHERS = 4
MOST_DRIVERS = 8
LONG = ChaosPlan(rounds=500, clerks=4, acknowledged=10_000)
"""The long form, once on each database: 1,000 kills and 20,000 acknowledgements together."""


def main() -> int:
    """Run, print, and return the exit code: 0 if nothing was lost or doubled."""
    options = _parse_options()
    plan = LONG if options.long else ChaosPlan(rounds=options.rounds, seed=options.seed)
    outcomes = [] if options.steps else [_run_on(database, plan, options) for database in options.database.split("+")]
    if options.steps or options.long:
        outcomes.append(_run_dispatchers("postgres" if options.long else options.database, options))
    documents = [outcome.document for outcome in outcomes]
    for outcome in outcomes:
        for sort in ("lost", "doubled", "wrong"):
            for finding in getattr(outcome.audit, sort)[:FINDINGS_SHOWN]:
                _print_progress(f"{sort}: {finding}")
    totals = {name: sum(document[name] for document in documents) for name in documents[0]}
    print(json.dumps(totals), flush=True)  # noqa: T201
    return 0 if all(outcome.ok for outcome in outcomes) else 1


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="how many processes are killed on each database")
    parser.add_argument("--seed", type=int, default=1, help="decides what is written and which process is killed when")
    parser.add_argument(
        "--database",
        default="sqlite+postgres",
        help="sqlite (on a small disk), postgres (of the wheel), both with +, or the URL of an empty one",
    )
    parser.add_argument("--drivers", type=int, default=MOST_DRIVERS, help="at most so many at once on Postgres")
    parser.add_argument("--long", action="store_true", help="1,000 kills, 20,000 acknowledgements, 100,000 steps")
    parser.add_argument("--steps", type=int, default=0, help="instead, fire so many over four dispatchers on Postgres")
    parser.add_argument("--json", action="store_true", help="no progress, only the figures")
    return parser.parse_args()


def _print_progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def _reporter(options: argparse.Namespace, subject: str) -> Callable[[str], None]:
    return (lambda _: None) if options.json else (lambda line: _print_progress(f"{subject}: {line}"))


def _run_on(database: str, plan: ChaosPlan, options: argparse.Namespace) -> Outcome:
    report = _reporter(options, database)
    with tempfile.TemporaryDirectory(prefix="chaos") as folder, _place(database, Path(folder)) as (url, with_faults):
        settings = Settings(home=Path(folder) / "home", database_url=url, secret=SECRET)
        drivers = 1 if settings.url.startswith("sqlite") else options.drivers
        outcome = run_chaos(settings, replace(with_faults(plan), drivers=drivers), report)
    report(json.dumps(outcome.document))
    return outcome


@contextmanager
def _place(database: str, folder: Path) -> Iterator[tuple[str, Callable[[ChaosPlan], ChaosPlan]]]:
    """Yield the URL of an empty database, and what adds to a plan the machine faults that it can suffer."""
    if database == "sqlite":
        with small_disk(folder / "disk") as disk:
            if disk is None:
                _print_progress("mounting is not permitted here: the disk is never full")
            fill = None if disk is None else partial(fill_disk, disk)
            yield f"sqlite:///{disk or folder}/closeloop.db", lambda plan: replace(plan, fill=fill)
    elif database == "postgres":
        with own_postgres(folder) as (url, restart):
            yield url, lambda plan: replace(plan, restart=restart)
    else:
        yield database, lambda plan: plan


def _run_dispatchers(database: str, options: argparse.Namespace) -> Outcome:
    report = _reporter(options, "steps")
    with tempfile.TemporaryDirectory(prefix="chaos") as folder, _place(database, Path(folder)) as (url, _):
        settings = Settings(home=Path(folder) / "home", database_url=url, secret=SECRET)
        outcome = fire_many_steps(settings, options.steps or STEPS, DISPATCHERS, report)
    report(json.dumps(outcome.document))
    return outcome


if __name__ == "__main__":
    sys.exit(main())
