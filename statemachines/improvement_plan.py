"""The lifecycle of an improvement plan (E3): required, submitted, accepted, carried out, verified, and watched."""

from typing import Annotated, Any

from pydantic import Field

from models.exact_number import EXACT
from models.instants import Instant
from statemachines.effects import Effect, effective, not_effective
from statemachines.form_model import ON_CASE, VARIABLE, Code, Department, Form, Handle, Personal
from statemachines.forms import Reason
from statemachines.guards import all_of
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Facts, Guard, Lifecycle, Milestone, Move, State
from statemachines.roles import INVESTIGATORS, Role
from statemachines.shared_moves import attaching, everyday_moves
from statemachines.state_groups import before

AWAITING_PLAN, SUBMITTED, ACCEPTED = "awaiting_plan", "submitted", "accepted"
CARRIED_OUT, VERIFIED, ARCHIVED = "carried_out", "verified", "archived"
WAIVED = "waived"

PLAN_DATES = ("proposed_due", "due_at")
"""The dates of a plan; they end with it when another plan is required."""

SYSTEM, GROUP = Role.SYSTEM, Role.EVALUATION_GROUP

STATES = (
    State(AWAITING_PLAN, Milestone.RECEIVED, owner=Role.DEPARTMENT_MANAGER),
    State(SUBMITTED, Milestone.CLASSIFIED, owner=GROUP),
    State(ACCEPTED, Milestone.INVESTIGATED, owner=Role.DEPARTMENT_MANAGER),
    State(CARRIED_OUT, Milestone.RESOLVED, owner=GROUP),
    State(VERIFIED, Milestone.REVISITED, owner=GROUP),
    State(ARCHIVED, Milestone.ARCHIVED, final=True),
    State(WAIVED, Milestone.ARCHIVED, final=True),
)

LIVE = before(STATES, Milestone.ARCHIVED)

WATCHERS = (GROUP, Role.QUALITY_TEAM)
PEOPLE = (*INVESTIGATORS, *WATCHERS, Role.OPERATIONS)
EXECUTION = ("submit", "complete")
"""Whoever did this does not verify it (F3)."""

Hundredths = Annotated[int, Field(ge=0), EXACT, VARIABLE]
"""A figure of an indicator in hundredths: 90.5 % is 9050."""


class Requirement(Form):
    """Which department must improve what, and by when its plan is due if that was said."""

    department: Annotated[Department, ON_CASE, VARIABLE]
    owner: Annotated[Handle | None, ON_CASE] = None
    indicator: Annotated[Code | None, VARIABLE] = None
    cause: Annotated[Code | None, VARIABLE] = None
    actual: Hundredths | None = None
    target: Hundredths | None = None
    due_at: Instant | None = None


class Plan(Form):
    """What will be done, by which measures, and until when."""

    plan: Personal
    measures: Personal
    proposed_due: Annotated[Instant, VARIABLE]


class Agreed(Form):
    """The date that the group agreed to."""

    due_at: Annotated[Instant, VARIABLE]


class SentBack(Form):
    """What the plan lacks, and by when a better one is due."""

    reason: Personal
    due_at: Instant | None = None


class Completion(Form):
    """What was done, and what shows it."""

    done: Personal
    evidence: Personal


class Verification(Form):
    """The figure before and after, in hundredths, and whether that is the effect; else by when a new plan is due."""

    effect: Annotated[Effect, VARIABLE]
    before: Hundredths
    after: Hundredths
    evidence: Personal
    due_at: Instant | None = None


dated_failure = all_of("dated_failure", not_effective, Guard("dated", lambda facts, form: form.due_at is not None))
LOWER_IS_BETTER = frozenset({"complaint_rate"})
"""Indicators whose target is an upper bound; it decides where the plan names no target."""


def _better(facts: Facts, form: Any) -> bool:
    """Return whether the figure moved towards the target; without a target, in the indicator's good direction."""
    target, indicator = facts.variables.get("target"), facts.variables.get("indicator")
    rises = indicator not in LOWER_IS_BETTER if target in (None, form.before) else target > form.before
    return form.after > form.before if rises else form.after < form.before


better = Guard("better", _better)
improved = all_of("improved", effective, better)
was_required = Guard("was_required", lambda facts, form: "department" in facts.variables)

IMPROVEMENT_PLAN = Lifecycle(
    kind="improvement_plan",
    prefix="ip",
    initial=AWAITING_PLAN,
    internal=True,
    states=STATES,
    moves=(
        Move("require", (AWAITING_PLAN,), STAY, roles=(*WATCHERS, SYSTEM), form=Requirement),
        Move("submit", (AWAITING_PLAN,), SUBMITTED, roles=INVESTIGATORS, form=Plan, guard=was_required),
        Move("accept_plan", (SUBMITTED,), ACCEPTED, roles=(GROUP,), form=Agreed, separate_from=("submit",)),
        Move(
            "send_back",
            (SUBMITTED,),
            AWAITING_PLAN,
            roles=(GROUP,),
            form=SentBack,
            separate_from=("submit",),
            clears=("proposed_due",),
        ),
        Move("complete", (ACCEPTED,), CARRIED_OUT, roles=INVESTIGATORS, form=Completion),
        # Without effect a new plan is required, one level higher.
        *(
            Move(
                "verify_effect",
                (CARRIED_OUT,),
                dest,
                roles=(GROUP,),
                form=Verification,
                guard=guard,
                reopens=reopens,
                separate_from=EXECUTION,
                clears=PLAN_DATES if reopens else (),
            )
            for dest, guard, reopens in ((VERIFIED, improved, False), (AWAITING_PLAN, dated_failure, True))
        ),
        Move(
            "recur",
            (VERIFIED,),
            AWAITING_PLAN,
            roles=(*WATCHERS, SYSTEM),
            form=SentBack,
            reopens=True,
            clears=PLAN_DATES,
        ),
        Move("archive", (VERIFIED,), ARCHIVED, roles=(GROUP, SYSTEM)),
        Move("waive", (AWAITING_PLAN,), WAIVED, roles=(GROUP,), form=Reason, separate_from=("require",)),
        *everyday_moves(LIVE, PEOPLE),
        *attaching(STATES, PEOPLE),
    ),
    clauses=(
        Clause(
            "plan_submission",
            (AWAITING_PLAN,),
            met_by=("submit",),
            started_by=("require", "send_back", "verify_effect", "recur"),
            due_field="due_at",
            restarts=True,
            internal=True,
        ),
        Clause(
            "plan_execution",
            (ACCEPTED,),
            met_by=("complete",),
            started_by=("accept_plan",),
            due_field="due_at",
            internal=True,
        ),
        Clause("plan_review", (SUBMITTED,), met_by=("accept_plan", "send_back"), internal=True),
        Clause("plan_verification", (CARRIED_OUT,), met_by=("verify_effect",), internal=True),
        Clause("plan_watch", (VERIFIED,), then="archive", internal=True),
    ),
)

lawful(IMPROVEMENT_PLAN)
