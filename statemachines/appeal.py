"""The lifecycle of a staff appeal (E4, F2): against a penalty or an evaluation, heard by an impartial panel."""

from dataclasses import replace
from enum import StrEnum
from typing import Annotated

from statemachines.conflict_of_interest import STAFF, himself, names_none_of
from statemachines.form_model import RECORDED, VARIABLE, Form, Handle, Personal
from statemachines.forms import About, Reason
from statemachines.guards import previous_state
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Guard, Lifecycle, Milestone, Move, State
from statemachines.roles import Role
from statemachines.shared_moves import attaching, everyday_moves
from statemachines.state_groups import before, in_group

LODGED, TAKEN_UP, ADMITTED = "lodged", "taken_up", "admitted"
REVERIFYING, REVERIFIED = "reverifying", "reverified"
DECIDED, ARCHIVED = "decided", "archived"
ADMISSION_REVIEW, REFUSED, WITHDRAWN = "admission_review", "refused", "withdrawn"

SYSTEM = Role.SYSTEM

STATES = (
    State(LODGED, Milestone.RECEIVED, owner=Role.HR, groups=("refusable",)),
    State(TAKEN_UP, Milestone.CLASSIFIED, owner=SYSTEM, groups=("refusable",)),
    State(ADMITTED, Milestone.CLASSIFIED, owner=Role.EVALUATION_GROUP, groups=("refusable",)),
    State(ADMISSION_REVIEW, Milestone.CLASSIFIED, owner=Role.EVALUATION_GROUP),
    State(REVERIFYING, Milestone.INVESTIGATED, owner=Role.APPEAL_PANEL, person="panel_lead"),
    State(REVERIFIED, Milestone.INVESTIGATED, owner=Role.APPEAL_PANEL),
    State(DECIDED, Milestone.RESOLVED, owner=SYSTEM),
    State(ARCHIVED, Milestone.ARCHIVED, final=True),
    State(REFUSED, Milestone.ARCHIVED, final=True),
    State(WITHDRAWN, Milestone.ARCHIVED, final=True),
)

REFUSABLE = in_group(STATES, "refusable")
"""Where it may turn out that this cannot be appealed, or not any more."""
UNDECIDED, LIVE = before(STATES, Milestone.RESOLVED), before(STATES, Milestone.ARCHIVED)

OFFICE = (Role.EVALUATION_GROUP, Role.HR)
PANEL = (Role.APPEAL_PANEL,)
PEOPLE = (*OFFICE, *PANEL, Role.GENERAL_MANAGER)

CONCERNED = ("appellant", "decided_by", "investigated_by")
"""Neither who appeals nor who decided or investigated has a part in the hearing (F3)."""


class Dispute(About):
    """The case whose decision is disputed, and by whom; its record says who decided and who prepared the decision."""

    appellant: Annotated[Handle, VARIABLE]
    decided_by: Annotated[Handle | None, VARIABLE, RECORDED] = None
    investigated_by: Annotated[Handle | None, VARIABLE, RECORDED] = None


class Panel(Form):
    """Who leads the panel."""

    panel_lead: Annotated[Handle, VARIABLE]


class Reverification(Form):
    """What the panel found when it looked again."""

    findings: Personal


class Upheld(Form):
    """What must be put right, and whether what rested on the decision is reckoned again (E4)."""

    correction: Personal
    recompute: Annotated[bool, VARIABLE] = True


class Dismissed(Form):
    """Why the decision stands, in words for the appellant."""

    reasons: Personal


class Inadmissible(StrEnum):
    LATE = "late"
    NOT_APPEALABLE = "not_appealable"
    ALREADY_HEARD = "already_heard"
    NOT_CONCERNED = "not_concerned"


class RefusalProposal(Form):
    """Why the appeal should not be heard: coded, for a second person's review; the system knows the code alone."""

    code: Inadmissible
    reason: Personal | None = None


class Refusal(Form):
    """The reviewed reason, and what the appellant is told (A7)."""

    code: Inadmissible
    told: Personal


takes_no_part = Guard(
    "takes_no_part",
    lambda facts, form: not facts.actor or facts.actor not in {getattr(form, name) for name in CONCERNED},
)
impartial_panel = Guard("impartial_panel", lambda facts, form: names_none_of(form.panel_lead, facts, CONCERNED))

APPEAL = Lifecycle(
    kind="appeal",
    prefix="ap",
    initial=LODGED,
    internal=True,
    readers=(*PEOPLE, Role.AUDITOR),
    hidden_from=CONCERNED,
    states=STATES,
    moves=(
        Move("take_up", (LODGED,), TAKEN_UP, roles=(*OFFICE, SYSTEM), form=Dispute, guard=takes_no_part),
        # The disputed case recorded the appeal and may be disputed.
        Move("admit", (TAKEN_UP,), ADMITTED, roles=(SYSTEM,), counts="admitted"),
        *(
            Move(
                "form_panel",
                (source,),
                dest,
                roles=OFFICE,
                form=Panel,
                guard=impartial_panel,
                recused=CONCERNED,
                impartial_to="about",
            )
            for source, dest in ((ADMITTED, REVERIFYING), (REVERIFYING, STAY), (REVERIFIED, STAY))
        ),
        # Whoever took part in the disputed case, as a witness or an assessor, does not sit on the panel.
        Move(
            "reverify",
            (REVERIFYING,),
            REVERIFIED,
            roles=PANEL,
            form=Reverification,
            recused=CONCERNED,
            impartial_to="about",
        ),
        *(
            Move(
                name,
                (REVERIFIED,),
                DECIDED,
                roles=PANEL,
                form=form,
                separate_from=("reverify",),
                recused=CONCERNED,
                impartial_to="about",
            )
            for name, form in (("uphold_appeal", Upheld), ("dismiss_appeal", Dismissed))
        ),
        Move("archive", (DECIDED,), ARCHIVED, roles=(SYSTEM,)),
        Move("withdraw", (LODGED,), WITHDRAWN, roles=OFFICE, form=Reason),
        Move("withdraw", UNDECIDED[1:], WITHDRAWN, roles=STAFF, form=Reason, guard=himself("appellant")),
        # Whether an appeal comes too late, or against nothing that can be disputed, two people say.
        Move(
            "propose_refusal",
            REFUSABLE,
            ADMISSION_REVIEW,
            roles=(*OFFICE, SYSTEM),
            form=RefusalProposal,
            recused=CONCERNED,
        ),
        Move(
            "refuse",
            (ADMISSION_REVIEW,),
            REFUSED,
            roles=OFFICE,
            form=Refusal,
            separate_from=("propose_refusal",),
            recused=CONCERNED,
        ),
        *(
            Move(
                "take_on",
                (ADMISSION_REVIEW,),
                state,
                roles=OFFICE,
                form=Reason,
                guard=previous_state(state),
                recused=CONCERNED,
            )
            for state in REFUSABLE
        ),
        *(replace(row, recused=CONCERNED) for row in everyday_moves(LIVE, PEOPLE)),
        *(replace(row, recused=CONCERNED) for row in attaching(STATES, PEOPLE)),
    ),
    clauses=(
        Clause("appeal", during=UNDECIDED, met_by=("uphold_appeal", "dismiss_appeal"), internal=True),
        Clause("archive", during=(DECIDED,), then="archive"),
    ),
)

lawful(APPEAL)
