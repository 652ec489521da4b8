"""Measures the REST API against a bare route, against itself in a larger store, and with two workers against one.

Every figure goes through a real ``closeloop serve``. A caller keeps its connection open and waits for each answer.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path

from benchmarks.api_callers import Cost, send_all
from benchmarks.api_server import Server, api, bare_route, new_token
from benchmarks.measures import Measure, Target, machine_load, new_measure, p50, p95
from benchmarks.seeding import seed
from benchmarks.stores import HANDLER, RESOLUTION, SUPERVISOR, new_store, new_stores
from engine.clock import system_now

LEAST_OF_BARE, MOST_OF_SMALL, LEAST_OF_ONE = 0.5, 1.5, 1.6
ROUNDS, MOVES = 20, 40
SIZES = (10_000, 100_000)
PAGES = 40
CALLERS = 16
"""Linux spreads them over the sockets of two workers: of eight one had five to seven, the other was idle at times."""
QUEUE = "/cases?department=claims&state=investigated&sort=due&limit=50"
OF_BARE = "who calls, what he may do, the JSON checks and the answer's model, all of it in Python, beside one write"
OF_SIZE = "deeper indexes, and pages that no cache holds"
OF_WORKERS = (
    "callers, workers and database share the cores of one machine, which one worker keeps busy for the most part; and "
    "a worker keeps its connections, of which it may by chance have many more than the other"
)


def rows(
    database: str, rounds: int = ROUNDS, moves: int = MOVES, sizes: Sequence[int] = SIZES, pages: int = PAGES
) -> list[Measure]:
    """Return the figures of a move and of the queue page, and on Postgres those of two workers."""
    measures = [*_moves(database, rounds, moves), *_queue(database, sizes, rounds, pages)]
    return measures if database == "sqlite" else [*measures, *_workers(database, rounds, moves)]


def _moves(database: str, rounds: int, moves: int) -> Iterator[Measure]:
    with tempfile.TemporaryDirectory(prefix="bench") as name, new_store(Path(name), database) as settings:
        with closing(settings.store()) as store:
            numbers = iter(seed(store, 2 * (rounds + 1) * moves, at=system_now()))
        medians: tuple[list[float], list[float]] = ([], [])
        with api(settings, new_token(settings, HANDLER)) as ours, bare_route(settings) as bare:
            for _ in range(rounds + 1):
                for server, per_round in zip((ours, bare), medians, strict=True):
                    per_round.append(p50(_resolve(server, list(islice(numbers, moves)))))
    mine, theirs = (p50(per_round[1:]) for per_round in medians)  # the first round warms up
    how = f"{mine:.2f} ms a move against {theirs:.2f}; median of {rounds} rounds of {moves} moves; {machine_load()}"
    figure = new_measure("API, a move beside a bare route", database, 1e3 / mine, 1e3 / theirs, "moves/s", how)
    yield Target(LEAST_OF_BARE, obstacle=OF_BARE).judge(figure)


def _resolve(server: Server, numbers: Sequence[str]) -> list[float]:
    with closing(server.connect()) as connection:
        return [server.send(connection, f"/cases/{number}/moves/resolve", RESOLUTION) for number in numbers]


def _queue(database: str, sizes: Sequence[int], rounds: int, pages: int) -> Iterator[Measure]:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench"))
        stores = stack.enter_context(new_stores(Path(folder), database, len(sizes)))
        for settings, size in zip(stores, sizes, strict=True):
            with closing(settings.store()) as store:
                seed(store, size, at=system_now())
        servers = [stack.enter_context(api(settings, new_token(settings, SUPERVISOR))) for settings in stores]
        times: list[list[float]] = [[] for _ in sizes]
        for number in range(rounds + 1):
            for server, of_size in zip(servers, times, strict=True):
                with closing(server.connect()) as connection:
                    measured = [server.send(connection, QUEUE) for _ in range(pages)]
                if number:  # the first round warms up
                    of_size.extend(measured)
    small, large = (p95(of_size) for of_size in times)
    how = f"{sizes[1]:,} open cases against {sizes[0]:,}; {rounds} rounds of {pages} pages; {machine_load()}"
    figure = new_measure("API, the first page of a queue, p95", database, large, small, "ms", how)
    yield Target(MOST_OF_SMALL, at_least=False, obstacle=OF_SIZE).judge(figure)


def _workers(database: str, rounds: int, moves: int) -> Iterator[Measure]:
    per_round = CALLERS * moves
    with tempfile.TemporaryDirectory(prefix="bench") as name, new_store(Path(name), database) as settings:
        with closing(settings.store()) as store:
            numbers = iter(seed(store, 2 * (rounds + 1) * per_round, at=system_now()))
        token = new_token(settings, HANDLER)
        costs: tuple[list[Cost], list[Cost]] = ([], [])
        with api(settings, token, workers=2) as two, api(settings, token) as one:
            for _ in range(rounds + 1):
                for server, of_server in zip((two, one), costs, strict=True):
                    paths = [f"/cases/{number}/moves/resolve" for number in islice(numbers, per_round)]
                    of_server.append(send_all(server, paths, RESOLUTION, CALLERS))
    both, alone = (p50(per_round / cost.seconds for cost in of_server[1:]) for of_server in costs)
    of_two, of_one = (sorted(of_server[1:], key=lambda cost: cost.seconds)[rounds // 2] for of_server in costs)
    how = (
        f"{CALLERS} connections, {moves} moves each; median of {rounds} rounds; {machine_load()}; "
        f"two: {of_two.described(per_round)}; one: {of_one.described(per_round)}"
    )
    figure = new_measure("API, two workers beside one", database, both, alone, "moves/s", how)
    yield Target(LEAST_OF_ONE, obstacle=OF_WORKERS).judge(figure)
