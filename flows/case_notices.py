"""Asks the people of an escalation level for a case: one notice a person, or a digest where many cases ask him at once.

See the notes of ``engine/outbox/notices.py``. A level that nobody holds passes the case on, and the mail says so. What
cannot be sent (nobody to ask, no address, no mail server) is recorded, and ``reports/notices.py`` counts it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from engine.escalation.recipients import holders, role_asked
from engine.outbox.deliveries import Later
from engine.outbox.mails import NO_ADDRESS, NOBODY, ComposedMail
from engine.outbox.notices import (
    DraftNotice,
    Limits,
    NoticeRequest,
    NoticeState,
    record_notices,
)
from engine.rules.in_force import rules_of
from engine.rules.policy import Pack
from flows.case_address import case_page
from flows.mailing import attempt_composed, composed_mails, record_outcomes
from flows.notice_text import NoticeFacts, body, line, subject
from flows.notifications import mail_key, staff_of
from flows.reaction_context import ReactionContext
from flows.work import Work, off_loop
from models import Actor
from models.columns import to_micros
from reports.case_promises import CasePromises, OpenPromise, promises_of
from statemachines.roles import TOP_LEVEL, Role


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked in the end, as which role, and the roles that should have been asked first and that nobody holds."""

    role: Role
    actors: Sequence[Actor]
    vacant: tuple[Role, ...]


class AskingCase(Protocol):
    """A case, or an overdue promise of one, as far as it decides whom it asks."""

    @property
    def kind(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def department(self) -> str | None: ...
    @property
    def owner(self) -> str | None: ...


def asked_for(case: AskingCase, level: int, staff: Sequence[Actor], at: datetime) -> Asked:
    """Return whom a case asks at a level: the next level above that somebody holds now, else the next one below."""
    vacant: list[Role] = []
    for place in (*range(level, TOP_LEVEL + 1), *range(level - 1, -1, -1)):
        role = role_asked(case.kind, case.state, place)
        actors = holders(staff, role, case.department, case.owner if place == 0 else None, at=at)
        if actors:
            return Asked(role, actors, tuple(vacant))
        vacant.append(role)
    return Asked(vacant[0], [], tuple(vacant))


async def promises(context: ReactionContext) -> CasePromises:
    """Return the open promises of the case whose steps have fired, read for several reactions together."""
    return await context.batch.grouped(_promises, context.event.case_id)


async def _promises(work: Work, case_ids: Sequence[int]) -> Sequence[CasePromises]:
    return await off_loop(promises_of, work.store, case_ids)


async def pack_of(context: ReactionContext) -> Pack:
    """Return the policy pack in force for the case."""
    case, now = await context.case(), await context.work.now()
    return (await context.once(rules_of)).pack(case.pack, to_micros(now))


async def wait_for_alert_hours(context: ReactionContext, level: int) -> None:
    """Raise ``Later`` outside the hours in which the pack has the people of this level alerted."""
    alerts, now = (await pack_of(context)).alerts, await context.work.now()
    if alerts.calendar is None or level not in alerts.levels:
        return
    opens = (await context.once(rules_of)).calendar(alerts.calendar).next_open(now)
    if opens > now:
        raise Later(opens)


async def ask_level(
    context: ReactionContext, level: int, template: str, reason: str, promise: OpenPromise | None
) -> None:
    """Ask the people of a level for the case, because of a promise or of an escalation by hand (None).

    Raises what the gateway raises.
    """
    case, pack, now = await context.case(), await pack_of(context), await context.work.now()
    asked = asked_for(case, level, await staff_of(context), now)
    facts = NoticeFacts(
        case=case,
        promises=(await promises(context)).asking(level),
        level=level,
        role=asked.role,
        vacant=asked.vacant,
        reason=reason,
        at=now,
        zone=pack.zone,
        page=case_page(context.work, context.number),
        remind_days=pack.alerts.remind_days,
    )
    drafts = tuple(_draft(context, template, facts, actor) for actor in asked.actors) or (_nobody(context, template),)
    limits = Limits(pack.alerts.digest_after, timedelta(minutes=pack.alerts.digest_minutes))
    event, timer_id = context.event, promise.timer_id if promise is not None else None
    request = NoticeRequest(event.case_id, event.seq, event.cycle, level, timer_id, drafts, limits)
    states = await context.batch.grouped(_record, request)
    await _send(context, states, {actor.handle: actor.email for actor in asked.actors})


def _draft(context: ReactionContext, template: str, of_case: NoticeFacts, actor: Actor) -> DraftNotice:
    facts = replace(of_case, zone=actor.zone or of_case.zone)
    mail = ComposedMail(
        key=mail_key(context, template, actor.handle),
        recipient=actor.handle,
        subject=subject(facts, actor.locale),
        body=body(facts, actor),
        outcome=None if actor.email else NO_ADDRESS,
    )
    return DraftNotice(actor.handle, line(facts, actor.locale), mail)


def _nobody(context: ReactionContext, template: str) -> DraftNotice:
    return DraftNotice("", "", ComposedMail(mail_key(context, template, ""), "", "", "", NOBODY))


async def _record(work: Work, requests: Sequence[NoticeRequest]) -> Sequence[list[NoticeState]]:
    return await off_loop(record_notices, work.store, requests, await work.now())


async def _send(context: ReactionContext, states: Sequence[NoticeState], addresses: dict[str, str | None]) -> None:
    """Send the mails of the notices, all of them before the first error is raised; a digest is sent by the tick."""
    errors: list[Exception] = []
    for state in states:
        mail = await context.batch.grouped(composed_mails, state.mail) if state.mail is not None else None
        if mail is None or mail.settled:
            continue
        ended = await attempt_composed(context.work, mail, addresses[state.recipient] or "")
        await context.batch.grouped(record_outcomes, ended.outcome)
        if ended.error is not None:
            errors.append(ended.error)
    if errors:
        raise errors[0]
