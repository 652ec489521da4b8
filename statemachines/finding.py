"""The lifecycle of a finding (F1): raised, given to a department, rectified, verified, and never just dropped."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from models.exact_number import EXACT
from models.instants import Instant
from statemachines.effects import Effect, effective, not_effective
from statemachines.form_model import ON_CASE, VARIABLE, Category, Code, Department, Form, Handle, PeriodName, Personal
from statemachines.forms import Reason, Severity
from statemachines.guards import previous_state
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Lifecycle, Milestone, Move, State
from statemachines.roles import INVESTIGATORS, Role
from statemachines.shared_moves import attaching, everyday_moves
from statemachines.state_groups import before, in_group

RAISED, ASSIGNED, MEASURE_SET = "raised", "assigned", "measure_set"
RECTIFIED, VERIFIED, ARCHIVED = "rectified", "verified", "archived"
CANCEL_REVIEW, CANCELLED = "cancel_review", "cancelled"

SYSTEM = Role.SYSTEM

STATES = (
    State(RAISED, Milestone.RECEIVED, owner=Role.QUALITY_TEAM, groups=("cancellable",)),
    State(ASSIGNED, Milestone.CLASSIFIED, owner=Role.HANDLER, groups=("cancellable",)),
    State(MEASURE_SET, Milestone.INVESTIGATED, owner=Role.HANDLER, groups=("cancellable",)),
    State(CANCEL_REVIEW, Milestone.INVESTIGATED, owner=Role.QUALITY_TEAM),
    State(RECTIFIED, Milestone.RESOLVED, owner=Role.QUALITY_TEAM),
    State(VERIFIED, Milestone.REVISITED, owner=SYSTEM),
    State(ARCHIVED, Milestone.ARCHIVED, final=True),
    State(CANCELLED, Milestone.ARCHIVED, final=True),
)

CANCELLABLE = in_group(STATES, "cancellable")
"""Where it may turn out that there was nothing to find."""
OPEN = before(STATES, Milestone.REVISITED)

SUPERVISION = (Role.QUALITY_TEAM, Role.EVALUATION_GROUP, Role.AUDITOR)
PEOPLE = (*INVESTIGATORS, *SUPERVISION)
HANDLED = ("propose_measure", "rectify")
"""Whoever did this does not audit it (F3)."""


class Origin(StrEnum):
    CHECK = "check"
    AUDIT = "audit"
    COMMUNICATION_CHECK = "communication_check"
    ACCEPTANCE = "acceptance"
    THIRD_PARTY = "third_party"


class Ownership(Form):
    """Of what sort the finding is, how grave, the department that answers for it, and by when it names a measure."""

    department: Annotated[Department, ON_CASE, VARIABLE]
    severity: Annotated[Severity, ON_CASE] = Severity.NORMAL
    category: Annotated[Category | None, ON_CASE] = None
    owner: Annotated[Handle | None, ON_CASE] = None
    origin: Annotated[Origin | None, VARIABLE] = None
    due_at: Instant | None = None


class RecordLacks(Form):
    """How many records of a kind, closed in a period by a department, lacked an item of their checklist, read when."""

    audited: Annotated[Code, VARIABLE]
    of_department: Annotated[Department | None, VARIABLE] = None
    item: Annotated[Code, VARIABLE]
    period: Annotated[PeriodName, VARIABLE]
    lacking: Annotated[int, Field(ge=0), EXACT, VARIABLE]
    figures_at: Instant


class ScoreGaps(Form):
    """Where a third party scored a department lower than our own figures do (E1).

    ``gaps`` are the rows of the comparison whose gap exceeds ``gap_limit`` points, as ``Comparison`` records them.
    """

    department: Annotated[Department, ON_CASE, VARIABLE]
    origin: Annotated[Origin, VARIABLE] = Origin.THIRD_PARTY
    period: Annotated[PeriodName, VARIABLE]
    figures_at: Annotated[Instant, VARIABLE]
    gap_limit: Annotated[int, Field(gt=0, le=100), EXACT, VARIABLE]
    gaps: Annotated[str, VARIABLE]


class Measure(Form):
    """What caused it, what will be done about it, and by when if that was agreed."""

    cause: Annotated[Code, VARIABLE]
    measure: Personal
    due_at: Instant | None = None


class Rectification(Form):
    """What was done, and what shows it."""

    done: Personal
    evidence: Personal


class Verification(Form):
    """Whether what was done had its effect, what shows it, and by when another measure is named if it had none."""

    effect: Annotated[Effect, VARIABLE]
    evidence: Personal
    due_at: Instant | None = None


class CancelReason(StrEnum):
    NOT_SUBSTANTIATED = "not_substantiated"
    TWICE_RAISED = "twice_raised"
    OUT_OF_SCOPE = "out_of_scope"


class Cancellation(Form):
    """Why there was nothing to find: coded, for a second person's review."""

    code: CancelReason
    reason: Personal


