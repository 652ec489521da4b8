"""Moves of one case that move or open another: a merge, a recovery, a required improvement plan."""

from flows.reaction_context import ReactionContext
from flows.reaction_registry import EVERY, on_move
from flows.work import off_loop
from locales.translation import translate
from models.columns import to_micros
from reports.improvement_plans import open_plan
from reports.linked_cases import RECOVERS, same_cause
from statemachines.complaint import COMPLAINT
from statemachines.finding import FINDING

RECURRENCES = 3
"""Every this many findings of one cause in one department within a year call for a plan; our own rule."""


@on_move(EVERY, "merge")
async def hand_on_promises(context: ReactionContext) -> None:
    """Let the case that stays open inherit the timers of the one that was merged into it (A6)."""
    await context.advance_other(context.form["into"], "absorb", case=context.number)


@on_move(COMPLAINT, "recover")
async def open_recovery(context: ReactionContext) -> None:
    """Open a recovery against the debtor and claim the amount (B4); the customer is no party to it."""
    debtor = await context.statement("claimed_from")
    no_party = {"customer": None, "phone": None, "email": None}
    recovery = await context.open("recovery", RECOVERS, debtor, **no_party)
    await context.advance_other(recovery.number, "claim", claimed=context.form["recovery"])


@on_move(FINDING, "propose_measure")
async def require_plan_for_recurrence(context: ReactionContext) -> None:
    """Open an improvement plan at every third finding of one cause in a department within the year (F1, E3).

    A plan that is at work for the same cause stays the only one. Where its effect was verified, it is watched: a
    finding of after that shows that the cause is back, and the plan begins anew.
    """
    case, event, cause = await context.case(), context.event, context.form["cause"]
    if event.cycle > 1:
        return
    at_work = await off_loop(open_plan, context.work.store, case.department, cause)
    if at_work is not None:
        if at_work.watched_since is not None and to_micros(case.opened_at) > at_work.watched_since:
            heading = translate(context.work.locale, "improvement_plan.text.back", number=case.number)
            await context.advance_other(at_work.number, "recur", reason=heading)
        return
    similar = await off_loop(same_cause, context.work.store, case, cause, event.recorded_at)
    if len(similar) % RECURRENCES:
        return
    plan = await context.open("improvement_plan", "recurrence", ", ".join(similar))
    await context.advance_other(plan.number, "require", department=case.department, cause=cause)
