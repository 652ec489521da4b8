"""The lifecycle of a complaint (B1-B10): received to archived, with its waits, its rounds and its ends."""

from statemachines import complaint_forms as forms
from statemachines.complaint_guards import (
    DETERMINED,
    as_determined,
    as_offered,
    at_top,
    below_top,
    desk_decides,
    not_rejected,
    rejected,
    rejected_last,
    second_decides,
)
from statemachines.customer_messages import undelivered_message
from statemachines.forms import (
    Assignment,
    Child,
    Merge,
    MergeConsent,
    Message,
    Progress,
    Reason,
    Refusal,
    Return,
)
from statemachines.guards import (
    first_return,
    returned_before,
    rounds_exhausted,
)
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Lifecycle, Milestone, Move, Speech, State
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
    reviewed_refusal,
    rounds,
    undoing,
)
from statemachines.state_groups import before, in_group

RECEIVED, CLASSIFIED, INVESTIGATED = "received", "classified", "investigated"
RESOLVED, REVISITED, ARCHIVED = "resolved", "revisited", "archived"
WAITING, REFUSAL_REVIEW, OWNER_DISPUTED = "waiting_for_customer", "refusal_review", "owner_disputed"
COMPENSATION_APPROVAL, ROUNDS_USED_UP = "compensation_approval", "rounds_used_up"
MERGED, WITHDRAWN, REFUSED, REFERRED = "merged", "withdrawn", "refused", "referred"

SYSTEM, IMPORT = Role.SYSTEM, Role.IMPORT

STATES = (
    State(RECEIVED, Milestone.RECEIVED, owner=Role.AGENT, groups=("working", "asking", "refusable")),
    State(CLASSIFIED, Milestone.CLASSIFIED, owner=Role.HANDLER, groups=("working", "asking", "refusable")),
    State(INVESTIGATED, Milestone.INVESTIGATED, owner=Role.HANDLER, groups=("working", "asking")),
    State(WAITING, Milestone.INVESTIGATED, owner=Role.CUSTOMER),
    State(REFUSAL_REVIEW, Milestone.CLASSIFIED, owner=Role.TEAM_SUPERVISOR, groups=("working",)),
    State(OWNER_DISPUTED, Milestone.CLASSIFIED, owner=Role.TEAM_SUPERVISOR, groups=("working",)),
    State(COMPENSATION_APPROVAL, Milestone.INVESTIGATED, owner=Role.TEAM_SUPERVISOR, groups=("working",)),
    State(RESOLVED, Milestone.RESOLVED, owner=Role.AGENT),
    State(ROUNDS_USED_UP, Milestone.RESOLVED, owner=Role.DEPARTMENT_MANAGER),
    State(REVISITED, Milestone.REVISITED, owner=SYSTEM),
    State(ARCHIVED, Milestone.ARCHIVED, final=True),
    State(MERGED, Milestone.ARCHIVED, final=True),
    State(WITHDRAWN, Milestone.ARCHIVED, final=True),
    State(REFUSED, Milestone.ARCHIVED, final=True),
    State(REFERRED, Milestone.ARCHIVED, final=True),
)

WORKING = in_group(STATES, "working")
"""Where we work on the case: the SLA timers of the work run."""
ASKING = in_group(STATES, "asking")
"""Where the customer may be asked for more."""
REFUSABLE = in_group(STATES, "refusable")
"""Where it may turn out that we should not take the contact on."""
OPEN, LIVE = before(STATES, Milestone.REVISITED), before(STATES, Milestone.ARCHIVED)

PEOPLE = (*INVESTIGATORS, Role.QUALITY_TEAM)
CALLERS = (*PEOPLE, SYSTEM)
UNSATISFIED_ENDS = ("close_unsatisfied", "refer")
"""The moves that end a complaint although the customer is not satisfied (B3)."""
JUDGED = (INVESTIGATED, RESOLVED)
TOLD = Speech(("message",))
HANDLED = (
    "investigate",
    "resolve",
    "reply",
    "propose_solution",
    "tell_result",
    "determine_responsibility",
    "confirm_responsibility",
    "compensate",
    "approve_compensation",
)
"""The customer judges this at the callback: whoever did it neither calls back nor decides on it (F3)."""

