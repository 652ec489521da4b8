"""``python -m tests.chaos``: kill -9 at random moments, and what is left; the figures are the last line, JSON."""

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
from tests.chaos.dispatchers import RUNGS, many_rungs
from tests.chaos.machine_faults import filled, own_postgres, small_disk
from tests.chaos.rounds import Outcome, Plan, chaos

SHOWN = 20
"""So many findings of a sort are told in words."""
DISPATCHERS = 4
MOST_DRIVERS = 8
LONG = Plan(rounds=500, clerks=4, acknowledged=10_000)
"""The long form, once on each database: 1,000 kills and 20,000 acknowledgements together."""


def main() -> int:
    """Run, tell, and return the exit code: 0 if nothing was lost or doubled."""
    told = _arguments()
    plan = LONG if told.long else Plan(rounds=told.rounds, seed=told.seed)
    outcomes = [] if told.rungs else [_on(database, plan, told) for database in told.database.split("+")]
    if told.rungs or told.long:
        outcomes.append(_dispatched("postgres" if told.long else told.database, told))
    figures = [outcome.document for outcome in outcomes]
    for outcome in outcomes:
        for sort in ("lost", "doubled", "wrong"):
            for finding in getattr(outcome.audit, sort)[:SHOWN]:
                _translate(f"{sort}: {finding}")
    print(json.dumps({name: sum(one[name] for one in figures) for name in figures[0]}), flush=True)  # noqa: T201
    return 0 if all(outcome.ok for outcome in outcomes) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="how often somebody is killed on each database")
    parser.add_argument("--seed", type=int, default=1, help="decides what is written and who is killed when")
    parser.add_argument(
        "--database",
        default="sqlite+postgres",
        help="sqlite (on a small disk), postgres (of the wheel), both with +, or the URL of an empty one",
    )
    parser.add_argument("--drivers", type=int, default=MOST_DRIVERS, help="at most so many at once on Postgres")
    parser.add_argument("--long", action="store_true", help="1,000 kills, 20,000 acknowledgements, 100,000 rungs")
    parser.add_argument("--rungs", type=int, default=0, help="instead, fire so many over four dispatchers on Postgres")
    parser.add_argument("--json", action="store_true", help="no progress, only the figures")
    return parser.parse_args()


def _translate(words: str) -> None:
    print(words, file=sys.stderr, flush=True)  # noqa: T201


def _telling(told: argparse.Namespace, of: str) -> Callable[[str], None]:
    return (lambda _: None) if told.json else (lambda words: _translate(f"{of}: {words}"))


def _on(database: str, plan: Plan, told: argparse.Namespace) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="chaos") as folder, _prepared(database, Path(folder)) as (url, perils):
        settings = Settings(home=Path(folder) / "home", database_url=url, secret=SECRET)
        drivers = 1 if settings.url.startswith("sqlite") else told.drivers
        outcome = chaos(settings, replace(perils(plan), drivers=drivers), _telling(told, database))
    _telling(told, database)(json.dumps(outcome.document))
    return outcome


@contextmanager
def _prepared(wanted: str, folder: Path) -> Iterator[tuple[str, Callable[[Plan], Plan]]]:
    """Where the store is to be, and what fills a plan with the perils that this place knows."""
    if wanted == "sqlite":
        with small_disk(folder / "disk") as disk:
            if disk is None:
                _translate("nobody may mount here: the disk is never full")
            fill = None if disk is None else partial(filled, disk)
            yield f"sqlite:///{disk or folder}/closeloop.db", lambda plan: replace(plan, fill=fill)
    elif wanted == "postgres":
        with own_postgres(folder) as (url, restart):
            yield url, lambda plan: replace(plan, restart=restart)
    else:
        yield wanted, lambda plan: plan


def _dispatched(database: str, told: argparse.Namespace) -> Outcome:
    tell = _telling(told, "rungs")
    with tempfile.TemporaryDirectory(prefix="chaos") as folder, _prepared(database, Path(folder)) as (url, _):
        settings = Settings(home=Path(folder) / "home", database_url=url, secret=SECRET)
        outcome = many_rungs(settings, told.rungs or RUNGS, DISPATCHERS, tell)
    tell(json.dumps(outcome.document))
    return outcome


if __name__ == "__main__":
    sys.exit(main())
