"""The whole life of a recovery (B4): what was paid for is claimed back, comes in or is written off by two people."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from statemachines.asks import KNOWN, Asks, Personal
from statemachines.everyday import everyday
from statemachines.forms import Reason
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Facts, Guard, Lifecycle, Milestone, Move, State
from statemachines.roles import DESK, INVESTIGATORS, MANAGERS, Role

RECEIVED, CLASSIFIED, INVESTIGATED = "received", "classified", "investigated"
RESOLVED, ARCHIVED = "resolved", "archived"

OPEN = (RECEIVED, CLASSIFIED, INVESTIGATED, RESOLVED)
SYSTEM = Role.SYSTEM
Fen = Annotated[int, Field(ge=1)]


class Claim(Asks):
    """What is claimed, in fen, and by when it is to be paid if that was agreed."""

    claimed: Annotated[Fen, KNOWN]
    due_at: AwareDatetime | None = None
    reason: Personal | None = None


class Payment(Asks):
    """What came in, and what has come in so far with it, in fen."""

    amount: Fen
    recovered: Annotated[Fen, KNOWN]


class WriteOffReason(StrEnum):
    INSOLVENT = "insolvent"
    NOT_TRACEABLE = "not_traceable"
    NOT_WORTH_IT = "not_worth_it"
    CLAIM_UNFOUNDED = "claim_unfounded"


class WriteOffProposal(Asks):
    """Why no more will come in: coded, for a second person's approval."""

    code: WriteOffReason
    reason: Personal


class WriteOff(Asks):
    """What is written off, in fen: all that is still outstanding."""

    written_off: Annotated[Fen, KNOWN]


def outstanding(facts: Facts) -> int:
    """What was claimed and has not come in, in fen."""
    return facts.known.get("claimed", 0) - facts.known.get("recovered", 0)


def _adds_up(facts: Facts, form: Any) -> bool:
    return form.recovered == facts.known.get("recovered", 0) + form.amount


adds_up = Guard("adds_up", lambda facts, form: _adds_up(facts, form) and form.amount <= outstanding(facts))
all_in = Guard("all_in", lambda facts, form: outstanding(facts) == 0)
all_outstanding = Guard("all_outstanding", lambda facts, form: form.written_off == outstanding(facts))

RECOVERY = Lifecycle(
    kind="recovery",
    prefix="rc",
    initial=RECEIVED,
    internal=True,
    states=(
        State(RECEIVED, Milestone.RECEIVED, owner=Role.DEPARTMENT_MANAGER),
        State(CLASSIFIED, Milestone.CLASSIFIED, owner=Role.HANDLER),
        State(INVESTIGATED, Milestone.INVESTIGATED, owner=Role.DEPARTMENT_MANAGER),
        State(RESOLVED, Milestone.RESOLVED, owner=SYSTEM),
        State(ARCHIVED, Milestone.ARCHIVED, final=True),
    ),
    moves=(
        Move("claim", (RECEIVED,), CLASSIFIED, by=(*MANAGERS, SYSTEM), asks=Claim),
        Move("receive_payment", (CLASSIFIED,), STAY, by=INVESTIGATORS, asks=Payment, when=adds_up),
        Move("settle", (CLASSIFIED,), RESOLVED, by=INVESTIGATORS, when=all_in),
        Move("propose_write_off", (CLASSIFIED,), INVESTIGATED, by=DESK, asks=WriteOffProposal),
        Move(
            "write_off",
            (INVESTIGATED,),
            RESOLVED,
            by=MANAGERS[1:],
            asks=WriteOff,
            when=all_outstanding,
            apart=("claim", "propose_write_off"),
        ),
        Move("decline_write_off", (INVESTIGATED,), CLASSIFIED, by=MANAGERS[1:], asks=Reason),
        Move("archive", (RESOLVED,), ARCHIVED, by=(*MANAGERS, SYSTEM)),
        *everyday(OPEN, INVESTIGATORS),
    ),
    clauses=(
        Clause(
            "recovery_payment",
            (CLASSIFIED,),
            (INVESTIGATED,),
            kept_by=("settle",),
            opened_by=("claim",),
            due="due_at",
            internal=True,
        ),
        Clause("archive", (RESOLVED,), then="archive"),
    ),
)

lawful(RECOVERY)
