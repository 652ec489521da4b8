"""The whole life of an interruption of the service (G1): declared, planned against, restored, and learned from."""

from statemachines.everyday import everyday
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

RECEIVED, CLASSIFIED, INVESTIGATED = "received", "classified", "investigated"
RESOLVED, REVISITED, ARCHIVED = "resolved", "revisited", "archived"
CALLED_OFF = "called_off"

DOWN = (RECEIVED, CLASSIFIED, INVESTIGATED)
"""While the service is interrupted."""
CARED_FOR = (INVESTIGATED, RESOLVED)
"""Once it is known who is affected: much of it is still to be done after the service is restored."""
OPEN = (*DOWN, RESOLVED)

SYSTEM = Role.SYSTEM
REVIEWERS = (Role.QUALITY_TEAM, Role.EVALUATION_GROUP)
PEOPLE = (*INVESTIGATORS, Role.OPERATIONS, *REVIEWERS)

was_declared = Guard("was_declared", lambda facts, form: "since" in facts.variables)
affected_known = Guard("affected_known", lambda facts, form: "affected" in facts.variables)
customers_told = Guard("customers_told", lambda facts, form: facts.variables.get("tellings", 0) > 0)
some_affected = Guard("some_affected", lambda facts, form: facts.variables.get("affected", 0) > 0)

INTERRUPTION = Lifecycle(
    kind="interruption",
    prefix="in",
    initial=RECEIVED,
    internal=True,
    states=(
        State(RECEIVED, Milestone.RECEIVED, owner=Role.DEPARTMENT_MANAGER),
        State(CLASSIFIED, Milestone.CLASSIFIED, owner=Role.DEPARTMENT_MANAGER),
        State(INVESTIGATED, Milestone.INVESTIGATED, owner=Role.DEPARTMENT_MANAGER),
        State(RESOLVED, Milestone.RESOLVED, owner=Role.QUALITY_TEAM),
        State(REVISITED, Milestone.REVISITED, owner=SYSTEM),
        State(ARCHIVED, Milestone.ARCHIVED, final=True),
        State(CALLED_OFF, Milestone.ARCHIVED, final=True),
    ),
    moves=(
        Move("declare", DOWN, STAY, roles=PEOPLE, form=Declaration),
        Move("start_plan", (RECEIVED,), CLASSIFIED, roles=MANAGERS, form=ContingencyPlan, guard=was_declared),
        Move("find_affected", (CLASSIFIED,), INVESTIGATED, roles=PEOPLE, form=Criteria),
        Move("find_affected", CARED_FOR, STAY, roles=PEOPLE, form=Criteria),
        Move("restore", (CLASSIFIED, INVESTIGATED), RESOLVED, roles=(*MANAGERS, Role.OPERATIONS), form=Restoration),
        Move(
            "review",
            (RESOLVED,),
            REVISITED,
            roles=REVIEWERS,
            form=Postmortem,
            guard=customers_told,
            separate_from=("start_plan",),
        ),
        Move("archive", (REVISITED,), ARCHIVED, roles=(*REVIEWERS, SYSTEM)),
        Move("call_off", (RECEIVED, CLASSIFIED), CALLED_OFF, roles=MANAGERS[1:], form=Reason),
        # What the reactions find and do is recorded here; a person tells those whom no mail reaches.
        Move("affected", (*CARED_FOR, REVISITED), STAY, roles=(SYSTEM,), form=Affected),
        Move(
            "confirm_told",
            (*CARED_FOR, REVISITED),
            STAY,
            roles=(*PEOPLE, SYSTEM),
            form=Told,
            guard=affected_known,
            counts="tellings",
        ),
        Move("grant_time", CARED_FOR, STAY, roles=MANAGERS[1:], form=TimeGrant, guard=some_affected),
        Move("time_granted", (*CARED_FOR, REVISITED), STAY, roles=(SYSTEM,), form=TimeGranted),
        Move("record_loss", OPEN, STAY, roles=PEOPLE, form=Loss, counts="losses"),
        Move("record_mitigation", OPEN, STAY, roles=PEOPLE, form=Mitigation, counts="mitigations"),
        *everyday(OPEN, PEOPLE),
    ),
    clauses=(
        Clause("contingency_start", (RECEIVED,), met_by=("start_plan",), internal=True),
        # The customers' right to know (知情权).
        Clause("tell_affected", OPEN, met_by=("confirm_told",), internal=True),
        Clause("interruption_review", (RESOLVED,), met_by=("review",), internal=True),
        Clause("archive", (REVISITED,), then="archive"),
    ),
)

lawful(INTERRUPTION)
