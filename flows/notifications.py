"""Sends mail in the reader's language: whom a case asks, and where he is, are looked up at the moment of sending."""

from dataclasses import dataclass
from typing import Any, Final

from sqlmodel import select

from engine.store import Store
from flows.reaction_context import ReactionContext
from flows.work import Work, off_loop
from gateways.mail import Mail
from locales.translation import label, translate
from models import Actor, Case
from statemachines.lifecycle import Lifecycle
from statemachines.roles import LEVELS, Role

CUSTOMER: Final = -1
OWNER: Final = 0
SUPERVISOR: Final = 1
"""Whom a letter goes to: the customer, or the people of an escalation level (0 is who has the work)."""


@dataclass(frozen=True, slots=True)
class Word:
    """A parameter that each reader gets in his own language: ``Word('clause', 'first_reply')``."""

    sort: str
    name: str


async def send(context: ReactionContext, to: int, template: str, **params: Any) -> int:
    """Send one mail to everybody meant who has an address; returns how many.

    Each is keyed by the delivery, the template and the reader (law 3). Raises what the gateway raises: the delivery
    is tried again, and who was told already is told under the same key.
    """
    readers = await _readers(context, to)
    for handle, address, locale in readers:
        words = {name: _worded(context, locale, value) for name, value in params.items()}
        key = ":".join(filter(None, (context.key, template, handle)))
        await write(context.work, key, address, locale, template, number=context.number, **words)
    return len(readers)


async def write(work: Work, key: str, to: str, locale: str, template: str, **params: Any) -> None:
    """Send one mail under a key."""
    subject = translate(locale, f"mail.{template}.subject", **params)
    body = translate(locale, f"mail.{template}.body", **params)
    await off_loop(work.mailer.send, Mail(key, to, subject, body))


async def _readers(context: ReactionContext, to: int) -> list[tuple[str, str, str]]:
    """Handle, address and language of everybody meant; a customer has no handle."""
    if to == CUSTOMER:
        party = await context.party()
        return [("", party.email, context.work.locale)] if party is not None and party.email else []
    case = await context.case()
    role = _awaited(context.table, case) if to == OWNER else LEVELS[to]
    meant = await off_loop(people, context.work.store, role, case.department, case.owner if to == OWNER else None)
    return [(actor.handle, actor.email, actor.locale) for actor in meant if actor.email]


def _worded(context: ReactionContext, locale: str, value: Any) -> Any:
    return label(locale, context.table.kind, value.sort, value.name) if isinstance(value, Word) else value


def people(store: Store, role: Role, department: str | None, owner: str | None = None) -> list[Actor]:
    """Whom a case asks (B6): its owner if one is meant, else the role in its department, else the role.

    The owner has the work; what awaits another role (an approval, a callback) asks him only if he holds it.
    """
    with store.reading() as session:
        everybody = session.exec(select(Actor).order_by(Actor.handle)).all()
    found = [actor for actor in everybody if owner is not None and actor.handle == owner]
    if found and (role is Role.HANDLER or role in found[0].roles.split()):
        return found
    holders = [actor for actor in everybody if role in actor.roles.split()]
    return [actor for actor in holders if actor.department == department] or holders


def _awaited(table: Lifecycle, case: Case) -> Role:
    owner = table.state[case.state].owner if case.state in table.state else None
    return owner if owner and owner not in (Role.SYSTEM, Role.CUSTOMER) else Role.AGENT
