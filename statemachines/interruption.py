"""The lifecycle of an interruption of the service (G1): declared, planned against, restored, and learned from."""

from statemachines.forms import Reason
from statemachines.interruption_forms import (
    Affected,
    ContingencyPlan,
    Criteria,
    Declaration,
    Loss,
    Mitigation,
    Postmortem,
    Restoration,
    TimeGrant,
    TimeGranted,
    Told,
)
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Guard, Lifecycle, Milestone, Move, State
from statemachines.roles import INVESTIGATORS, MANAGERS, Role
from statemachines.shared_moves import attaching, everyday_moves
from statemachines.state_groups import before, in_group

REPORTED, PLAN_STARTED, AFFECTED_FOUND = "reported", "plan_started", "affected_found"
RESTORED, REVIEWED, ARCHIVED = "restored", "reviewed", "archived"
CALLED_OFF = "called_off"

SYSTEM = Role.SYSTEM

STATES = (
    State(REPORTED, Milestone.RECEIVED, owner=Role.DEPARTMENT_MANAGER),
    State(PLAN_STARTED, Milestone.CLASSIFIED, owner=Role.DEPARTMENT_MANAGER),
    State(AFFECTED_FOUND, Milestone.INVESTIGATED, owner=Role.DEPARTMENT_MANAGER, groups=("affected_known",)),
    State(RESTORED, Milestone.RESOLVED, owner=Role.QUALITY_TEAM, groups=("affected_known",)),
    State(REVIEWED, Milestone.REVISITED, owner=SYSTEM),
    State(ARCHIVED, Milestone.ARCHIVED, final=True),
    State(CALLED_OFF, Milestone.ARCHIVED, final=True),
)

DOWN = before(STATES, Milestone.RESOLVED)
"""While the service is interrupted."""
AFFECTED_KNOWN = in_group(STATES, "affected_known")
"""Once it is known who is affected: much of it is still to be done after the service is restored."""
OPEN = before(STATES, Milestone.REVISITED)

REVIEWERS = (Role.QUALITY_TEAM, Role.EVALUATION_GROUP)
PEOPLE = (*INVESTIGATORS, Role.OPERATIONS, *REVIEWERS)

was_declared = Guard("was_declared", lambda facts, form: "since" in facts.variables)
says_how = Guard(
    "says_how", lambda facts, form: "affected" in facts.variables and (form.how is not None or not facts.actor)
)
customers_told = Guard("customers_told", lambda facts, form: facts.variables.get("tellings", 0) > 0)
some_affected = Guard("some_affected", lambda facts, form: facts.variables.get("affected", 0) > 0)

INTERRUPTION = Lifecycle(
    kind="interruption",
    prefix="in",
    initial=REPORTED,
    internal=True,
    states=STATES,
    moves=(
        Move("declare", DOWN, STAY, roles=PEOPLE, form=Declaration),
        Move("start_plan", (REPORTED,), PLAN_STARTED, roles=MANAGERS, form=ContingencyPlan, guard=was_declared),
        Move("find_affected", (PLAN_STARTED,), AFFECTED_FOUND, roles=PEOPLE, form=Criteria),
        Move("find_affected", AFFECTED_KNOWN, STAY, roles=PEOPLE, form=Criteria),
        Move("restore", (PLAN_STARTED, AFFECTED_FOUND), RESTORED, roles=(*MANAGERS, Role.OPERATIONS), form=Restoration),
        Move(
            "review",
            (RESTORED,),
            REVIEWED,
            roles=REVIEWERS,
            form=Postmortem,
            guard=customers_told,
            separate_from=("start_plan",),
        ),
        Move("archive", (REVIEWED,), ARCHIVED, roles=(*REVIEWERS, SYSTEM)),
        Move("call_off", (REPORTED, PLAN_STARTED), CALLED_OFF, roles=MANAGERS[1:], form=Reason),
        # What the reactions find and do is recorded here; a person tells those whom no mail reaches.
        Move("affected", (*AFFECTED_KNOWN, REVIEWED), STAY, roles=(SYSTEM,), form=Affected),
        Move(
            "confirm_told",
            (*AFFECTED_KNOWN, REVIEWED),
            STAY,
            roles=(*PEOPLE, SYSTEM),
            form=Told,
            guard=says_how,
            counts="tellings",
        ),
        Move("grant_time", AFFECTED_KNOWN, STAY, roles=MANAGERS[1:], form=TimeGrant, guard=some_affected),
        Move("time_granted", (*AFFECTED_KNOWN, REVIEWED), STAY, roles=(SYSTEM,), form=TimeGranted),
        Move("record_loss", OPEN, STAY, roles=PEOPLE, form=Loss, counts="losses"),
        Move("record_mitigation", OPEN, STAY, roles=PEOPLE, form=Mitigation, counts="mitigations"),
        *everyday_moves(OPEN, PEOPLE),
        *attaching(STATES, PEOPLE),
    ),
    clauses=(
        Clause("contingency_start", (REPORTED,), met_by=("start_plan",), internal=True),
        # The customers' right to know (知情权).
        Clause("tell_affected", OPEN, met_by=("confirm_told",), renewed_by=("find_affected",), internal=True),
        Clause("interruption_review", (RESTORED,), met_by=("review",), internal=True),
        Clause("archive", (REVIEWED,), then="archive"),
    ),
)

lawful(INTERRUPTION)
