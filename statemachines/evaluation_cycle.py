"""The lifecycle of an evaluation cycle (E3, B7): collected, analysed, reviewed, fed back, improved, and verified."""

from typing import Annotated, Literal

from pydantic import Field

from models.exact_number import EXACT
from models.instants import Instant
from statemachines.form_model import VARIABLE, Form, PeriodName, Personal
from statemachines.forms import Reason
from statemachines.guards import all_of
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Guard, Lifecycle, Milestone, Move, State
from statemachines.roles import MANAGERS, Role
from statemachines.shared_moves import attaching, everyday_moves
from statemachines.state_groups import before

COLLECTING, COLLECTED, ANALYSED, REVIEWED = "collecting", "collected", "analysed", "reviewed"
FED_BACK, PLANS_DUE, EFFECT_VERIFIED = "fed_back", "plans_due", "effect_verified"
ARCHIVED, CALLED_OFF = "archived", "called_off"

SYSTEM, GROUP = Role.SYSTEM, Role.EVALUATION_GROUP

STATES = (
    State(COLLECTING, Milestone.RECEIVED, owner=Role.MARKET),
    State(COLLECTED, Milestone.CLASSIFIED, owner=Role.OPERATIONS),
    State(ANALYSED, Milestone.INVESTIGATED, owner=GROUP),
    State(REVIEWED, Milestone.INVESTIGATED, owner=GROUP),
    State(FED_BACK, Milestone.RESOLVED, owner=GROUP),
    State(PLANS_DUE, Milestone.RESOLVED, owner=GROUP),
    State(EFFECT_VERIFIED, Milestone.REVISITED, owner=SYSTEM),
    State(ARCHIVED, Milestone.ARCHIVED, final=True),
    State(CALLED_OFF, Milestone.ARCHIVED, final=True),
)

OPEN = before(STATES, Milestone.REVISITED)
LIVE = before(STATES, Milestone.ARCHIVED)

SERVICE = (Role.AGENT, Role.TEAM_SUPERVISOR)
"""Who collects what the service itself knows of its customers."""
PEOPLE = (Role.AGENT, *MANAGERS, Role.MARKET, Role.OPERATIONS, Role.QUALITY_TEAM, GROUP)
COLLECTION = ("collect_market", "collect_service")
"""Whoever did this neither analyses nor reviews (F3)."""
ANALYSIS = (*COLLECTION, "analyse")
"""Whoever did this does not review (F3)."""

Count = Annotated[int, Field(ge=0), EXACT, VARIABLE]


class CyclePeriod(Form):
    """Which month, quarter or year is evaluated."""

    period: Annotated[PeriodName, VARIABLE]


class MarketData(Form):
    """What the market department collected: surveys, visits, orders of other systems."""

    data: Personal
    market_collected: Annotated[Literal[True], VARIABLE] = True


class ServiceData(Form):
    """What the service collected: complaints, callbacks, evaluations, and what is missing of them."""

    data: Personal
    service_collected: Annotated[Literal[True], VARIABLE] = True


class Judgement(Form):
    """What the analyst concludes from the figures of the evaluation report, which proposes causes by numbers alone."""

    judgement: Personal
    causes: Personal


class Approval(Form):
    """What the group makes of the analysis."""

    conclusion: Personal


class Feedback(Form):
    """What departments and persons are told of the result."""

    result: Personal


class PlansDate(Form):
    """By when the improvement plans of the cycle must have had their effect."""

    due_at: Instant | None = None


class PlanCount(Form):
    """How many improvement plans came of the cycle, and how many of them are not verified or waived yet."""

    plans_required: Count
    plans_open: Count


class Proof(Form):
    """What shows that the plans had their effect, or that none was needed."""

    evidence: Personal


was_begun = Guard("was_begun", lambda facts, form: "period" in facts.variables)
other_missing = {
    "collect_market": Guard("service_missing", lambda facts, form: "service_collected" not in facts.variables),
    "collect_service": Guard("market_missing", lambda facts, form: "market_collected" not in facts.variables),
}
other_there = {
    "collect_market": Guard("service_there", lambda facts, form: "service_collected" in facts.variables),
    "collect_service": Guard("market_there", lambda facts, form: "market_collected" in facts.variables),
}
no_plan_open = Guard("no_plan_open", lambda facts, form: facts.variables.get("plans_open", 0) == 0)


def _collect(name: str, roles: tuple[Role, ...], form: type[Form]) -> tuple[Move, ...]:
    """Return the rows of one half of the data: it waits for the other half, or completes the collection."""
    waits = all_of(f"{name}_first", was_begun, other_missing[name])
    completes = all_of(f"{name}_last", was_begun, other_there[name])
    return (
        Move(name, (COLLECTING,), STAY, roles=roles, form=form, guard=waits),
        Move(name, (COLLECTING,), COLLECTED, roles=roles, form=form, guard=completes),
    )


EVALUATION_CYCLE = Lifecycle(
    kind="evaluation_cycle",
    prefix="ec",
    initial=COLLECTING,
    internal=True,
    states=STATES,
    moves=(
        Move("begin", (COLLECTING,), STAY, roles=(GROUP, SYSTEM), form=CyclePeriod),
        *_collect("collect_market", (Role.MARKET,), MarketData),
        *_collect("collect_service", SERVICE, ServiceData),
        Move(
            "analyse", (COLLECTED,), ANALYSED, roles=(Role.OPERATIONS,), form=Judgement, separate_from=COLLECTION,
            stamps="analysed_at",
        ),
        Move("approve_analysis", (ANALYSED,), REVIEWED, roles=(GROUP,), form=Approval, separate_from=ANALYSIS),
        Move("send_back", (ANALYSED,), COLLECTED, roles=(GROUP,), form=Reason, separate_from=ANALYSIS),
        Move("feed_back", (REVIEWED,), FED_BACK, roles=(GROUP,), form=Feedback),
        Move("set_plans_due", (FED_BACK,), PLANS_DUE, roles=(GROUP,), form=PlansDate),
        Move(
            "verify_effect", (PLANS_DUE,), EFFECT_VERIFIED, roles=(GROUP,), form=Proof, guard=no_plan_open,
            separate_from=ANALYSIS,
        ),
        Move("archive", (EFFECT_VERIFIED,), ARCHIVED, roles=(GROUP, SYSTEM)),
        Move("call_off", (COLLECTING,), CALLED_OFF, roles=(GROUP,), form=Reason),
        # What becomes of the plans is recorded by the system.
        Move("count_plans", OPEN, STAY, roles=(SYSTEM,), form=PlanCount),
        *everyday_moves(LIVE, PEOPLE),
        *attaching(STATES, PEOPLE),
    ),
    clauses=(
        Clause("market_data", (COLLECTING,), met_by=("collect_market",), once=True, internal=True),
        Clause("service_data", (COLLECTING,), met_by=("collect_service",), once=True, internal=True),
        Clause("cycle_analysis", (COLLECTED,), met_by=("analyse",), internal=True),
        Clause("cycle_review", (ANALYSED,), met_by=("approve_analysis", "send_back"), internal=True),
        Clause("cycle_feedback", (REVIEWED,), met_by=("feed_back",), internal=True),
        Clause("cycle_planning", (FED_BACK,), met_by=("set_plans_due",), internal=True),
        Clause(
            "cycle_verification", (PLANS_DUE,), met_by=("verify_effect",), started_by=("set_plans_due",),
            due_field="due_at", internal=True,
        ),
        Clause("archive", (EFFECT_VERIFIED,), then="archive"),
    ),
)  # fmt: skip

lawful(EVALUATION_CYCLE)
