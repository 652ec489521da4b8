"""Tells team supervisors and administrators which cases fail again and again: all of them in one mail."""

import contextlib
import hashlib

from sqlmodel import select

from engine.store import Store
from engine.timers import parking
from engine.timers.parking import Parked
from flows.notifications import write
from flows.work import Work, off_loop
from locales.translation import translate
from models import Actor
from statemachines.roles import Role

SHOWN = 50
TOLD = (Role.TEAM_SUPERVISOR, Role.ADMINISTRATOR)


async def tell_parked(work: Work) -> int:
    """Tell of what nobody was told of yet; returns how many mails went out.

    What the gateway does not take is told at the next failure or in the night; it stands in `dead list` all the while.
    """
    stuck = await off_loop(_untold, work.store)
    sent = 0
    with contextlib.suppress(Exception):
        for reader in await off_loop(with_roles, work.store, TOLD) if stuck else ():
            await _tell(work, reader, stuck)
            sent += 1
        await off_loop(parking.mark_told, work.store, stuck, await work.now())
    return sent


async def _tell(work: Work, reader: Actor, stuck: list[Parked]) -> None:
    key, cases = (
        f"parked:{_about(stuck)}:{reader.handle}",
        "\n".join(_line(one, reader.locale) for one in stuck[:SHOWN]),
    )
    await write(work, key, reader.email or "", reader.locale, "parked", count=len(stuck), cases=cases)


def _untold(store: Store) -> list[Parked]:
    with store.looking() as tx:
        return parking.untold(tx)


def with_roles(store: Store, roles: tuple[Role, ...]) -> list[Actor]:
    """Everybody with an address who has one of these roles."""
    with store.reading() as session:
        everybody = session.exec(select(Actor).order_by(Actor.handle)).all()
    return [actor for actor in everybody if actor.email and set(roles) & set(actor.roles.split())]


def _about(stuck: list[Parked]) -> str:
    named = " ".join(f"{one.number}:{one.version}:{one.work}" for one in stuck)
    return hashlib.sha256(named.encode()).hexdigest()[:16]


def _line(one: Parked, locale: str) -> str:
    return f"{one.number} · {translate(locale, f'parked.{one.work}')} · {one.reason}"
