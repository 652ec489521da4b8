"""Prints where the pages are as soon as they answer: an address that is printed before that shows only an error."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from apps.listening import Listening
from engine.settings import Settings

LOOK_SECONDS = 0.25
LATE_LOOKS = 240
"""After so many looks in vain, which take a minute, somebody is told where to read why."""

Tell = Callable[..., None]
Sleep = Callable[[float], Awaitable[None]]


async def announce_site(
    settings: Settings, listening: Listening, log: Path, tell: Tell, ready: asyncio.Event, sleep: Sleep = asyncio.sleep
) -> None:
    """Print the addresses of the API and the console, and the first link, once ``ready`` is set and they answer."""
    await ready.wait()
    await until_it_answers(listening.answers, log, tell, sleep)
    tell("up.api", api=listening.url)
    tell("up.console", console=f"{listening.site}/console/")
    await asyncio.to_thread(tell_first_link, settings, listening, tell)


async def until_it_answers(answers: Callable[[], bool], log: Path, tell: Tell, sleep: Sleep = asyncio.sleep) -> None:
    """Wait until the pages answer; say that they are starting, and once, that they are late and where the log is."""
    looks = 0
    while not await asyncio.to_thread(answers):
        looks += 1
        if looks == 1:
            tell("up.site_starting")
        elif looks == LATE_LOOKS:
            tell("up.site_late", seconds=round(LATE_LOOKS * LOOK_SECONDS), log=str(log))
        await sleep(LOOK_SECONDS)


def tell_first_link(settings: Settings, listening: Listening, tell: Tell) -> None:
    """Print the one-time link of the first administrator, as long as none can log in."""
    from engine.accounts.invitations import first_invitation

    with contextlib.closing(settings.store()) as store:
        invited = first_invitation(store, store.now())
    if invited is not None:
        link = f"{listening.site}/login/invitation#{invited.code}"
        tell("up.first_link", handle=invited.handle, link=link)
