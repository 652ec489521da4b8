"""``up`` prints the address of the pages when they answer, and says so where they do not."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from apps.listening import Listening
from apps.up_site import LATE_LOOKS, announce_site, until_it_answers
from engine.settings import Settings
from engine.store import Store

LOG = Path("/nowhere/api.log")


class Console:
    """Keeps what was printed, and a site that answers at the look ``answers_at``."""

    def __init__(self, answers_at: int) -> None:
        self.told = list[str]()
        self.params = dict[str, object]()
        self._looks: Iterator[bool] = iter([*[False] * answers_at, True])

    def tell(self, key: str, **params: object) -> None:
        self.told.append(key)
        self.params |= params

    def answers(self) -> bool:
        return next(self._looks)


async def no_pause(_seconds: float) -> None:
    """Wait for nothing."""


def waited(console: Console) -> list[str]:
    asyncio.run(until_it_answers(console.answers, LOG, console.tell, no_pause))
    return console.told


def test_pages_that_answer_at_once_are_not_said_to_be_starting():
    assert waited(Console(0)) == []


def test_pages_that_take_a_while_are_said_to_be_starting_once():
    assert waited(Console(20)) == ["up.site_starting"]


def test_pages_that_do_not_come_are_said_to_be_late_once_with_the_log():
    console = Console(3 * LATE_LOOKS)
    assert waited(console) == ["up.site_starting", "up.site_late"]
    assert (console.params["seconds"], console.params["log"]) == (60, str(LOG))


class SlowSite:
    """A site that answers at the third look."""

    url, site = "http://127.0.0.1:4280/api/v1", "http://127.0.0.1:4280"

    def __init__(self, console: Console) -> None:
        self.answers = console.answers


def test_no_address_is_printed_before_the_pages_answer(sqlite_settings: Settings, sqlite_store: Store):
    assert sqlite_store.simulated, "so that it has no first link"
    console = Console(3)

    async def announced() -> list[str]:
        ready, before = asyncio.Event(), list[str]()

        async def pause(_seconds: float) -> None:
            before.extend(console.told)

        site = cast(Listening, SlowSite(console))
        task = asyncio.create_task(announce_site(sqlite_settings, site, LOG, console.tell, ready, pause))
        await asyncio.sleep(0)
        assert console.told == [], "the pages in Prefect come first"
        ready.set()
        await task
        return before

    assert set(asyncio.run(announced())) == {"up.site_starting"}
    assert console.told == ["up.site_starting", "up.api", "up.console"]
    assert console.params["console"] == "http://127.0.0.1:4280/console/"
