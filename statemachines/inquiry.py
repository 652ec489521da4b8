"""The whole life of an inquiry: a consultation answered, a suggestion assessed, a praise passed on, a lead pursued."""

from typing import Any

from statemachines.everyday import asking_customer, calling_in_vain, everyday, promise_clause, promising
from statemachines.forms import Child, Merge, Message, Reason, Survey
from statemachines.guards import another_round, out_of_rounds, satisfied
from statemachines.inquiry_forms import (
    Assessment,
    Commendation,
    Complained,
    Found,
    Lost,
    Nature,
    Offer,
    Qualification,
    Reply,
    Routing,
    Thanks,
    Won,
)
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Facts, Guard, Lifecycle, Milestone, Move, State
from statemachines.roles import DESK, INVESTIGATORS, MANAGERS, Role

RECEIVED, CLASSIFIED, INVESTIGATED = "received", "classified", "investigated"
OFFERED, PURSUED = "offered", "pursued"
RESOLVED, REVISITED, SETTLED, ARCHIVED = "resolved", "revisited", "settled", "archived"
WAITING, MERGED, WITHDRAWN, CONVERTED = "waiting_for_customer", "merged", "withdrawn", "converted"

ASKING = (RECEIVED, CLASSIFIED, INVESTIGATED)
"""Where the customer may be asked for more."""
OPEN = (*ASKING, OFFERED, PURSUED, WAITING, RESOLVED)
LIVE = (*OPEN, REVISITED, SETTLED)

SYSTEM, IMPORT = Role.SYSTEM, Role.IMPORT
SALES = (Role.SALESPERSON, Role.KEY_ACCOUNT_MANAGER, *MANAGERS)
CALLERS = (*INVESTIGATORS, Role.QUALITY_TEAM, SYSTEM)
HANDLED = ("investigate", "assess", "answer")
"""Whoever did this does not call back (F3)."""


def nature_of(facts: Facts) -> Nature:
    """What the customer wants; an inquiry that says nothing of it is a consultation."""
    return Nature(facts.known.get("nature", Nature.CONSULTATION))


def _commends(facts: Facts, form: Any) -> bool:
    """Nobody passes a praise of himself on (F3)."""
    named = form.commended is not None or form.commended_department is not None
    return nature_of(facts) is Nature.PRAISE and named and (form.commended is None or form.commended != facts.me)


is_question = Guard("is_question", lambda facts, form: nature_of(facts) is Nature.CONSULTATION)
is_suggestion = Guard("is_suggestion", lambda facts, form: nature_of(facts) is Nature.SUGGESTION)
is_praise = Guard("is_praise", lambda facts, form: nature_of(facts) is Nature.PRAISE)
is_no_praise = Guard("is_no_praise", lambda facts, form: nature_of(facts) is not Nature.PRAISE)
is_lead = Guard("is_lead", lambda facts, form: nature_of(facts) is Nature.LEAD)
commends_another = Guard("commends_another", _commends)

