"""The lifecycle of an inquiry: a consultation answered, a suggestion assessed, a praise passed on, a lead pursued."""

from typing import Any

from statemachines.customer_messages import undelivered_message
from statemachines.forms import Child, Merge, MergeConsent, Message, Reason
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
from statemachines.lifecycle import STAY, Clause, Facts, Guard, Lifecycle, Milestone, Move, Speech, State
from statemachines.roles import DESK, INVESTIGATORS, MANAGERS, Role
from statemachines.shared_moves import (
    answer_clause,
    archive_clause,
    archiving,
    asking_customer,
    attaching,
    called_back,
    calling_in_vain,
    coming_back,
    contacted_again,
    everyday_moves,
    handing_back,
    promise_clause,
    promising,
    rounds,
    undoing,
)
from statemachines.state_groups import before, in_group

RECEIVED, CLASSIFIED, AWAITING_ANSWER = "received", "classified", "awaiting_answer"
OFFERED, PURSUED = "offered", "pursued"
ANSWERED, REVISITED, SETTLED, ARCHIVED = "answered", "revisited", "settled", "archived"
WAITING, MERGED, WITHDRAWN, CONVERTED = "waiting_for_customer", "merged", "withdrawn", "converted"

SYSTEM, IMPORT = Role.SYSTEM, Role.IMPORT

STATES = (
    State(RECEIVED, Milestone.RECEIVED, owner=Role.AGENT, groups=("unanswered", "asking")),
    State(CLASSIFIED, Milestone.CLASSIFIED, owner=Role.HANDLER, groups=("unanswered", "asking")),
    State(OFFERED, Milestone.CLASSIFIED, owner=Role.SALESPERSON, groups=("unanswered",)),
    State(AWAITING_ANSWER, Milestone.INVESTIGATED, owner=Role.AGENT, groups=("unanswered", "asking")),
    State(PURSUED, Milestone.INVESTIGATED, owner=Role.SALESPERSON),
    State(WAITING, Milestone.INVESTIGATED, owner=Role.CUSTOMER),
    State(ANSWERED, Milestone.RESOLVED, owner=Role.AGENT),
    State(REVISITED, Milestone.REVISITED, owner=SYSTEM),
    State(SETTLED, Milestone.REVISITED, owner=SYSTEM),
    State(ARCHIVED, Milestone.ARCHIVED, final=True),
    State(MERGED, Milestone.ARCHIVED, final=True),
    State(WITHDRAWN, Milestone.ARCHIVED, final=True),
    State(CONVERTED, Milestone.ARCHIVED, final=True),
)

UNANSWERED = in_group(STATES, "unanswered")
"""Where the customer awaits our first reply."""
ASKING = in_group(STATES, "asking")
"""Where the customer may be asked for more."""
OPEN, LIVE = before(STATES, Milestone.REVISITED), before(STATES, Milestone.ARCHIVED)

SALES = (Role.SALESPERSON, Role.KEY_ACCOUNT_MANAGER, *MANAGERS)
CALLERS = (*INVESTIGATORS, Role.QUALITY_TEAM, SYSTEM)
ANSWER = Speech(("answer",))
HANDLED = ("investigate", "assess", "answer", "reply")
"""The customer judges this at the callback: whoever did it does not call back (F3)."""


def nature_of(facts: Facts) -> Nature:
    """Return the nature of an inquiry; one without a nature is a consultation."""
    return Nature(facts.variables.get("nature", Nature.CONSULTATION))


