"""Sends mails in each recipient's language. Recipients and addresses are looked up when a mail is sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlmodel import col, select

from engine.actors import on_duty
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
"""The recipients of a mail: the customer, or the people of an escalation level (0 is whoever has the work)."""


@dataclass(frozen=True, slots=True)
class Word:
    """A code that each recipient reads in his own language: ``Word('clause', 'first_reply')``."""

    sort: str
    name: str


@dataclass(frozen=True, slots=True)
class _Recipient:
    handle: str
    """Empty for a customer."""
    address: str
    locale: str


async def send(context: ReactionContext, to: int, template: str, **params: Any) -> int:
    """Send one mail to each recipient who has an address; returns how many.

    Each is keyed by the delivery, the template and the recipient (law 3). Raises what the gateway raises: the delivery
    is tried again, and mails that went out already are sent under the same key.
    """
    recipients = await _recipients(context, to)
    await _send(context, recipients, template, params)
    return len(recipients)


async def tell_person(context: ReactionContext, handle: str, template: str, **params: Any) -> None:
    """Send one mail to a member of staff by handle, if he has an address; keyed like ``send``."""
    await _send(context, _staff(await off_loop(_by_handle, context.work.store, handle)), template, params)


async def tell_roles(context: ReactionContext, roles: Iterable[Role], template: str, **params: Any) -> None:
    """Send one mail to everybody in these roles, whatever the department; keyed like ``send``."""
    actors = [actor for role in roles for actor in await off_loop(people, context.work.store, role, None)]
    await _send(context, _staff({actor.handle: actor for actor in actors}.values()), template, params)


async def write(work: Work, key: str, to: str, locale: str, template: str, **params: Any) -> None:
    """Send one mail under a key."""
    subject = translate(locale, f"mail.{template}.subject", **params)
    body = translate(locale, f"mail.{template}.body", **params)
    await off_loop(work.mailer.send, Mail(key, to, subject, body))


async def _send(
    context: ReactionContext, recipients: Iterable[_Recipient], template: str, params: dict[str, Any]
) -> None:
    for to in recipients:
        translated = {name: _translated(context, to.locale, value) for name, value in params.items()}
        key = ":".join(filter(None, (context.key, template, to.handle)))
        await write(context.work, key, to.address, to.locale, template, number=context.number, **translated)


async def _recipients(context: ReactionContext, to: int) -> list[_Recipient]:
    if to == CUSTOMER:
        party = await context.party()
        return [_Recipient("", party.email, context.work.locale)] if party is not None and party.email else []
    case = await context.case()
    role = _awaited_role(context.table, case) if to == OWNER else LEVELS[to]
    owner = case.owner if to == OWNER else None
    return _staff(await off_loop(people, context.work.store, role, case.department, owner))


def _staff(actors: Iterable[Actor]) -> list[_Recipient]:
    return [_Recipient(actor.handle, actor.email, actor.locale) for actor in actors if actor.email]


def _translated(context: ReactionContext, locale: str, value: Any) -> Any:
    return label(locale, context.table.kind, value.sort, value.name) if isinstance(value, Word) else value


def people(store: Store, role: Role, department: str | None, owner: str | None = None) -> list[Actor]:
    """Return whom a case asks now (B6): the owner if one is given, else the role in the department, else the role.

    The owner has the work; a step that awaits another role (an approval, a callback) asks him only if he holds it.
    Whoever has left or is away is not asked: his deputy is, and without one the next in that order.
    """
    now = store.now()
    with store.reading() as session:
        actors = session.exec(select(Actor).order_by(Actor.handle)).all()
    return asked(actors, role, department, owner, now)


def asked(actors: Sequence[Actor], role: Role, department: str | None, owner: str | None, at: datetime) -> list[Actor]:
    """Return whom of these a case asks at an instant, as ``people`` does."""
    owners = [actor for actor in actors if owner is not None and actor.handle == owner]
    holders = [actor for actor in actors if role in actor.roles.split()]
    near = [actor for actor in holders if actor.department == department]
    if not (owners and (role is Role.HANDLER or role in owners[0].roles.split())):
        owners = []
    for wanted in (owners, near, holders):
        if there := on_duty(wanted, actors, lambda actor: actor.available(at)):
            return there
    return []


def _by_handle(store: Store, handle: str) -> list[Actor]:
    with store.reading() as session:
        known = select(Actor).where(col(Actor.handle) == handle, col(Actor.disabled_at).is_(None))
        return list(session.exec(known).all())


def _awaited_role(table: Lifecycle, case: Case) -> Role:
    owner = table.state[case.state].owner if case.state in table.state else None
    return owner if owner and owner not in (Role.SYSTEM, Role.CUSTOMER) else Role.AGENT