INQUIRY = Lifecycle(
    kind="inquiry",
    prefix="iq",
    initial=RECEIVED,
    natures=tuple(nature.value for nature in Nature),
    states=(
        State(RECEIVED, Milestone.RECEIVED, owner=Role.AGENT),
        State(CLASSIFIED, Milestone.CLASSIFIED, owner=Role.HANDLER),
        State(OFFERED, Milestone.CLASSIFIED, owner=Role.SALESPERSON),
        State(INVESTIGATED, Milestone.INVESTIGATED, owner=Role.AGENT),
        State(PURSUED, Milestone.INVESTIGATED, owner=Role.SALESPERSON),
        State(WAITING, Milestone.INVESTIGATED, owner=Role.CUSTOMER),
        State(RESOLVED, Milestone.RESOLVED, owner=Role.AGENT),
        State(REVISITED, Milestone.REVISITED, owner=SYSTEM),
        State(SETTLED, Milestone.REVISITED, owner=SYSTEM),
        State(ARCHIVED, Milestone.ARCHIVED, final=True),
        State(MERGED, Milestone.ARCHIVED, final=True),
        State(WITHDRAWN, Milestone.ARCHIVED, final=True),
        State(CONVERTED, Milestone.ARCHIVED, final=True),
    ),
    moves=(
        Move("classify", (RECEIVED,), CLASSIFIED, by=(*DESK, SYSTEM, IMPORT), asks=Routing),
        # A consultation: the desk answers at once, or the department finds out first.
        Move("investigate", (CLASSIFIED,), INVESTIGATED, by=(*INVESTIGATORS, IMPORT), asks=Found, when=is_question),
        Move("answer", (RECEIVED, CLASSIFIED), RESOLVED, by=(*INVESTIGATORS, IMPORT), asks=Reply, when=is_question),
        Move("answer", (INVESTIGATED,), RESOLVED, by=(*INVESTIGATORS, IMPORT), asks=Reply, when=is_no_praise),
        # A suggestion is assessed before it is answered; a praise is passed on before the customer is thanked.
        Move("assess", (CLASSIFIED,), INVESTIGATED, by=INVESTIGATORS, asks=Assessment, when=is_suggestion),
        Move(
            "commend", (RECEIVED, CLASSIFIED), INVESTIGATED, by=INVESTIGATORS, asks=Commendation, when=commends_another
        ),
        Move("thank", (INVESTIGATED,), SETTLED, by=INVESTIGATORS, asks=Thanks, when=is_praise),
        # A lead is a salesperson's (D2).
        Move("offer", (RECEIVED, CLASSIFIED), OFFERED, by=(*DESK, SYSTEM), asks=Offer, when=is_lead),
        Move("qualify", (OFFERED,), PURSUED, by=SALES, asks=Qualification),
        Move("win", (PURSUED,), SETTLED, by=SALES, asks=Won),
        Move("lose", (OFFERED, PURSUED), SETTLED, by=SALES, asks=Lost),
        # The callback, where the pack wants one (D1); out of rounds, the matter becomes a complaint.
        *(
            Move("revisit", (RESOLVED,), dest, by=CALLERS, asks=Survey, when=when, reopens=again, apart=HANDLED)
            for dest, when, again in (
                (REVISITED, satisfied, False),
                (CLASSIFIED, another_round, True),
                (CONVERTED, out_of_rounds, False),
            )
        ),
        *calling_in_vain(RESOLVED, REVISITED, CALLERS),
        Move("skip_revisit", (RESOLVED,), SETTLED, by=(SYSTEM,)),
        Move("archive", (REVISITED, SETTLED), ARCHIVED, by=(*MANAGERS, SYSTEM)),
        # The customer is asked, and answers: the clocks rest in between (A4).
        *asking_customer(ASKING, WAITING),
        # Ends other than the archive.
        Move("turn_into_complaint", LIVE, CONVERTED, by=INVESTIGATORS, asks=Complained),
        Move("withdraw", OPEN, WITHDRAWN, by=DESK, asks=Reason),
        Move("merge", OPEN, MERGED, by=DESK, asks=Merge, hands_on=True),
        Move("absorb", OPEN, STAY, by=(SYSTEM,), asks=Child, adopts=True),
        # What is done without the inquiry moving on.
        Move("acknowledge", LIVE, STAY, by=(SYSTEM,)),
        Move("reply", OPEN, STAY, by=INVESTIGATORS, asks=Message),
        *promising(OPEN, INVESTIGATORS),
        *everyday(OPEN, INVESTIGATORS),
    ),
    clauses=(
        Clause(
            "first_reply",
            during=(*ASKING, OFFERED),
            pauses=(WAITING,),
            kept_by=("reply", "answer", "thank", "qualify"),
            answers=True,
            once=True,
        ),
        Clause("answer_inquiry", during=ASKING, pauses=(WAITING,), kept_by=("answer", "thank"), answers=True),
        Clause("pursue_lead", during=(OFFERED, PURSUED), kept_by=("win", "lose"), internal=True),
        promise_clause(OPEN),
        # Internal, for a pack that asks for no such callback need not say how soon it is made.
        Clause("revisit", during=(RESOLVED,), kept_by=("revisit", "unreachable"), internal=True),
        Clause("archive", during=(REVISITED, SETTLED), then="archive"),
    ),
)

lawful(INQUIRY)
