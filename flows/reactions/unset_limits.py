"""Notify the team supervisor that a policy pack does not set the limit of a promise that a new case makes."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from engine.escalation.recipients import asked_for
from engine.outbox.mails import NO_ADDRESS, NOBODY, ComposedMail, queue_mails
from engine.rules.policy import Pack
from flows.case_notices import pack_of, person_of
from flows.notifications import SUPERVISOR, staff_of
from flows.reaction_context import ReactionContext
from flows.reaction_registry import EVERY, on_unset_limits
from flows.work import off_loop
from locales.translation import label, translate
from models import Actor


@on_unset_limits(EVERY)
async def tell_unset_limits(context: ReactionContext) -> None:
    """Mail whoever supervises the case which limits are not set: one mail a day for each kind and edition of a pack.

    The case is handled meanwhile, without timers on these promises.
    """
    if context.historic:
        return
    case, pack, now = await context.case(), await pack_of(context), await context.work.now()
    clauses = str(context.form["unset_limits"]).split()
    day = now.astimezone(ZoneInfo(pack.zone)).date().isoformat()
    key = f"unset_limits:{pack.edition}:{case.kind}:{day}"
    actors = asked_for(case, SUPERVISOR, await staff_of(context), now, person=person_of(case)).actors
    mails = [_mail(f"{key}:{actor.handle}", actor, context, pack, clauses) for actor in actors]
    await off_loop(queue_mails, context.work.store, mails or [ComposedMail(key, "", "", "", NOBODY)], now)


def _mail(key: str, actor: Actor, context: ReactionContext, pack: Pack, clauses: Sequence[str]) -> ComposedMail:
    kind = context.event.kind
    params = {
        "number": context.number,
        "pack": pack.name,
        "kind": label(actor.locale, "", "kind", kind),
        "clauses": "\n".join(label(actor.locale, kind, "clause", clause) for clause in clauses),
    }
    return ComposedMail(
        key=key,
        recipient=actor.handle,
        subject=translate(actor.locale, "mail.unset_limits.subject", **params),
        body=translate(actor.locale, "mail.unset_limits.body", **params),
        outcome=None if actor.email else NO_ADDRESS,
    )
