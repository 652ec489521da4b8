"""The lifecycle of a staff proposal (E5, 改进提案): submitted, assessed, tried, verified, rewarded or declined."""

from enum import StrEnum
from typing import Annotated

from models.instants import Instant
from statemachines.conflict_of_interest import STAFF, himself
from statemachines.effects import Effect, effective, not_effective
from statemachines.form_model import ON_CASE, VARIABLE, Department, Form, Handle, Personal
from statemachines.forms import Reason
from statemachines.laws import lawful
from statemachines.lifecycle import Clause, Lifecycle, Milestone, Move, State
from statemachines.roles import Role
from statemachines.shared_moves import attaching, everyday_moves
from statemachines.state_groups import before

RECEIVED, SUBMITTED, ASSESSED = "received", "submitted", "assessed"
ON_TRIAL, TRIED, EFFECTIVE = "on_trial", "tried", "effective"
REWARDED, ARCHIVED = "rewarded", "archived"
DECLINED, WITHDRAWN = "declined", "withdrawn"

SYSTEM, GROUP = Role.SYSTEM, Role.EVALUATION_GROUP

STATES = (
    State(RECEIVED, Milestone.RECEIVED, owner=GROUP),
    State(SUBMITTED, Milestone.CLASSIFIED, owner=GROUP),
    State(ASSESSED, Milestone.CLASSIFIED, owner=Role.DEPARTMENT_MANAGER),
    State(ON_TRIAL, Milestone.INVESTIGATED, owner=Role.DEPARTMENT_MANAGER),
    State(TRIED, Milestone.INVESTIGATED, owner=GROUP),
    State(EFFECTIVE, Milestone.RESOLVED, owner=Role.HR),
    State(REWARDED, Milestone.REVISITED, owner=SYSTEM),
    State(ARCHIVED, Milestone.ARCHIVED, final=True),
    State(DECLINED, Milestone.ARCHIVED, final=True),
    State(WITHDRAWN, Milestone.ARCHIVED, final=True),
)

LIVE = before(STATES, Milestone.ARCHIVED)

ASSESSORS = (GROUP, Role.OPERATIONS, Role.QUALITY_TEAM)
DECIDERS = (Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER, GROUP)
REWARDERS = (Role.HR, Role.GENERAL_MANAGER)
PROPOSER = ("proposer",)
"""Nobody assesses, tries, verifies or rewards his own proposal (F3)."""


class Potential(StrEnum):
    """How much the assessor expects of a proposal."""

    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"


class Proposal(Form):
    """Whose proposal it is, what should change, and what it would bring."""

    proposer: Annotated[Handle, VARIABLE]
    department: Annotated[Department | None, ON_CASE] = None
    change: Personal
    benefit: Personal


class Assessment(Form):
    """What the proposal may bring, and why."""

    potential: Annotated[Potential, VARIABLE]
    opinion: Personal


class Trial(Form):
    """Where the proposal is tried, and until when."""

    department: Annotated[Department, ON_CASE]
    measure: Personal
    due_at: Annotated[Instant, VARIABLE]


class TrialReport(Form):
    """What was seen in the trial."""

    done: Personal
    evidence: Personal


class Verdict(Form):
    """Whether the trial had the effect, and what shows it."""

    effect: Annotated[Effect, VARIABLE]
    evidence: Personal


class ProposedReward(Form):
    """The reward that is proposed for it, in words: an entry of the ledger, on which somebody else decides."""

    reward: Personal


STAFF_PROPOSAL = Lifecycle(
    kind="staff_proposal",
    prefix="sp",
    initial=RECEIVED,
    internal=True,
    shown_to=PROPOSER,
    states=STATES,
    moves=(
        Move("submit", (RECEIVED,), SUBMITTED, roles=STAFF, form=Proposal),
        Move(
            "assess",
            (SUBMITTED,),
            ASSESSED,
            roles=ASSESSORS,
            form=Assessment,
            separate_from=("submit",),
            recused=PROPOSER,
        ),
        Move("try_out", (ASSESSED,), ON_TRIAL, roles=DECIDERS, form=Trial, recused=PROPOSER),
        Move("report_trial", (ON_TRIAL,), TRIED, roles=STAFF, form=TrialReport),
        *(
            Move(
                "verify_effect",
                (TRIED,),
                dest,
                roles=ASSESSORS,
                form=Verdict,
                guard=guard,
                separate_from=("report_trial",),
                recused=PROPOSER,
            )
            for dest, guard in ((EFFECTIVE, effective), (ASSESSED, not_effective))
        ),
        # The reward is an entry of the ledger, on which a second person decides.
        Move("reward", (EFFECTIVE,), REWARDED, roles=REWARDERS, form=ProposedReward, recused=PROPOSER),
        Move("archive", (REWARDED,), ARCHIVED, roles=(SYSTEM, Role.HR)),
        Move(
            "decline",
            (SUBMITTED, ASSESSED, EFFECTIVE),
            DECLINED,
            roles=DECIDERS,
            form=Reason,
            separate_from=("submit",),
            recused=PROPOSER,
        ),
        Move("withdraw", (RECEIVED,), WITHDRAWN, roles=(GROUP,), form=Reason),
        Move("withdraw", (SUBMITTED, ASSESSED), WITHDRAWN, roles=STAFF, form=Reason, guard=himself("proposer")),
        *everyday_moves(LIVE, STAFF),
        *attaching(STATES, STAFF),
    ),
    clauses=(
        Clause("proposal_assessment", (RECEIVED, SUBMITTED), met_by=("assess", "decline"), internal=True),
        Clause("proposal_decision", (ASSESSED,), met_by=("try_out", "decline"), internal=True),
        Clause(
            "proposal_trial",
            (ON_TRIAL,),
            met_by=("report_trial",),
            started_by=("try_out",),
            due_field="due_at",
            internal=True,
        ),
        Clause("proposal_verdict", (TRIED, EFFECTIVE), met_by=("verify_effect", "reward", "decline"), internal=True),
        Clause("archive", during=(REWARDED,), then="archive"),
    ),
)

lawful(STAFF_PROPOSAL)
