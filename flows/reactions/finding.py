"""What is found again and again in one department is not mended one by one: a plan is required (F1, E3)."""

from flows.reaction_context import ReactionContext
from flows.reaction_registry import on_move
from flows.work import off_loop
from reports.linked_cases import same_cause
from statemachines.finding import FINDING

TOO_OFTEN = 3
"""The finding of one cause in one department, within a year, that calls for a plan; ours."""


@on_move(FINDING, "propose_measure")
async def require_plan_for_recurrence(context: ReactionContext) -> None:
    """Every third finding of the same cause in the department within the year opens an improvement plan."""
    case, happened, cause = await context.case(), context.leased.happened, context.form["cause"]
    found = await off_loop(same_cause, context.work.store, case, cause, happened.recorded_at)
    if happened.cycle > 1 or len(found) % TOO_OFTEN:
        return
    plan = await context.open("improvement_plan", "recurrence", ", ".join(found))
    await context.advance_other(plan.number, "require", department=case.department, cause=cause)
