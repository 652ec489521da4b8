"""Mails team supervisors and administrators the parked cases, which fail again and again: all of them in one mail."""

import contextlib
import hashlib

from sqlmodel import select

from engine.actors import available_or_deputies
from engine.store import Store
from engine.timers import parking
from engine.timers.parking import Parked
from flows.notifications import write
from flows.work import Work, off_loop
from locales.translation import translate
from models import Actor
from statemachines.roles import Role

SHOWN = 50
RECIPIENTS = (Role.TEAM_SUPERVISOR, Role.ADMINISTRATOR)


async def tell_parked(work: Work) -> int:
    """Mail the parked cases that no mail has named yet; returns how many mails went out.

    If the gateway fails, they are mailed at the next failure or in the night; `dead list` shows them meanwhile.
    """
    cases = await off_loop(_unmailed, work.store)
    sent = 0
    with contextlib.suppress(Exception):
        for recipient in await off_loop(with_roles, work.store, RECIPIENTS) if cases else ():
            await _mail(work, recipient, cases)
            sent += 1
        await off_loop(parking.mark_reported, work.store, cases, await work.now())
    return sent


async def _mail(work: Work, recipient: Actor, cases: list[Parked]) -> None:
    key, locale = f"parked:{_digest(cases)}:{recipient.handle}", recipient.locale
    lines = "\n".join(_line(case, locale) for case in cases[:SHOWN])
    await write(work, key, recipient.email or "", locale, "parked", count=len(cases), cases=lines)


def _unmailed(store: Store) -> list[Parked]:
    with store.looking() as tx:
        return parking.unreported(tx)


def with_roles(store: Store, roles: tuple[Role, ...]) -> list[Actor]:
    """Return everybody with an address who has one of these roles, or his deputy where he is away."""
    now = store.now()
    with store.reading() as session:
        actors = session.exec(select(Actor).order_by(Actor.handle)).all()
    holders = [actor for actor in actors if set(roles) & set(actor.roles.split())]
    return [
        actor for actor in available_or_deputies(holders, actors, lambda actor: actor.available(now)) if actor.email
    ]


def _digest(cases: list[Parked]) -> str:
    identities = " ".join(f"{case.number}:{case.version}:{case.work}" for case in cases)
    return hashlib.sha256(identities.encode()).hexdigest()[:16]


def _line(case: Parked, locale: str) -> str:
    return f"{case.number} · {translate(locale, f'parked.{case.work}')} · {case.reason}"
