"""Sends mails in each recipient's language. Recipients and addresses are looked up when a mail is sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlmodel import col, select

from engine.escalation.recipients import holders, role_asked
from engine.store import Store
from flows.reaction_context import ReactionContext
from flows.work import Work, off_loop
from gateways.mail import Mail
from locales.translation import label, translate
from models import Actor
from statemachines.roles import Role

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
    role, owner = role_asked(case.kind, case.state, to), case.owner if to == OWNER else None
    return _staff(await off_loop(people, context.work.store, role, case.department, owner))


def _staff(actors: Iterable[Actor]) -> list[_Recipient]:
    return [_Recipient(actor.handle, actor.email, actor.locale) for actor in actors if actor.email]


def _translated(context: ReactionContext, locale: str, value: Any) -> Any:
    return label(locale, context.table.kind, value.sort, value.name) if isinstance(value, Word) else value


def people(store: Store, role: Role, department: str | None, owner: str | None = None) -> list[Actor]:
    """Return whom a case asks, as ``engine.escalation.recipients.holders`` decides."""
    with store.reading() as session:
        return holders(session.exec(select(Actor).order_by(Actor.handle)).all(), role, department, owner)


def _by_handle(store: Store, handle: str) -> list[Actor]:
    with store.reading() as session:
        return list(session.exec(select(Actor).where(col(Actor.handle) == handle)).all())
