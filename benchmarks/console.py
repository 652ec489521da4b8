"""Measures the pages of the console as the store and the history grow, and what pages that stay open cost and see.

Every figure goes through a real ``closeloop serve``. The queue is read by people whom the store shows different cases:
the agent sees every open one, a handler his large department's, another the twenty of a small one.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from benchmarks.api_server import Server, api
from benchmarks.browsers import Browser, cpu_share, log_in, open_pages
from benchmarks.busy_house import fill
from benchmarks.measures import Measure, Target, machine_load, new_measure, p50, p95
from benchmarks.stores import HANDLER, new_stores
from engine.clock import system_now
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.settings import Settings

SIZES = (1_000, 100_000)
ROUNDS, PAGES = 12, 6
HISTORIES = (10, 500)
OPEN_PAGES, IDLE_SECONDS = 200, 30.0
MOVES = 20
MOST_OF_SMALL, MOST_OF_SHORT, MOST_OF_A_CORE, MOST_SECONDS = 1.5, 2.0, 5.0, 1.0
QUEUES: Final = {
    "of an agent": ("amy", "/cases"),
    "of a handler": ("lin", "/cases"),
    "of a handler with few cases": ("cole", "/cases"),
    "of a supervisor's department": ("ivy", "/cases?share=department"),
    "of a general manager, all cases": ("gao", "/cases?share=all"),
    "of the quality team, all cases": ("quinn", "/cases?share=all"),
}
OF_SIZE = "more urgent cases and more of each list, of which as many are sorted as are not passed by along the timers"
OF_HISTORY = "rows that are read, translated and drawn, each by itself"
OF_PAGES = "every stream asks now and then whether its session still lasts"
OF_NEWS = "the watcher waits for more commits, and a busy machine lets it wait"


def rows(
    database: str, sizes: Sequence[int] = SIZES, rounds: int = ROUNDS, pages: int = PAGES,
    histories: Sequence[int] = HISTORIES, open_: int = OPEN_PAGES, idle: float = IDLE_SECONDS, moves: int = MOVES,
) -> list[Measure]:  # fmt: skip
    """Return the figures of the queue, of the case page, and of pages that stay open."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench"))
        stores = stack.enter_context(new_stores(Path(folder), database, len(sizes)))
        numbers = list[list[str]]()
        for settings, size in zip(stores, sizes, strict=True):
            with closing(settings.store()) as store:
                numbers.append(fill(store, size, system_now()))
        servers = [stack.enter_context(api(settings, "")) for settings in stores]
        cookies = [{who: log_in(settings, who) for who, _ in QUEUES.values()} for settings in stores]
        browsers = [
            {who: Browser(server.port, cookie) for who, cookie in own.items()}
            for server, own in zip(servers, cookies, strict=True)
        ]
        measures = list(_queues(database, browsers, sizes, rounds, pages))
        agent = browsers[0]["amy"]
        measures.append(_histories(database, stores[0], agent, numbers[0], histories, rounds, pages))
        measures.append(_idle(database, servers[0], agent, numbers[0], open_, idle))
        return [*measures, *_news(database, stores[0], agent, numbers[0], moves)]


def _queues(
    database: str, browsers: Sequence[dict[str, Browser]], sizes: Sequence[int], rounds: int, pages: int
) -> Iterator[Measure]:
    for name, (who, path) in QUEUES.items():
        small, large = _by_turns([(own[who], path) for own in browsers], rounds, pages)
        how = f"{sizes[1]:,} open cases against {sizes[0]:,}; median of {rounds} rounds of {pages}; {machine_load()}"
        figure = new_measure(f"console, the queue {name}", database, large, small, "ms", how)
        yield Target(MOST_OF_SMALL, at_least=False, obstacle=OF_SIZE).judge(figure)


def _by_turns(read: Sequence[tuple[Browser, str]], rounds: int, pages: int) -> list[float]:
    """Return the median milliseconds of each page, read in turns; the first round warms up."""
    medians = [list[float]() for _ in read]
    for _ in range(rounds + 1):
        for (browser, path), of_page in zip(read, medians, strict=True):
            with closing(browser.connect()) as connection:
                of_page.append(p50(browser.read(connection, path)[0] for _ in range(pages)))
    return [p50(of_page[1:]) for of_page in medians]


def _histories(
    database: str,
    settings: Settings,
    browser: Browser,
    numbers: Sequence[str],
    histories: Sequence[int],
    rounds: int,
    pages: int,
) -> Measure:
    read = list[tuple[Browser, str]]()
    with closing(settings.store()) as store:
        for number, length in zip(numbers, histories, strict=False):
            for note in range(length):
                advance(store, Command(number, "note", {"note": f"第{note}次致电。"}, HANDLER, "api"), system_now())
            read.append((browser, f"/cases/{number}"))
    short, long = _by_turns(read, rounds, pages)
    how = (
        f"{histories[1]} rows of history against {histories[0]}; median of {rounds} rounds of {pages}; {machine_load()}"
    )
    figure = new_measure("console, the page of a case", database, long, short, "ms", how)
    return Target(MOST_OF_SHORT, at_least=False, obstacle=OF_HISTORY).judge(figure)


def _idle(database: str, server: Server, browser: Browser, numbers: list[str], count: int, seconds: float) -> Measure:
    with open_pages(browser, count, numbers):
        cpu_share(server.process, seconds / 10)  # what their opening costs is over
        share = cpu_share(server.process, seconds)
    how = f"{count} pages open, half of them of lists; {seconds:g} seconds; {machine_load()}"
    figure = new_measure("console, open pages on an idle server", database, share, None, "% of a core", how)
    return Target(MOST_OF_A_CORE, at_least=False, obstacle=OF_PAGES).judge(figure)


def _news(database: str, settings: Settings, browser: Browser, numbers: list[str], moves: int) -> Iterator[Measure]:
    """Make moves in another process than the server's, and wait until a page of the case and one of a list know."""
    watched = numbers[-1]
    with (
        closing(settings.store()) as store,
        closing(browser.open_page(watched)) as case, closing(browser.open_page()) as queue,
    ):  # fmt: skip
        waited = {"a case": list[float](), "a list": list[float]()}
        for note in range(moves):
            command = Command(watched, "note", {"note": f"第{note}次致电。"}, HANDLER, "api")
            began = time.perf_counter()
            advance(store, command, system_now())
            waited["a case"].append(case.wait_for() - began)
            waited["a list"].append(queue.wait_for() - began)
    for page, seconds in waited.items():
        how = f"p95 of {moves} moves of another process; {machine_load()}"
        figure = new_measure(f"console, until {page} shows a move", database, p95(seconds), None, "s", how)
        yield Target(MOST_SECONDS, at_least=False, obstacle=OF_NEWS).judge(figure)
