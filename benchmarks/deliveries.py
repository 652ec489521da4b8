"""Measures reactions through flow runs on a real Prefect server: many cases at once, and one case alone."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from apps.prefect_server import prefect_server
from apps.prefect_settings import prefect_environment
from benchmarks.measures import Measure, Target, machine_load, new_measure, p50, p95
from benchmarks.single_reaction import single_reactions
from benchmarks.stores import new_store
from engine.settings import Settings

RATE, REACTION = 1000.0, 1000.0
"""The targets: deliveries a second over the burst, and milliseconds from a commit until its run is visible."""
UNGROUPED_SECONDS = 3.0
SECONDS, ROUNDS, SAMPLES = 10.0, 3, 20
RATE_OBSTACLE = "what a delivery costs beside its run: its lease, its moves and its mail, each of them durable"
REACTION_OBSTACLE = "the driver's wake and Prefect's own beginning of a run"


def rows(database: str, seconds: float = SECONDS, rounds: int = ROUNDS, samples: int = SAMPLES) -> list[Measure]:
    """Return throughput and reaction time. Run it in a new process: Prefect reads its settings once."""
    with (
        tempfile.TemporaryDirectory(prefix="bench") as name,
        new_store(Path(name), database) as settings,
        prefect_server(settings.where) as server,
    ):
        os.environ.update(prefect_environment(settings.where, server.api_url))  # before Prefect is imported
        reaction = list(_reaction(settings, server.api_url, database, samples))
        return [*_throughput(settings, server.api_url, database, seconds, rounds), *reaction]


def _throughput(settings: Settings, api_url: str, database: str, seconds: float, rounds: int) -> Iterator[Measure]:
    """Compare the median of some rounds with that of shorter rounds without groups, which follow each of them."""
    from benchmarks.burst import burst, median

    grouped, ungrouped = [], []
    for _ in range(rounds):
        grouped.append(burst(settings, api_url, seconds))
        ungrouped.append(burst(settings, api_url, min(seconds, UNGROUPED_SECONDS), grouped=False))
    ours, reference = median(grouped), median(ungrouped)
    lost = f"; {ours.unseen} runs unseen and {ours.failed} deliveries failed" if ours.unseen or ours.failed else ""
    how = f"{ours.summary}; median of {rounds} rounds; real Prefect server, fake mail; {machine_load()}"
    unit = "deliveries/s"
    rate = 0.0 if lost else ours.rate  # runs that were lost or unseen do not count as throughput
    figure = new_measure("deliveries through flow runs", database, rate, None, unit, how)
    yield Target(RATE, obstacle=RATE_OBSTACLE + lost).judge(figure)
    yield new_measure("deliveries in groups, against one by one", database, ours.rate, reference.rate, unit, how)


def _reaction(settings: Settings, api_url: str, database: str, samples: int) -> Iterator[Measure]:
    """Return the median and the 95th percentile of the wait of a single case."""
    waits = single_reactions(settings, api_url, samples)
    how = f"{samples} samples, idle driver in its own process, from the commit until Prefect's API finds it"
    for which, ms in (("median", p50(waits)), ("95th percentile", p95(waits))):
        figure = new_measure(f"lone reaction seen, {which}", database, ms, None, "ms", f"{how}; {machine_load()}")
        yield Target(REACTION, at_least=False, obstacle=REACTION_OBSTACLE).judge(figure)
