"""Sends mail in the reader's language: the address is looked up at the moment of sending."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import select

from engine.store import Store
from flows.wording import say
from flows.work import Work, off_loop
from gateways.mail import Mail
from models import Actor, Case
from statemachines.lifecycle import Lifecycle
from statemachines.roles import LEVELS, Role


async def write(work: Work, key: str, to: str, locale: str, template: str, **params: Any) -> None:
    """Send one mail under a key. Raises what the gateway raises: the delivery is tried again."""
    subject = say(locale, f"mail.{template}.subject", **params)
    body = say(locale, f"mail.{template}.body", **params)
    await off_loop(work.mailer.send, Mail(key, to, subject, body))


async def asked(work: Work, table: Lifecycle, case: Case, level: int) -> list[Actor]:
    """Whom a case asks at that level: its own department's people first (B6)."""
    return await off_loop(people, work.store, table, case, level)


def people(store: Store, table: Lifecycle, case: Case, level: int) -> list[Actor]:
    """The actors behind a level: the owner, else the role in the case's department, else the role."""
    with store.reading() as session:
        everybody = session.exec(select(Actor).order_by(Actor.handle)).all()
    if level == 0 and (owner := [actor for actor in everybody if actor.handle == case.owner]):
        return owner
    role = LEVELS[level] if level else _awaited(table, case)
    holders = [actor for actor in everybody if role in actor.roles.split()]
    return [actor for actor in holders if actor.department == case.department] or holders


def _awaited(table: Lifecycle, case: Case) -> Role:
    owner = table.state[case.state].owner if case.state in table.state else None
    return owner if owner and owner not in (Role.SYSTEM, Role.CUSTOMER) else Role.AGENT


def handles(actors: Sequence[Actor]) -> str:
    """The actors' handles, as a report names them."""
    return ", ".join(actor.handle for actor in actors) or "–"
