"""Reactions of the evaluation cycle: its plans are counted, and its result goes to departments and persons (E3)."""

import json

from engine.commands.open_case import OPEN
from engine.outbox.case_event import CaseEvent
from flows.case_address import indicators_page
from flows.notifications import tell_roles
from flows.reaction_context import ReactionContext
from flows.reaction_registry import on_event, on_move
from flows.work import off_loop
from reports.evaluation_cycles import plan_counts
from statemachines.evaluation_cycle import EVALUATION_CYCLE
from statemachines.evaluation_cycle import OPEN as OPEN_STATES
from statemachines.improvement_plan import ARCHIVED, IMPROVEMENT_PLAN, VERIFIED, WAIVED
from statemachines.refused import Refused
from statemachines.roles import INVESTIGATORS

SETTLED = (VERIFIED, ARCHIVED, WAIVED)
"""The states of a plan for which a cycle does not wait any more."""


def settles_or_begins(event: CaseEvent) -> bool:
    """Return whether a plan was opened, or came into a settled state, or out of one."""
    return event.move == OPEN or (event.source in SETTLED) != (event.dest in SETTLED)


@on_event(IMPROVEMENT_PLAN, settles_or_begins)
async def count_plans_of_cycle(context: ReactionContext) -> None:
    """Record in the cycle of a plan how many plans it has, and how many of them are open.

    When the event is delivered again, its first counts stay: what has changed since has an event of its own.
    """
    for parent in await context.parents():
        if parent.kind != EVALUATION_CYCLE.kind or parent.state not in OPEN_STATES:
            continue
        required, open_ = await off_loop(plan_counts, context.work.store, parent.number, SETTLED)
        try:
            await context.advance_other(parent.number, "count_plans", plans_required=required, plans_open=open_)
        except Refused as refused:
            if refused.code != "key_reused":
                raise


@on_move(EVALUATION_CYCLE, "feed_back")
async def tell_evaluation_result(context: ReactionContext) -> None:
    """Tell everybody who serves customers, and their managers, that the result is there, and where to read it."""
    case = await context.case()
    period = json.loads(case.variables)["period"]
    page = indicators_page(context.work, period) or f"closeloop evaluation --period {period}"
    await tell_roles(context, INVESTIGATORS, "evaluation_fed_back", period=period, page=page)
