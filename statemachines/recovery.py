"""The lifecycle of a recovery (B4): what was paid for is claimed back, comes in or is written off by two people."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from models.exact_number import EXACT
from models.instants import Instant
from statemachines.form_model import VARIABLE, Form, Personal
from statemachines.forms import Reason
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Facts, Guard, Lifecycle, Milestone, Move, State
from statemachines.roles import DESK, INVESTIGATORS, MANAGERS, Role
from statemachines.shared_moves import attaching, everyday_moves
from statemachines.state_groups import before

OPENED, CLAIMED, WRITE_OFF_PROPOSED = "opened", "claimed", "write_off_proposed"
CLEARED, ARCHIVED = "cleared", "archived"

SYSTEM = Role.SYSTEM

STATES = (
    State(OPENED, Milestone.RECEIVED, owner=Role.DEPARTMENT_MANAGER),
    State(CLAIMED, Milestone.CLASSIFIED, owner=Role.HANDLER),
    State(WRITE_OFF_PROPOSED, Milestone.INVESTIGATED, owner=Role.DEPARTMENT_MANAGER),
    State(CLEARED, Milestone.RESOLVED, owner=SYSTEM),
    State(ARCHIVED, Milestone.ARCHIVED, final=True),
)

LIVE = before(STATES, Milestone.ARCHIVED)
Fen = Annotated[int, Field(ge=1), EXACT]


class Claim(Form):
    """What is claimed, in fen, and by when it is to be paid if that was agreed."""

    claimed: Annotated[Fen, VARIABLE]
    due_at: Instant | None = None
    reason: Personal | None = None


class Payment(Form):
    """What came in, and what has come in so far with it, in fen."""

    amount: Fen
    recovered: Annotated[Fen, VARIABLE]


class WriteOffReason(StrEnum):
    INSOLVENT = "insolvent"
    NOT_TRACEABLE = "not_traceable"
    NOT_WORTH_IT = "not_worth_it"
    CLAIM_UNFOUNDED = "claim_unfounded"


class WriteOffProposal(Form):
    """Why no more will come in: coded, for a second person's approval."""

    code: WriteOffReason
    reason: Personal


class WriteOff(Form):
    """What is written off, in fen: all that is still outstanding."""

    written_off: Annotated[Fen, VARIABLE]


def outstanding(facts: Facts) -> int:
    """Return the claimed amount that was not paid yet, in fen."""
    return facts.variables.get("claimed", 0) - facts.variables.get("recovered", 0)


def _adds_up(facts: Facts, form: Any) -> bool:
    return form.recovered == facts.variables.get("recovered", 0) + form.amount


adds_up = Guard("adds_up", lambda facts, form: _adds_up(facts, form) and form.amount <= outstanding(facts))
all_in = Guard("all_in", lambda facts, form: outstanding(facts) == 0)
all_outstanding = Guard("all_outstanding", lambda facts, form: form.written_off == outstanding(facts))

RECOVERY = Lifecycle(
    kind="recovery",
    prefix="rc",
    initial=OPENED,
    internal=True,
    states=STATES,
    moves=(
        Move("claim", (OPENED,), CLAIMED, roles=(*MANAGERS, SYSTEM), form=Claim),
        Move("receive_payment", (CLAIMED,), STAY, roles=INVESTIGATORS, form=Payment, guard=adds_up),
        Move("settle", (CLAIMED,), CLEARED, roles=INVESTIGATORS, guard=all_in),
        Move("propose_write_off", (CLAIMED,), WRITE_OFF_PROPOSED, roles=DESK, form=WriteOffProposal),
        Move(
            "write_off",
            (WRITE_OFF_PROPOSED,),
            CLEARED,
            roles=MANAGERS[1:],
            form=WriteOff,
            guard=all_outstanding,
            separate_from=("claim", "propose_write_off"),
        ),
        Move("decline_write_off", (WRITE_OFF_PROPOSED,), CLAIMED, roles=MANAGERS[1:], form=Reason),
        Move("archive", (CLEARED,), ARCHIVED, roles=(*MANAGERS, SYSTEM)),
        *everyday_moves(LIVE, INVESTIGATORS),
        *attaching(STATES, INVESTIGATORS),
    ),
    clauses=(
        Clause(
            "recovery_payment",
            (CLAIMED,),
            (WRITE_OFF_PROPOSED,),
            met_by=("settle",),
            started_by=("claim",),
            due_field="due_at",
            internal=True,
        ),
        Clause("recovery_claim", (OPENED,), met_by=("claim",), internal=True),
        Clause("write_off_decision", (WRITE_OFF_PROPOSED,), met_by=("write_off", "decline_write_off"), internal=True),
        Clause("archive", (CLEARED,), then="archive"),
    ),
)

lawful(RECOVERY)
