"""How fast consequences follow: ``python -m benchmarks.deliveries [--database sqlite|postgres] [--seconds 10]``."""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from apps.prefect_server import prefect_server
from apps.prefect_settings import prefect_environment
from benchmarks.stores import founded
from benchmarks.told import Measure, keep, load
from engine.settings import Settings

RATE, LONE = 1000.0, 1000.0
"""The targets: deliveries a second over the burst, and milliseconds from a commit until its run is seen."""
ALONE_SECONDS = 3.0
SAMPLES = 20


def throughput(settings: Settings, api_url: str, database: str, seconds: float, rounds: int) -> Measure:
    """The median of some rounds, each followed by a shorter one without groups to hold it against."""
    from benchmarks.burst import burst, median

    grouped, alone = [], []
    for _ in range(rounds):
        grouped.append(burst(settings, api_url, seconds))
        say(f"{database}: {grouped[-1].told}; {load()}")
        alone.append(burst(settings, api_url, min(seconds, ALONE_SECONDS), grouped=False))
        say(f"{database}: without groups {alone[-1].told}")
    ours, reference = median(grouped), median(alone)
    why = f"{ours.told}; median of {rounds} rounds, against groups of one; real Prefect server, fake mail; {load()}"
    met = ours.rate >= RATE and not ours.unseen and not ours.failed
    name = "deliveries through flow runs"
    return Measure(name, database, round(ours.rate), round(reference.rate), "deliveries/s", RATE, met, why)


def reaction(settings: Settings, api_url: str, database: str, samples: int) -> list[Measure]:
    """Median and 95th percentile of a lone case's wait."""
    from benchmarks.lone import lone, p95

    took = lone(settings, api_url, samples)
    why = f"{samples} samples, idle driver in its own process, from the commit until Prefect's API finds it; {load()}"
    figures = {"median": statistics.median(took), "95th percentile": p95(took)}
    say(f"{database}: a lone case's run is seen after {figures}")
    name = "lone reaction seen, {}".format
    return [
        Measure(name(which), database, round(ms), None, "ms", LONE, ms <= LONE, why) for which, ms in figures.items()
    ]


def measure(database: str, seconds: float, rounds: int, samples: int) -> list[Measure]:
    """Both measures on one database, in a home of their own."""
    with (
        tempfile.TemporaryDirectory(prefix="bench") as name,
        founded(Path(name), database) as settings,
        prefect_server(settings.where) as server,
    ):
        os.environ.update(prefect_environment(settings.where, server.api_url))  # before Prefect is imported
        lone = reaction(settings, server.api_url, database, samples)
        return [throughput(settings, server.api_url, database, seconds, rounds), *lone]


def say(line: str) -> None:
    """Tell it at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def own_process(arguments: list[str]) -> None:
    """Measure one database in a process of its own: Prefect reads its settings once in each."""
    subprocess.run([sys.executable, "-m", "benchmarks.deliveries", *arguments], check=True)


def main() -> None:
    """Measure, tell, and keep the figures in ``benchmarks/results/deliveries.json``."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--database", choices=["sqlite", "postgres"], action="append")
    asked.add_argument("--seconds", type=float, default=10.0)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--samples", type=int, default=SAMPLES)
    given = asked.parse_args()
    databases: list[str] = given.database or ["sqlite", "postgres"]
    if len(databases) > 1:
        amounts = ["--seconds", f"{given.seconds}", "--rounds", f"{given.rounds}", "--samples", f"{given.samples}"]
        for database in databases:
            own_process(["--database", database, *amounts])
        return
    found = measure(databases[0], given.seconds, given.rounds, given.samples)
    for one in found:
        say(f"{'met   ' if one.met else 'MISSED'} {one.measure} on {one.database}: {one.ours:.0f} {one.unit}")
    keep("deliveries", found)


if __name__ == "__main__":
    main()
