"""A department from which a plan is required hears of it (E3)."""

from flows.notifications import send
from flows.reaction_context import ReactionContext
from flows.reaction_registry import on_move
from statemachines.improvement_plan import IMPROVEMENT_PLAN
from statemachines.roles import LEVELS, Role


@on_move(IMPROVEMENT_PLAN, "require", "send_back", "recur")
async def ask_for_plan(context: ReactionContext) -> None:
    """Write to the department's manager, whose plan it is."""
    await send(context, LEVELS.index(Role.DEPARTMENT_MANAGER), "plan_required")