FINDING = Lifecycle(
    kind="finding",
    prefix="fd",
    initial=RAISED,
    internal=True,
    states=STATES,
    moves=(
        Move("assign_owner", (RAISED,), ASSIGNED, roles=(*SUPERVISION, SYSTEM), form=Ownership),
        # The system names the department whose figures a third party does not confirm, with both numbers.
        Move("report_gaps", (RAISED,), ASSIGNED, roles=(SYSTEM,), form=ScoreGaps),
        Move("propose_measure", (ASSIGNED,), MEASURE_SET, roles=INVESTIGATORS, form=Measure),
        Move("rectify", (MEASURE_SET,), RECTIFIED, roles=INVESTIGATORS, form=Rectification),
        # What had no effect goes another round, one level higher.
        *(
            Move(
                "verify_effect",
                (RECTIFIED,),
                dest,
                roles=SUPERVISION,
                form=Verification,
                guard=guard,
                reopens=reopens,
                separate_from=HANDLED,
            )
            for dest, guard, reopens in ((VERIFIED, effective, False), (ASSIGNED, not_effective, True))
        ),
        Move("archive", (VERIFIED,), ARCHIVED, roles=(*SUPERVISION, SYSTEM)),
        # A finding is not dropped: two people of the supervision agree that there was none.
        Move("propose_cancel", CANCELLABLE, CANCEL_REVIEW, roles=SUPERVISION, form=Cancellation),
        Move(
            "cancel",
            (CANCEL_REVIEW,),
            CANCELLED,
            roles=SUPERVISION,
            form=Cancellation,
            separate_from=("propose_cancel", *HANDLED),
        ),
        *(
            Move("keep_open", (CANCEL_REVIEW,), state, roles=SUPERVISION, form=Reason, guard=previous_state(state))
            for state in CANCELLABLE
        ),
        # What an audit counted, and what the next ones count while the finding is open, is recorded by the system.
        Move("count_lacks", OPEN, STAY, roles=(SYSTEM,), form=RecordLacks),
        *everyday_moves(OPEN, PEOPLE),
        *attaching(STATES, PEOPLE),
    ),
    clauses=(
        Clause("finding_ownership", (RAISED,), (CANCEL_REVIEW,), met_by=("assign_owner", "report_gaps"), internal=True),
        Clause(
            "finding_measure",
            (ASSIGNED,),
            (CANCEL_REVIEW,),
            met_by=("propose_measure",),
            started_by=("assign_owner", "verify_effect"),
            due_field="due_at",
            internal=True,
        ),
        Clause(
            "finding_rectification",
            (MEASURE_SET,),
            (CANCEL_REVIEW,),
            met_by=("rectify",),
            started_by=("propose_measure",),
            due_field="due_at",
            internal=True,
        ),
        Clause("finding_cancellation", (CANCEL_REVIEW,), met_by=("cancel", "keep_open"), internal=True),
        Clause("finding_verification", (RECTIFIED,), met_by=("verify_effect",), internal=True),
        Clause("archive", (VERIFIED,), then="archive"),
    ),
)

lawful(FINDING)
