"""Asks the people of an escalation level for a case: one notice a person, or a digest where many cases ask him at once.

See the notes of ``engine/outbox/notices.py``. A level that nobody holds passes the case on, and the mail says so. What
cannot be sent (nobody to ask, no address, no mail server) is recorded, and ``reports/notices.py`` counts it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from engine.escalation.recipients import Asked, asked_for, awaited_person
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
from flows.case_address import staff_page
from flows.duty_alerts import raise_alert
from flows.mailing import attempt_composed, composed_mails, record_outcomes
from flows.notice_text import AWAITED, NoticeFacts, body, line, subject
from flows.notifications import mail_key, staff_of
from flows.reaction_context import ReactionContext
from flows.work import Work, off_loop
from models import Actor, Case
from models.columns import to_micros
from reports.case_promises import CasePromises, OpenPromise, promises_of


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
    """Raise ``Later`` outside the hours in which the pack has the people of this level alerted for such a case."""
    alerts, now = (await pack_of(context)).alerts, await context.work.now()
    if alerts.calendar is None or level not in alerts.levels or (await context.case()).severity in alerts.at_once:
        return
    opens = (await context.once(rules_of)).calendar(alerts.calendar).next_open(now)
    if opens > now:
        raise Later(opens)


async def ask_level(
    context: ReactionContext, level: int, template: str, reason: str, promise: OpenPromise | None
) -> None:
    """Ask the people of a level for the case, because of a promise or of an escalation by hand (None).

    Whoever is on duty for the level is alerted besides.

    Raises what the gateway raises.
    """
    case, now = await context.case(), await context.work.now()
    asked = asked_for(case, level, await staff_of(context), now, person=person_of(case))
    timer_id = promise.timer_id if promise is not None else None
    await _ask(context, case, asked, level, template, reason, timer_id=timer_id)
    await raise_alert(context, asked.level, timer_id)


async def tell_awaited(context: ReactionContext, asked: Asked[Actor]) -> None:
    """Notify those whom the state of the case awaits. Raises what the gateway raises."""
    case = await context.case()
    await _ask(context, case, asked, 0, AWAITED, AWAITED, awaiting=case.state)


def person_of(case: Case) -> str | None:
    """Return the person whom the state of a case awaits, if it is one."""
    return awaited_person(case.kind, case.state, case.owner, case.variables)


async def _ask(
    context: ReactionContext,
    case: Case,
    asked: Asked[Actor],
    level: int,
    template: str,
    reason: str,
    *,
    timer_id: int | None = None,
    awaiting: str | None = None,
) -> None:
    """Record a notice for each of those who are asked, and send the mails that no digest will carry."""
    pack, now = await pack_of(context), await context.work.now()
    facts = NoticeFacts(
        case=case,
        promises=(await promises(context)).asking(level),
        level=level,
        role=asked.role,
        vacant=asked.vacant,
        reason=reason,
        at=now,
        zone=pack.zone,
        page=staff_page(context.work, context.number),
        remind_days=pack.alerts.remind_days,
    )
    drafts = tuple(_draft(context, template, facts, actor) for actor in asked.actors) or (_nobody(context, template),)
    limits = Limits(pack.alerts.digest_after, timedelta(minutes=pack.alerts.digest_minutes))
    event = context.event
    request = NoticeRequest(event.case_id, event.seq, event.cycle, asked.level, timer_id, drafts, limits, awaiting)
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
