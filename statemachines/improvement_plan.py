"""The whole life of an improvement plan (E3): required, submitted, accepted, carried out, verified, and watched."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from statemachines.asks import KNOWN, ON_CASE, Asks, Code, Handle, Personal
from statemachines.effects import Effect, effective, not_effective
from statemachines.everyday import everyday
from statemachines.forms import Reason
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Guard, Lifecycle, Milestone, Move, State
from statemachines.roles import INVESTIGATORS, Role

RECEIVED, CLASSIFIED, INVESTIGATED = "received", "classified", "investigated"
RESOLVED, REVISITED, ARCHIVED = "resolved", "revisited", "archived"
WAIVED = "waived"

OPEN = (RECEIVED, CLASSIFIED, INVESTIGATED, RESOLVED, REVISITED)
SYSTEM, GROUP = Role.SYSTEM, Role.EVALUATION_GROUP
WATCHERS = (GROUP, Role.QUALITY_TEAM)
PEOPLE = (*INVESTIGATORS, *WATCHERS, Role.OPERATIONS)
CARRIED_OUT = ("submit", "complete")
"""Whoever did this does not verify it (F3)."""

Hundredths = Annotated[int, Field(ge=0), KNOWN]
"""A figure of an indicator in hundredths: 90.5 % is 9050."""


class Requirement(Asks):
    """Which department must improve what, and by when its plan is due if that was said."""

    department: Annotated[Code, ON_CASE, KNOWN]
    owner: Annotated[Handle | None, ON_CASE] = None
    indicator: Annotated[Code | None, KNOWN] = None
    cause: Annotated[Code | None, KNOWN] = None
    actual: Hundredths | None = None
    target: Hundredths | None = None
    due_at: AwareDatetime | None = None


class Plan(Asks):
    """What will be done, by which measures, and until when."""

    plan: Personal
    measures: Personal
    proposed_due: Annotated[AwareDatetime, KNOWN]


class Agreed(Asks):
    """The date that the group agreed to."""

    due_at: Annotated[AwareDatetime, KNOWN]


class SentBack(Asks):
    """What the plan lacks, and by when a better one is due."""

    reason: Personal
    due_at: AwareDatetime | None = None


class Completion(Asks):
    """What was done, and what shows it."""

    done: Personal
    evidence: Personal


class Verification(Asks):
    """The figure before and after, in hundredths, and whether that is the effect; else by when a new plan is due."""

    effect: Annotated[Effect, KNOWN]
    before: Hundredths
    after: Hundredths
    evidence: Personal
    due_at: AwareDatetime | None = None


was_required = Guard("was_required", lambda facts, form: "department" in facts.known)

IMPROVEMENT_PLAN = Lifecycle(
    kind="improvement_plan",
    prefix="ip",
    initial=RECEIVED,
    internal=True,
    states=(
        State(RECEIVED, Milestone.RECEIVED, owner=Role.DEPARTMENT_MANAGER),
        State(CLASSIFIED, Milestone.CLASSIFIED, owner=GROUP),
        State(INVESTIGATED, Milestone.INVESTIGATED, owner=Role.DEPARTMENT_MANAGER),
        State(RESOLVED, Milestone.RESOLVED, owner=GROUP),
        State(REVISITED, Milestone.REVISITED, owner=GROUP),
        State(ARCHIVED, Milestone.ARCHIVED, final=True),
        State(WAIVED, Milestone.ARCHIVED, final=True),
    ),
    moves=(
        Move("require", (RECEIVED,), STAY, by=(*WATCHERS, SYSTEM), asks=Requirement),
        Move("submit", (RECEIVED,), CLASSIFIED, by=INVESTIGATORS, asks=Plan, when=was_required),
        Move("accept_plan", (CLASSIFIED,), INVESTIGATED, by=(GROUP,), asks=Agreed, apart=("submit",)),
        Move("send_back", (CLASSIFIED,), RECEIVED, by=(GROUP,), asks=SentBack, apart=("submit",)),
        Move("complete", (INVESTIGATED,), RESOLVED, by=INVESTIGATORS, asks=Completion),
        # Without effect a new plan is required, one level higher.
        *(
            Move(
                "verify_effect",
                (RESOLVED,),
                dest,
                by=(GROUP,),
                asks=Verification,
                when=when,
                reopens=again,
                apart=CARRIED_OUT,
            )
            for dest, when, again in ((REVISITED, effective, False), (RECEIVED, not_effective, True))
        ),
        Move("recur", (REVISITED,), RECEIVED, by=(*WATCHERS, SYSTEM), asks=SentBack, reopens=True),
        Move("archive", (REVISITED,), ARCHIVED, by=(GROUP, SYSTEM)),
        Move("waive", (RECEIVED,), WAIVED, by=(GROUP,), asks=Reason, apart=("require",)),
        *everyday(OPEN, PEOPLE),
    ),
    clauses=(
        Clause(
            "plan_submission",
            (RECEIVED,),
            kept_by=("submit",),
            opened_by=("require", "send_back", "verify_effect", "recur"),
            due="due_at",
            renews=True,
            internal=True,
        ),
        Clause(
            "plan_execution",
            (INVESTIGATED,),
            kept_by=("complete",),
            opened_by=("accept_plan",),
            due="due_at",
            internal=True,
        ),
        Clause("plan_watch", (REVISITED,), then="archive", internal=True),
    ),
)

lawful(IMPROVEMENT_PLAN)