COMPLAINT = Lifecycle(
    kind="complaint",
    prefix="cp",
    initial=RECEIVED,
    states=STATES,
    moves=(
        Move("classify", (RECEIVED,), CLASSIFIED, roles=(*DESK, SYSTEM, IMPORT), form=forms.Classification),
        Move("investigate", (CLASSIFIED,), INVESTIGATED, roles=(*INVESTIGATORS, IMPORT), form=forms.Findings),
        Move("resolve", (INVESTIGATED,), RESOLVED, roles=(*INVESTIGATORS, IMPORT), form=forms.Resolution, speaks=TOLD),
        *called_back(rounds(RESOLVED, REVISITED, INVESTIGATED, ROUNDS_USED_UP), CALLERS, HANDLED),
        *calling_in_vain(RESOLVED, REVISITED, CALLERS, HANDLED),
        *(
            Move(
                "tell_result",
                (RESOLVED,),
                dest,
                roles=PEOPLE,
                form=forms.Result,
                guard=guard,
                reopens=dest == INVESTIGATED,
                speaks=TOLD,
            )
            for dest, guard in ((STAY, not_rejected), (INVESTIGATED, rejected), (ROUNDS_USED_UP, rejected_last))
        ),
        # Out of rounds a manager decides: close it, refer it, or grant the customer one more round.
        *(
            Move(
                "close_unsatisfied",
                (state,),
                REVISITED,
                roles=MANAGERS[1:],
                form=Reason,
                guard=guard,
                separate_from=HANDLED,
            )
            for state, guard in ((RESOLVED, rounds_exhausted), (ROUNDS_USED_UP, None))
        ),
        Move("grant_round", (ROUNDS_USED_UP,), INVESTIGATED, roles=MANAGERS[1:], form=Reason, reopens=True),
        *archiving((REVISITED,), ARCHIVED),
        # Only an import: another system closed or reopened the case without a callback.
        Move("close", (RESOLVED,), ARCHIVED, roles=(IMPORT,)),
        Move("reopen", (RESOLVED, REVISITED), INVESTIGATED, roles=(IMPORT,), reopens=True),
        Move("start_over", (RESOLVED, REVISITED), CLASSIFIED, roles=(IMPORT,), reopens=True),
        *handing_back(
            ("hand_back", (INVESTIGATED,), CLASSIFIED),
            ("hand_back_to_desk", (CLASSIFIED, INVESTIGATED), RECEIVED),
        ),
        # The customer is asked, and answers: the timers are paused in between (A4).
        *asking_customer(ASKING, WAITING),
        # A second return goes to the supervisor, who rules on the owner (B10).
        Move("return", (CLASSIFIED,), STAY, roles=INVESTIGATORS, form=Return, guard=first_return, counts="returns"),
        Move(
            "return",
            (CLASSIFIED,),
            OWNER_DISPUTED,
            roles=INVESTIGATORS,
            form=Return,
            guard=returned_before,
            counts="returns",
        ),
        Move("rule_owner", (OWNER_DISPUTED,), CLASSIFIED, roles=MANAGERS, form=Assignment),
        # Who answers for it, what is paid, what is claimed back (B4).
        Move(
            "determine_responsibility",
            JUDGED,
            STAY,
            roles=INVESTIGATORS,
            form=forms.Responsibility,
            clears=tuple(DETERMINED),
        ),
        Move(
            "confirm_responsibility",
            JUDGED,
            STAY,
            roles=(*MANAGERS, Role.QUALITY_TEAM),
            form=forms.Confirmation,
            guard=as_determined,
            separate_from=("determine_responsibility",),
        ),
        *(
            Move(
                "compensate",
                (INVESTIGATED,),
                dest,
                roles=INVESTIGATORS,
                form=forms.Compensation,
                guard=guard,
                clears=("approved",),
            )
            for dest, guard in ((STAY, desk_decides), (COMPENSATION_APPROVAL, second_decides))
        ),
        Move(
            "approve_compensation",
            (COMPENSATION_APPROVAL,),
            INVESTIGATED,
            roles=MANAGERS,
            form=forms.Approval,
            guard=as_offered,
            separate_from=("compensate",),
        ),
        Move(
            "decline_compensation",
            (COMPENSATION_APPROVAL,),
            INVESTIGATED,
            roles=MANAGERS,
            form=Reason,
            clears=("compensation", "approved"),
        ),
        Move("recover", (*JUDGED, REVISITED), STAY, roles=MANAGERS, form=forms.Recovery),
        # Ends other than the archive; a refusal is proposed and reviewed by two people (A7).
        *reviewed_refusal(REFUSABLE, REFUSAL_REVIEW, REFUSED, forms.RefusalProposal, Refusal),
        # A complaint that has reached the top is taken back before a manager (E8).
        Move("withdraw", OPEN, WITHDRAWN, roles=(*DESK, Role.CUSTOMER), form=Reason, guard=below_top),
        Move("withdraw", OPEN, WITHDRAWN, roles=MANAGERS[1:], form=Reason, guard=at_top),
        Move("consent_to_merge", OPEN, STAY, roles=DESK, form=MergeConsent),
        Move("merge", OPEN, MERGED, roles=DESK, form=Merge, releases_timers=True),
        Move("absorb", OPEN, STAY, roles=(SYSTEM,), form=Child, inherits_timers=True),
        Move("refer", (CLASSIFIED, INVESTIGATED, RESOLVED, ROUNDS_USED_UP), REFERRED, roles=MANAGERS[1:], form=Reason),
        # The customer comes back with it, or a manager undoes a mistaken end: a new cycle.
        *contacted_again(OPEN),
        *coming_back((REVISITED,), (ARCHIVED,), INVESTIGATED),
        *undoing((WITHDRAWN, MERGED, REFUSED), RECEIVED),
        # What is done without the case moving on.
        Move("acknowledge", LIVE, STAY, roles=(SYSTEM,)),
        Move("suggest", (RECEIVED,), STAY, roles=(SYSTEM,), form=forms.Suggestion),
        Move("reclassify", (CLASSIFIED, INVESTIGATED, WAITING), STAY, roles=DESK, form=forms.Classification),
        Move("reply", OPEN, STAY, roles=PEOPLE, form=Message, speaks=TOLD),
        Move("propose_solution", OPEN, STAY, roles=PEOPLE, form=forms.Proposal, speaks=Speech(("solution",))),
        Move("progress", OPEN, STAY, roles=PEOPLE, form=Progress, speaks=Speech(("progress",))),
        *undelivered_message(STATES),
        *promising(LIVE, PEOPLE),
        *everyday_moves(LIVE, PEOPLE),
        *attaching(STATES, (*PEOPLE, Role.CUSTOMER)),
    ),
    clauses=(
        # They go on after the case is resolved, until the customer is told.
        Clause(
            "first_reply",
            during=(*WORKING, RESOLVED),
            pauses=(WAITING,),
            met_by=("reply", "resolve", "tell_result"),
            answers=True,
            once=True,
        ),
        Clause(
            "solution",
            during=(*WORKING, RESOLVED),
            pauses=(WAITING,),
            met_by=("propose_solution", "resolve", "tell_result"),
            answers=True,
        ),
        Clause(
            "department_limit",
            during=(CLASSIFIED,),
            pauses=(WAITING, OWNER_DISPUTED, REFUSAL_REVIEW),
            met_by=("investigate",),
            partition_by="department",
            internal=True,
        ),
        Clause("progress_note", during=WORKING, pauses=(WAITING,), met_by=("progress",), answers=True, repeats=True),
        promise_clause(LIVE),
        answer_clause(WAITING),
        Clause("revisit", during=(RESOLVED,), met_by=("revisit", "unreachable", "close_unsatisfied")),
        Clause(
            "rounds_decision",
            during=(ROUNDS_USED_UP,),
            met_by=("close_unsatisfied", "grant_round", "refer"),
            internal=True,
        ),
        archive_clause((REVISITED,)),
    ),
)

lawful(COMPLAINT)
