"""The lifecycle of an entry in the ledger of rewards and penalties (E5): proposed, decided by a second person, kept."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from models.exact_number import EXACT
from statemachines.appeal_moves import appealable
from statemachines.form_model import KNOWN_CASE, ON_CASE, VARIABLE, Department, Form, Handle, Number, Numbers, Personal
from statemachines.forms import Reason
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Facts, Guard, Lifecycle, Milestone, Move, State
from statemachines.roles import MANAGERS, Role
from statemachines.shared_moves import attaching, everyday_moves
from statemachines.state_groups import before

OPENED, PROPOSED, ENTERED = "opened", "proposed", "entered"
ARCHIVED, DECLINED = "archived", "declined"

SYSTEM = Role.SYSTEM

STATES = (
    State(OPENED, Milestone.RECEIVED, owner=Role.HR),
    State(PROPOSED, Milestone.CLASSIFIED, owner=Role.HR),
    State(ENTERED, Milestone.RESOLVED, owner=SYSTEM),
    State(ARCHIVED, Milestone.ARCHIVED, final=True),
    State(DECLINED, Milestone.ARCHIVED, final=True),
)

LIVE = before(STATES, Milestone.ARCHIVED)

PROPOSERS = (Role.HR, *MANAGERS, Role.QUALITY_TEAM, Role.EVALUATION_GROUP)
DECIDERS = (Role.HR, Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER)
BARRED = ("concerned", "proposed_by")
"""Whom the entry concerns, and who asked for it, has no part in the decision (F3)."""


class Sort(StrEnum):
    """What is entered: rewards first, then penalties; a counter-entry takes back what an earlier entry said."""

    COMMENDATION = "commendation"
    BONUS = "bonus"
    CERTIFICATE_OF_HONOUR = "certificate_of_honour"
    PROMOTION = "promotion"
    FURTHER_TRAINING = "further_training"
    REPRIMAND = "reprimand"
    DEDUCTION = "deduction"
    DEMOTION = "demotion"
    DISMISSAL = "dismissal"
    COUNTER_ENTRY = "counter_entry"


MONEY = frozenset({Sort.BONUS, Sort.DEDUCTION})
"""The sorts that have an amount; a counter-entry may have one."""


PREFIX = "le"
EntryNumber = Annotated[str, Field(pattern=rf"^{PREFIX}-\d{{2}}-\d{{6,}}$")]
"""The number of an entry."""


class Entry(Form):
    """What a person, or without one his department, is given or charged, in fen, and the cases that show why.

    A counter-entry names the entry that it corrects; that one stays as it was written.
    """

    sort: Annotated[Sort, VARIABLE]
    department: Annotated[Department, ON_CASE, VARIABLE]
    concerned: Annotated[Handle | None, VARIABLE] = None
    amount: Annotated[int, Field(ge=0), EXACT, VARIABLE] = 0
    evidence: Annotated[Numbers, VARIABLE]
    grounds: Personal
    corrects: Annotated[EntryNumber | None, KNOWN_CASE, VARIABLE] = None
    proposed_by: Annotated[Handle | None, VARIABLE] = None


class Decision(Form):
    """Why the entry is made, in words for whom it concerns."""

    reasons: Personal


class Correction(Form):
    """The entry that corrects this one."""

    case: Annotated[Number, VARIABLE]


def _whole(facts: Facts, form: Any) -> bool:
    counter = form.sort is Sort.COUNTER_ENTRY
    amount = counter or (form.sort in MONEY) == (form.amount > 0)
    return amount and counter == (form.corrects is not None) and (not facts.actor or form.concerned != facts.actor)


whole_entry = Guard("whole_entry", _whole)

LEDGER_ENTRY = Lifecycle(
    kind="ledger_entry",
    prefix=PREFIX,
    initial=OPENED,
    internal=True,
    decisions=("enter",),
    preparations=("propose",),
    readers=(*PROPOSERS, Role.AUDITOR),
    shown_to=("concerned",),
    states=STATES,
    moves=(
        Move("propose", (OPENED,), PROPOSED, roles=(*PROPOSERS, SYSTEM), form=Entry, guard=whole_entry),
        Move("enter", (PROPOSED,), ENTERED, roles=DECIDERS, form=Decision, separate_from=("propose",), recused=BARRED),
        Move(
            "decline",
            (OPENED, PROPOSED),
            DECLINED,
            roles=DECIDERS,
            form=Reason,
            separate_from=("propose",),
            recused=BARRED,
        ),
        # Nothing is edited: a counter-entry corrects it, by the same two people's way.
        Move("corrected", (ENTERED, ARCHIVED), STAY, roles=(SYSTEM,), form=Correction, counts="corrections"),
        Move("archive", (ENTERED,), ARCHIVED, roles=(SYSTEM,)),
        *appealable((ENTERED, ARCHIVED)),
        *everyday_moves(LIVE, PROPOSERS),
        *attaching(STATES, PROPOSERS),
    ),
    clauses=(
        Clause("entry_decision", (OPENED, PROPOSED), met_by=("enter", "decline"), internal=True),
        Clause("archive", during=(ENTERED,), then="archive"),
    ),
)

lawful(LEDGER_ENTRY)
