"""A department from which a plan is required hears of it (E3)."""

from flows.letters import send
from flows.moment import Moment
from flows.reacting import on_move
from statemachines.improvement_plan import IMPROVEMENT_PLAN
from statemachines.roles import LEVELS, Role


@on_move(IMPROVEMENT_PLAN, "require", "send_back", "recur")
async def ask_for_plan(moment: Moment) -> None:
    """Write to the department's manager, whose plan it is."""
    await send(moment, LEVELS.index(Role.DEPARTMENT_MANAGER), "plan_required")