def _commends(facts: Facts, form: Any) -> bool:
    """Return whether a praise names whom it praises, and the actor is somebody else (F3)."""
    named = form.commended is not None or form.commended_department is not None
    return nature_of(facts) is Nature.PRAISE and named and (form.commended is None or form.commended != facts.actor)


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
    states=STATES,
    moves=(
        Move("classify", (RECEIVED,), CLASSIFIED, roles=(*DESK, SYSTEM, IMPORT), form=Routing),
        # A consultation: the desk answers at once, or the department finds out first.
        Move(
            "investigate", (CLASSIFIED,), AWAITING_ANSWER, roles=(*INVESTIGATORS, IMPORT), form=Found, guard=is_question
        ),
        Move(
            "answer",
            (RECEIVED, CLASSIFIED),
            ANSWERED,
            roles=(*INVESTIGATORS, IMPORT),
            form=Reply,
            guard=is_question,
            speaks=ANSWER,
        ),
        Move(
            "answer",
            (AWAITING_ANSWER,),
            ANSWERED,
            roles=(*INVESTIGATORS, IMPORT),
            form=Reply,
            guard=is_no_praise,
            speaks=ANSWER,
        ),
        Move("answer", (ANSWERED,), STAY, roles=INVESTIGATORS, form=Reply, speaks=ANSWER),  # the first did not arrive
        # A suggestion is assessed before it is answered; a praise is passed on before the customer is thanked.
        Move("assess", (CLASSIFIED,), AWAITING_ANSWER, roles=INVESTIGATORS, form=Assessment, guard=is_suggestion),
        Move(
            "commend",
            (RECEIVED, CLASSIFIED),
            AWAITING_ANSWER,
            roles=INVESTIGATORS,
            form=Commendation,
            guard=commends_another,
        ),
        Move(
            "thank",
            (AWAITING_ANSWER,),
            SETTLED,
            roles=INVESTIGATORS,
            form=Thanks,
            guard=is_praise,
            speaks=Speech(("thanks",)),
        ),
        # A lead is a salesperson's (D2).
        Move("offer", (RECEIVED, CLASSIFIED), OFFERED, roles=(*DESK, SYSTEM), form=Offer, guard=is_lead),
        Move("qualify", (OFFERED,), PURSUED, roles=SALES, form=Qualification, speaks=Speech(("told",))),
        Move("win", (PURSUED,), SETTLED, roles=SALES, form=Won),
        Move("lose", (OFFERED, PURSUED), SETTLED, roles=SALES, form=Lost),
        # The callback, where the pack wants one (D1); out of rounds, the matter becomes a complaint.
        *called_back(rounds(ANSWERED, REVISITED, CLASSIFIED, CONVERTED), CALLERS, HANDLED, converted=CONVERTED),
        *calling_in_vain(ANSWERED, REVISITED, CALLERS, HANDLED),
        Move("skip_revisit", (ANSWERED,), SETTLED, roles=(SYSTEM,)),
        *archiving((REVISITED, SETTLED), ARCHIVED),
        # The customer is asked, and answers: the timers are paused in between (A4).
        *asking_customer(ASKING, WAITING),
        *handing_back(
            ("hand_back", (AWAITING_ANSWER,), CLASSIFIED),
            ("hand_back_to_desk", (CLASSIFIED, AWAITING_ANSWER), RECEIVED),
        ),
        # Ends other than the archive.
        # The complaint takes over what was promised to the customer.
        Move("turn_into_complaint", LIVE, CONVERTED, roles=INVESTIGATORS, form=Complained, releases_timers=True),
        Move("withdraw", OPEN, WITHDRAWN, roles=(*DESK, Role.CUSTOMER), form=Reason),
        Move("consent_to_merge", OPEN, STAY, roles=DESK, form=MergeConsent),
        Move("merge", OPEN, MERGED, roles=DESK, form=Merge, releases_timers=True),
        Move("absorb", OPEN, STAY, roles=(SYSTEM,), form=Child, inherits_timers=True),
        # The customer comes back with it, or a manager undoes a mistaken end: a new cycle.
        *contacted_again(OPEN),
        *coming_back((REVISITED, SETTLED), (ARCHIVED,), CLASSIFIED),
        *undoing((WITHDRAWN, MERGED), RECEIVED),
        # What is done without the inquiry moving on.
        Move("acknowledge", LIVE, STAY, roles=(SYSTEM,)),
        Move("reply", OPEN, STAY, roles=INVESTIGATORS, form=Message, speaks=Speech(("message",))),
        *undelivered_message(STATES),
        *promising(LIVE, INVESTIGATORS),
        *everyday_moves(LIVE, INVESTIGATORS),
        *attaching(STATES, (*INVESTIGATORS, Role.CUSTOMER)),
    ),
    clauses=(
        Clause(
            "first_reply",
            during=(*UNANSWERED, ANSWERED),
            pauses=(WAITING,),
            met_by=("reply", "answer", "thank", "qualify"),
            answers=True,
            once=True,
        ),
        Clause(
            "answer_inquiry",
            during=(*ASKING, ANSWERED),
            pauses=(WAITING,),
            met_by=("answer", "thank"),
            answers=True,
        ),
        Clause("pursue_lead", during=(OFFERED, PURSUED), met_by=("win", "lose"), internal=True),
        promise_clause(LIVE),
        answer_clause(WAITING),
        Clause("revisit", during=(ANSWERED,), met_by=("revisit", "unreachable"), internal=True),
        archive_clause((REVISITED, SETTLED)),
    ),
)

lawful(INQUIRY)
