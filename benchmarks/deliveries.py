"""How fast consequences follow, through flow runs on a real Prefect server: many at once, and one case alone."""

import os
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from apps.prefect_server import prefect_server
from apps.prefect_settings import prefect_environment
from benchmarks.measures import Measure, Target, load, recorded
from benchmarks.single_reaction import lone, p95
from benchmarks.stores import founded
from engine.settings import Settings

RATE, LONE = 1000.0, 1000.0
"""The targets: deliveries a second over the burst, and milliseconds from a commit until its run is seen."""
ALONE_SECONDS = 3.0
SECONDS, ROUNDS, SAMPLES = 10.0, 3, 20
SLOW = "what a delivery costs beside its run: its lease, its moves and its mail, each of them durable"
LATE = "the driver's wake and Prefect's own beginning of a run"


def rows(database: str, seconds: float = SECONDS, rounds: int = ROUNDS, samples: int = SAMPLES) -> list[Measure]:
    """Throughput and reaction. Needs a process of its own: Prefect reads its settings once in each."""
    with (
        tempfile.TemporaryDirectory(prefix="bench") as name,
        founded(Path(name), database) as settings,
        prefect_server(settings.where) as server,
    ):
        os.environ.update(prefect_environment(settings.where, server.api_url))  # before Prefect is imported
        reaction = list(_reaction(settings, server.api_url, database, samples))
        return [*_throughput(settings, server.api_url, database, seconds, rounds), *reaction]


def _throughput(settings: Settings, api_url: str, database: str, seconds: float, rounds: int) -> Iterator[Measure]:
    """The median of some rounds, each followed by a shorter one without groups to hold it against."""
    from benchmarks.burst import burst, median

    grouped, alone = [], []
    for _ in range(rounds):
        grouped.append(burst(settings, api_url, seconds))
        alone.append(burst(settings, api_url, min(seconds, ALONE_SECONDS), grouped=False))
    ours, reference = median(grouped), median(alone)
    lost = f"; {ours.unseen} runs unseen and {ours.failed} deliveries failed" if ours.unseen or ours.failed else ""
    how = f"{ours.told}; median of {rounds} rounds; real Prefect server, fake mail; {load()}"
    unit = "deliveries/s"
    rate = 0.0 if lost else ours.rate  # what was lost or unseen is no throughput
    one = recorded("deliveries through flow runs", database, rate, None, unit, how)
    yield Target(RATE, obstacle=SLOW + lost).judge(one)
    yield recorded("deliveries in groups, against one by one", database, ours.rate, reference.rate, unit, how)


def _reaction(settings: Settings, api_url: str, database: str, samples: int) -> Iterator[Measure]:
    """Median and 95th percentile of a lone case's wait."""
    took = lone(settings, api_url, samples)
    how = f"{samples} samples, idle driver in its own process, from the commit until Prefect's API finds it; {load()}"
    for which, ms in (("median", statistics.median(took)), ("95th percentile", p95(took))):
        one = recorded(f"lone reaction seen, {which}", database, ms, None, "ms", how)
        yield Target(LONE, at_least=False, obstacle=LATE).judge(one)
