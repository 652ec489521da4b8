"""Sends mails in each recipient's language. Recipients and addresses are looked up when a mail is sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlmodel import select

from engine.escalation.recipients import asked_for, awaited_person, holders
from engine.outbox.mails import NO_ADDRESS, NOBODY, SENT, MailOutcome
from engine.store import Store
from flows.case_address import staff_page
from flows.mailing import attempt, record_outcomes
from flows.reaction_context import ReactionContext
from flows.work import Work
from gateways.mail import Mail
from locales.translation import label, locales, translate
from models import Actor, Party
from reports.linked_cases import Addressee
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
    """Send one mail to each recipient who has an address, a customer in his own language; returns how many it reached.

    Each is keyed by the delivery, the template and the recipient (law 3). Raises what the gateway raises: the delivery
    is tried again, and mails that went out already are sent under the same key. Members of staff who cannot be reached
    are recorded.
    """
    if to == CUSTOMER:
        party = await context.party()
        recipients = [_Recipient("", party.email, locale_of(party, context.work))] if party and party.email else []
    else:
        recipients = await _with_address(context, await _asked(context, to), template)
    return await _send(context, recipients, template, params)


def locale_of(party: Party | Addressee, work: Work) -> str:
    """Return the language in which a customer is written to: his own if there are texts in it, else the house's."""
    return party.locale if party.locale in locales() else work.locale


async def tell_person(context: ReactionContext, handle: str, template: str, **params: Any) -> None:
    """Send one mail to a member of staff by handle, if he has an address; keyed like ``send``."""
    actors = [actor for actor in await staff_of(context) if actor.handle == handle and actor.disabled_at is None]
    await _send(context, await _with_address(context, actors, template), template, params)


async def tell_roles(context: ReactionContext, roles: Iterable[Role], template: str, **params: Any) -> None:
    """Send one mail to everybody in these roles, whatever the department; keyed like ``send``."""
    staff, now = await staff_of(context), await context.work.now()
    actors = {actor.handle: actor for role in roles for actor in holders(staff, role, None, at=now)}
    await _send(context, await _with_address(context, list(actors.values()), template), template, params)


async def write(
    work: Work, key: str, to: str, locale: str, template: str, *, recipient: str = "", **params: Any
) -> bool:
    """Send one mail under a key; return whether it reaches its reader. Raises what the gateway raises.

    ``recipient`` is the handle of a member of staff, empty for a customer.
    """
    ended = await attempt(work, _mail(key, to, locale, template, params), recipient)
    await record_outcomes(work, [ended.outcome])  # an earlier try may have left a failure
    if ended.error is not None:
        raise ended.error
    return ended.outcome.outcome == SENT


async def _send(
    context: ReactionContext, recipients: Iterable[_Recipient], template: str, params: dict[str, Any]
) -> int:
    """Send to all before the first error is raised; return how many were reached."""
    errors: list[Exception] = []
    reached = 0
    for to in recipients:
        translated = {name: _translated(context, to.locale, value) for name, value in params.items()}
        if to.handle:
            translated = {"page": where_staff_read(context.work, context.number, to.locale)} | translated
        mail = _mail(mail_key(context, template, to.handle), to.address, to.locale, template, translated, context)
        ended = await attempt(context.work, mail, to.handle)
        if ended.outcome.outcome != SENT or context.leased.tries > 1:  # an earlier try may have left a failure
            await context.batch.grouped(record_outcomes, ended.outcome)
        reached += ended.outcome.outcome == SENT
        if ended.error is not None:
            errors.append(ended.error)
    if errors:
        raise errors[0]
    return reached


def where_staff_read(work: Work, number: str, locale: str) -> str:
    """Return the address of the page on which staff read a case; without a site, the command that shows it."""
    return staff_page(work, number) or translate(locale, "notice.page_unknown", number=number)


def mail_key(context: ReactionContext, template: str, handle: str) -> str:
    """Return the key of a mail of this delivery; a customer has no handle."""
    return ":".join(filter(None, (context.key, template, handle)))


def _mail(
    key: str, to: str, locale: str, template: str, params: dict[str, Any], context: ReactionContext | None = None
) -> Mail:
    numbered = params if context is None else {"number": context.number} | params
    subject = translate(locale, f"mail.{template}.subject", **numbered)
    return Mail(key, to, subject, translate(locale, f"mail.{template}.body", **numbered))


async def _asked(context: ReactionContext, level: int) -> list[Actor]:
    """Return whom the case asks at a level, by the rule of the notices."""
    case, now = await context.case(), await context.work.now()
    person = awaited_person(case.kind, case.state, case.owner, case.variables)
    return list(asked_for(case, level, await staff_of(context), now, person=person).actors)


async def _with_address(context: ReactionContext, actors: Sequence[Actor], template: str) -> list[_Recipient]:
    """Return those who can be reached, and record who cannot: nobody there, or no address."""
    missing = [MailOutcome(mail_key(context, template, a.handle), a.handle, NO_ADDRESS) for a in actors if not a.email]
    if not actors:
        missing = [MailOutcome(mail_key(context, template, ""), "", NOBODY)]
    for outcome in missing:
        await context.batch.grouped(record_outcomes, outcome)
    return [_Recipient(actor.handle, actor.email, actor.locale) for actor in actors if actor.email]


def _translated(context: ReactionContext, locale: str, value: Any) -> Any:
    return label(locale, context.table.kind, value.sort, value.name) if isinstance(value, Word) else value


async def staff_of(context: ReactionContext) -> Sequence[Actor]:
    """Return all actors, read once for the batch."""
    return await context.once(all_staff)


def all_staff(store: Store) -> Sequence[Actor]:
    """Return all actors, by handle."""
    with store.reading() as session:
        return session.exec(select(Actor).order_by(Actor.handle)).all()


def people(store: Store, role: Role, department: str | None, owner: str | None = None) -> list[Actor]:
    """Return whom a case asks now, as ``engine.escalation.recipients.holders`` decides."""
    return holders(all_staff(store), role, department, owner, at=store.now())
