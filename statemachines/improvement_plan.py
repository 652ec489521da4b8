"""The lifecycle of an improvement plan (E3): required, submitted, accepted, carried out, verified, and watched.

A plan that the system required because of an indicator is judged by figures of the same indicator: see Note [Figures].
Others are judged by the evaluation group.
"""

from typing import Any

from statemachines.effects import effective, not_effective
from statemachines.forms import Reason
from statemachines.guards import all_of
from statemachines.improvement_plan_forms import (
    Agreed,
    Completion,
    Measurement,
    Plan,
    Recurrence,
    Requirement,
    SentBack,
    Verification,
)
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Facts, Guard, Lifecycle, Milestone, Move, State
from statemachines.roles import INVESTIGATORS, Role
from statemachines.shared_moves import attaching, everyday_moves
from statemachines.state_groups import before

AWAITING_PLAN, SUBMITTED, ACCEPTED = "awaiting_plan", "submitted", "accepted"
AWAITING_FIGURES = "awaiting_figures"
CARRIED_OUT, VERIFIED, ARCHIVED = "carried_out", "verified", "archived"
WAIVED = "waived"

PLAN_DATES = ("proposed_due", "due_at")
"""The dates of a plan; they end with it when another plan is required."""

SYSTEM, GROUP = Role.SYSTEM, Role.EVALUATION_GROUP

STATES = (
    State(AWAITING_PLAN, Milestone.RECEIVED, owner=Role.DEPARTMENT_MANAGER),
    State(SUBMITTED, Milestone.CLASSIFIED, owner=GROUP),
    State(ACCEPTED, Milestone.INVESTIGATED, owner=Role.DEPARTMENT_MANAGER),
    State(AWAITING_FIGURES, Milestone.RESOLVED, owner=SYSTEM),
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


def _as_measured(facts: Facts, form: Any) -> bool:
    known = facts.variables
    return known.get("period") is None or (form.before, form.after) == (known.get("before"), known.get("after"))


as_measured = Guard("as_measured", _as_measured)
by_system = Guard("by_system", lambda facts, form: form.period is None or not facts.actor)
judged_by_figures = Guard("judged_by_figures", lambda facts, form: facts.variables.get("period") is not None)
judged_by_group = Guard("judged_by_group", lambda facts, form: facts.variables.get("period") is None)
dated_failure = all_of(
    "dated_failure", not_effective, Guard("dated", lambda facts, form: form.due_at is not None), as_measured
)
LOWER_IS_BETTER = frozenset({"complaint_rate"})
"""Indicators whose target is an upper bound; it decides where the plan names no target."""


def _better(facts: Facts, form: Any) -> bool:
    """Return whether the figure moved towards the target; without a target, in the indicator's good direction."""
    target, indicator = facts.variables.get("target"), facts.variables.get("indicator")
    rises = indicator not in LOWER_IS_BETTER if target in (None, form.before) else target > form.before
    return form.after > form.before if rises else form.after < form.before


better = Guard("better", _better)
improved = all_of("improved", effective, better, as_measured)
# Note [Figures]: the system opens a plan where an indicator of a department misses its target, with the figure in it,
# and measures the effect by the figure of the first whole period after the measures. On target it is verified; no
# better than before, the plan begins anew. In between the group judges, by the same figures.
reached = Guard("reached", lambda facts, form: form.on_target)
closer = Guard("closer", lambda facts, form: not form.on_target and _better(facts, form))
no_better = Guard("no_better", lambda facts, form: not form.on_target and not _better(facts, form))
was_required = Guard("was_required", lambda facts, form: "department" in facts.variables)

IMPROVEMENT_PLAN = Lifecycle(
    kind="improvement_plan",
    prefix="ip",
    initial=AWAITING_PLAN,
    internal=True,
    states=STATES,
    moves=(
        Move("require", (AWAITING_PLAN,), STAY, roles=(*WATCHERS, SYSTEM), form=Requirement, guard=by_system),
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
        *(
            Move("complete", (ACCEPTED,), dest, roles=INVESTIGATORS, form=Completion, guard=guard)
            for dest, guard in ((CARRIED_OUT, judged_by_group), (AWAITING_FIGURES, judged_by_figures))
        ),
        *(
            Move(
                "measure_effect",
                (AWAITING_FIGURES,),
                dest,
                roles=(SYSTEM,),
                form=Measurement,
                guard=guard,
                reopens=dest == AWAITING_PLAN,
                clears=PLAN_DATES if dest == AWAITING_PLAN else (),
            )
            for dest, guard in ((VERIFIED, reached), (CARRIED_OUT, closer), (AWAITING_PLAN, no_better))
        ),
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
            form=Recurrence,
            guard=by_system,
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
            started_by=("require", "send_back", "verify_effect", "measure_effect", "recur"),
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
        Clause("plan_figures", (AWAITING_FIGURES,), met_by=("measure_effect",), internal=True),
        Clause("plan_verification", (CARRIED_OUT,), met_by=("verify_effect",), internal=True),
        Clause("plan_watch", (VERIFIED,), then="archive", internal=True),
    ),
)

lawful(IMPROVEMENT_PLAN)
