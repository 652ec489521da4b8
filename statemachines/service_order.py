"""The lifecycle of a service order (C1-C8): booked, planned, agreed, carried out, accepted, called back, archived."""

from statemachines import service_order_forms as forms
from statemachines.customer_messages import undelivered_message
from statemachines.forms import Message, Reason, Survey
from statemachines.guards import previous_state, unreached
from statemachines.laws import lawful
from statemachines.lifecycle import STAY, Clause, Lifecycle, Milestone, Move, Retired, Speech, State
from statemachines.roles import DESK, INVESTIGATORS, MANAGERS, Role
from statemachines.service_order_forms import Acceptance
from statemachines.service_order_guards import (
    accepted,
    accepted_by_third,
    agreed_node,
    cosigned,
    in_order,
    not_accepted,
    not_accepted_by_third,
    not_accepted_last,
    not_accepted_last_by_third,
    not_older,
    plannable,
    signs_for_his_own,
)
from statemachines.shared_moves import (
    answer_clause,
    archive_clause,
    archiving,
    asking_customer,
    attaching,
    called_back,
    calling_in_vain,
    contacted_again,
    everyday_moves,
    handing_back,
    promise_clause,
    promising,
    reviewed_refusal,
    undoing,
)
from statemachines.state_groups import before, in_group

RECEIVED, REVIEWED, PLANNED = "received", "reviewed", "planned"
PLAN_APPROVED, CONSENTED, CONFIRMED = "plan_approved", "consented", "confirmed"
ACCEPTANCE_REFUSED = "acceptance_refused"
ASSIGNED, EXECUTING, ACCEPTING, RECTIFYING = "assigned", "executing", "accepting", "rectifying"
RESOLVED, REVISITED, ARCHIVED = "resolved", "revisited", "archived"
WAITING, REFUSAL_REVIEW, EXCEPTION = "waiting_for_customer", "refusal_review", "exception"
RECTIFICATIONS_USED_UP = "rectifications_used_up"
CANCELLED, REFUSED = "cancelled", "refused"

PLAN_VARIABLES = ("cost", "starts_at", "ends_at", "criteria", "route", "ports", "cosigners", "cosigned_by")
"""What a plan says; a plan that is returned or declined says nothing any more."""

SYSTEM = Role.SYSTEM

STATES = (
    State(RECEIVED, Milestone.RECEIVED, owner=Role.AGENT, groups=("asking", "booking", "unassigned")),
    State(REVIEWED, Milestone.CLASSIFIED, owner=Role.HANDLER, groups=("asking", "booking", "unassigned")),
    State(WAITING, Milestone.CLASSIFIED, owner=Role.CUSTOMER),
    State(REFUSAL_REVIEW, Milestone.CLASSIFIED, owner=Role.TEAM_SUPERVISOR, groups=("booking",)),
    State(PLANNED, Milestone.INVESTIGATED, owner=Role.TEAM_SUPERVISOR, groups=("booking", "unassigned")),
    State(PLAN_APPROVED, Milestone.INVESTIGATED, owner=Role.CUSTOMER, groups=("unassigned",)),
    State(CONSENTED, Milestone.INVESTIGATED, owner=Role.AGENT, groups=("booking", "unassigned")),
    State(CONFIRMED, Milestone.INVESTIGATED, owner=Role.TEAM_SUPERVISOR, groups=("unassigned", "troubled", "serving")),
    State(ASSIGNED, Milestone.INVESTIGATED, owner=Role.HANDLER, groups=("troubled", "serving")),
    State(EXECUTING, Milestone.INVESTIGATED, owner=Role.HANDLER, groups=("troubled", "serving")),
    State(ACCEPTING, Milestone.INVESTIGATED, owner=Role.CUSTOMER, groups=("troubled", "serving")),
    State(ACCEPTANCE_REFUSED, Milestone.INVESTIGATED, owner=Role.AGENT, groups=("troubled", "serving")),
    State(RECTIFYING, Milestone.INVESTIGATED, owner=Role.HANDLER, groups=("troubled", "serving")),
    State(RECTIFICATIONS_USED_UP, Milestone.INVESTIGATED, owner=Role.DEPARTMENT_MANAGER, groups=("serving",)),
    State(EXCEPTION, Milestone.INVESTIGATED, owner=Role.TEAM_SUPERVISOR, groups=("serving",)),
    State(RESOLVED, Milestone.RESOLVED, owner=Role.AGENT),
    State(REVISITED, Milestone.REVISITED, owner=SYSTEM),
    State(ARCHIVED, Milestone.ARCHIVED, final=True),
    State(CANCELLED, Milestone.ARCHIVED, final=True),
    State(REFUSED, Milestone.ARCHIVED, final=True),
)

ASKING = in_group(STATES, "asking")
"""Where the customer may be asked to correct his order, and where it may be refused."""
BOOKING = in_group(STATES, "booking")
"""Where we work on the booking: the SLA timer of its confirmation runs."""
UNASSIGNED = in_group(STATES, "unassigned")
"""Where an order that another system carried out may stand here when it starts."""
TROUBLED = in_group(STATES, "troubled")
"""Where something may go wrong, or more be asked for than was planned (C4)."""
SERVING = in_group(STATES, "serving")
"""Where the service is carried out, an exception included."""
PLANNED_OR_SERVED = (PLANNED, PLAN_APPROVED, CONSENTED, CONFIRMED, ASSIGNED, EXECUTING, ACCEPTING, RECTIFYING)
"""From where another system's log may hand an order back."""
JUDGED = (ACCEPTING, ACCEPTANCE_REFUSED)
"""Where the work is done, and its acceptance not decided."""
UNRESOLVED = before(STATES, Milestone.RESOLVED)
OPEN, LIVE = before(STATES, Milestone.REVISITED), before(STATES, Milestone.ARCHIVED)

PEOPLE = (*INVESTIGATORS, Role.QUALITY_TEAM)
CALLERS = (*PEOPLE, SYSTEM)
COSIGNERS = (*PEOPLE, Role.OPERATIONS)
RECORDERS = (*DESK, Role.QUALITY_TEAM)
AGREEING = (*DESK, SYSTEM, Role.CUSTOMER)
"""Who records what the acceptor signed."""
THIRD_PARTY = (Role.THIRD_PARTY_ASSESSOR,)
"""The third party whom the customer named: it signs for itself, never as the customer (C2, F3)."""
PLAN_TOLD = Speech(("message",), "plan_approved", words_of=("plan", "content"))
CONFIRMATION = Speech(("people", "equipment", "route"), "order_confirmed")
NEWS = Speech(("text",), "order_progress")

EXECUTED = ("start", "complete", "rectify")
"""Whoever did this does not record that it was accepted (F3)."""
HANDLED = ("plan", *EXECUTED, "confirm_arrangement", "push_progress", "settle_exception", "reply")
"""The customer judges this at the callback: whoever did it does not call back (F3)."""


SERVICE_ORDER = Lifecycle(
    kind="service_order",
    prefix="so",
    initial=RECEIVED,
    natures=("order", "service"),
    states=STATES,
    retired=(
        # Until ADR 35 the planner said how many departments sign; now he names them.
        Retired(field="Plan.cosigns_needed"),
        Retired(field="Plan.cosigns"),
        Retired(variable="cosigns_needed"),
        Retired(variable="cosigns"),
    ),
    moves=(
        # Reviewed, planned, signed by the departments, approved, agreed with the customer, confirmed (C1).
        Move("review", (RECEIVED,), REVIEWED, roles=DESK, form=forms.Review, guard=in_order),
        Move("analyse_needs", (REVIEWED,), STAY, roles=INVESTIGATORS, form=forms.NeedsAnalysis),
        Move(
            "plan",
            (REVIEWED,),
            PLANNED,
            roles=INVESTIGATORS,
            form=forms.Plan,
            guard=plannable,
            counts="plans",
            clears=("cosigned_by",),
        ),
        # One signature a department, by one of its people; each plan is signed anew.
        Move(
            "cosign",
            (PLANNED,),
            STAY,
            COSIGNERS,
            forms.Cosignature,
            guard=signs_for_his_own,
            separate_from=("plan",),
            collects=("department", "cosigned_by"),
        ),
        Move(
            "approve_plan",
            (PLANNED,),
            PLAN_APPROVED,
            roles=MANAGERS,
            form=forms.PlanApproval,
            guard=cosigned,
            separate_from=("plan",),
            speaks=PLAN_TOLD,
        ),
        Move("return_plan", (PLANNED,), REVIEWED, roles=MANAGERS, form=Reason, clears=PLAN_VARIABLES),
        Move("customer_consents", (PLAN_APPROVED,), CONSENTED, roles=AGREEING, form=forms.Consent),
        Move("customer_declines", (PLAN_APPROVED,), REVIEWED, roles=AGREEING, form=Reason, clears=PLAN_VARIABLES),
        *(
            Move("confirm_arrangement", sources, dest, roles=DESK, form=forms.Arrangement, speaks=CONFIRMATION)
            for sources, dest in (((CONSENTED,), CONFIRMED), (SERVING, STAY))  # again, where the first did not arrive
        ),
        # Assigned and carried out.
        Move("assign_task", (CONFIRMED,), ASSIGNED, roles=DESK, form=forms.Task),
        Move("assign_task", (ASSIGNED,), STAY, roles=DESK, form=forms.Task),
        Move("start", (ASSIGNED,), EXECUTING, roles=INVESTIGATORS),
        # Another system's record knows no plan and no confirmation of ours.
        Move("start", UNASSIGNED, EXECUTING, roles=(Role.IMPORT,), stops=("confirm_booking",)),
        Move("complete", (EXECUTING,), ACCEPTING, roles=INVESTIGATORS, form=forms.Completion),
        # Accepted by the customer or whom he named, if need be after rounds of rectification (C2).
        Move(
            "name_acceptor", (PLANNED, PLAN_APPROVED, CONSENTED, *SERVING), STAY, roles=DESK, form=forms.NamedAcceptor
        ),
        Move(
            "record_receipt",
            (EXECUTING, *JUDGED, RECTIFYING, EXCEPTION),
            STAY,
            roles=(*INVESTIGATORS, SYSTEM),
            form=forms.Receipt,
        ),
        *(
            Move("pass_acceptance", sources, RESOLVED, roles, Acceptance, guard=guard, separate_from=EXECUTED)
            for sources, roles, guard in (
                ((ACCEPTING,), (*RECORDERS, Role.CUSTOMER), accepted),
                ((ACCEPTING,), THIRD_PARTY, accepted_by_third),
                ((ACCEPTANCE_REFUSED,), (Role.CUSTOMER,), accepted),
            )
        ),
        # The customer says himself what is wrong; the desk judges who answers for it. He may still sign meanwhile.
        Move("refuse_acceptance", (ACCEPTING,), ACCEPTANCE_REFUSED, roles=(Role.CUSTOMER,), form=Reason),
        *(
            Move(
                "fail_acceptance",
                JUDGED,
                dest,
                roles=roles,
                form=forms.Failure,
                guard=guard,
                separate_from=EXECUTED,
                counts="rectifications",
            )
            for roles, dest, guard in (
                (RECORDERS, RECTIFYING, not_accepted),
                (THIRD_PARTY, RECTIFYING, not_accepted_by_third),
                (RECORDERS, RECTIFICATIONS_USED_UP, not_accepted_last),
                (THIRD_PARTY, RECTIFICATIONS_USED_UP, not_accepted_last_by_third),
            )
        ),
        # Out of rounds a manager decides: one more rectification, or the order is closed with the customer unsatisfied.
        Move(
            "grant_rectification",
            (RECTIFICATIONS_USED_UP,),
            RECTIFYING,
            roles=MANAGERS[1:],
            form=forms.GrantedRectification,
        ),
        Move(
            "close_unsatisfied",
            (RECTIFICATIONS_USED_UP,),
            REVISITED,
            roles=MANAGERS[1:],
            form=Reason,
            separate_from=HANDLED,
        ),
        Move("rectify", (RECTIFYING,), ACCEPTING, roles=INVESTIGATORS, form=forms.Rectified),
        # Told, called back, archived (C6, D1). Who is dissatisfied has a complaint of his own.
        Move("letter_sent", (RESOLVED, REVISITED), STAY, roles=(*DESK, SYSTEM), form=forms.Letter),
        *called_back(((RESOLVED, REVISITED, None, False), (REVISITED, STAY, unreached, False)), CALLERS, HANDLED),
        # Another system asked the customer although the order was not carried out: his answer changes nothing.
        Move("revisit", (CANCELLED, REFUSED), STAY, roles=(Role.IMPORT,), form=Survey, clears=("unreached",)),
        *calling_in_vain(RESOLVED, REVISITED, CALLERS, HANDLED),
        *archiving((REVISITED,), ARCHIVED),
        Move("close", (RESOLVED,), ARCHIVED, roles=(Role.IMPORT,)),  # there it ended without a callback
        *handing_back(
            ("hand_back_to_execution", (ACCEPTING, RECTIFYING), EXECUTING),
            ("hand_back", PLANNED_OR_SERVED, REVIEWED),
            ("hand_back_to_desk", (REVIEWED, *PLANNED_OR_SERVED), RECEIVED),
            clears=PLAN_VARIABLES,
        ),
        # The customer corrects his order: the timer is paused (A4).
        *asking_customer(ASKING, WAITING),
        # A serious problem or a special request goes to the superior, and from him back to where it arose (C4).
        Move("raise_exception", TROUBLED, EXCEPTION, roles=PEOPLE, form=forms.Exceptional, counts="exceptions"),
        *(
            Move(
                "settle_exception",
                (EXCEPTION,),
                state,
                roles=MANAGERS,
                form=forms.Settlement,
                guard=previous_state(state),
                separate_from=("raise_exception",),
            )
            for state in TROUBLED
        ),
        # Ends other than the archive; a refusal is proposed and reviewed by two people (A7, C5).
        Move("request_cancellation", UNRESOLVED, STAY, roles=(Role.CUSTOMER,), form=Reason),
        Move("cancel", UNRESOLVED, CANCELLED, roles=DESK, form=forms.Cancellation),
        *reviewed_refusal(ASKING, REFUSAL_REVIEW, REFUSED, forms.DeclineProposal, forms.Decline),
        *undoing((CANCELLED, REFUSED), RECEIVED, clears=PLAN_VARIABLES),
        # What is done without the order moving on (C3, C5, C7, C8).
        Move("agree_node", SERVING, STAY, roles=INVESTIGATORS, form=forms.Node, counts="nodes"),
        Move("push_progress", SERVING, STAY, roles=INVESTIGATORS, form=forms.Push, guard=agreed_node, speaks=NEWS),
        Move("check_progress", SERVING, STAY, roles=PEOPLE, form=forms.ProgressCheck),
        Move("feedback", SERVING, STAY, roles=(*PEOPLE, SYSTEM), form=forms.Feedback),
        Move("request_tracking", SERVING, STAY, roles=DESK, form=forms.TrackingRequest),
        Move("report_position", SERVING, STAY, roles=(*INVESTIGATORS, SYSTEM), form=forms.Position, guard=not_older),
        Move("change", (CONSENTED, *SERVING), STAY, roles=DESK, form=forms.Change, counts="changes"),
        Move("apply_change", (CONSENTED, *SERVING), STAY, roles=(SYSTEM,), form=forms.ChangedTerms),
        *contacted_again(OPEN),
        Move("acknowledge", LIVE, STAY, roles=(SYSTEM,)),
        Move("reply", OPEN, STAY, roles=PEOPLE, form=Message, speaks=Speech(("message",))),
        *undelivered_message(STATES),
        *promising(LIVE, PEOPLE),
        *everyday_moves(LIVE, PEOPLE),
        *attaching(STATES, (*PEOPLE, Role.CUSTOMER)),
    ),
    clauses=(
        # From the booking on; paused while the customer corrects his order and while he considers the plan. Once it is
        # confirmed it runs only where the confirmation did not arrive.
        Clause(
            "confirm_booking",
            during=(*BOOKING, *SERVING),
            pauses=(WAITING, PLAN_APPROVED),
            met_by=("confirm_arrangement",),
            answers=True,
        ),
        # An exception pauses no promise to the customer; it only gives whoever was to start more time.
        Clause(
            "assignment",
            during=(ASSIGNED,),
            pauses=(EXCEPTION,),
            started_by=("assign_task",),
            due_field="due_at",
            restarts=True,
            met_by=("start",),
        ),
        Clause(
            "progress_node",
            during=SERVING,
            started_by=("agree_node",),
            due_field="due_at",
            occurrence_field="node",
            met_by=("push_progress",),
            answers=True,
        ),
        Clause(
            "progress_check",
            during=(EXECUTING, *JUDGED, RECTIFYING, EXCEPTION),
            met_by=("check_progress",),
            repeats=True,
            internal=True,
        ),
        Clause(
            "tracking",
            during=SERVING,
            started_by=("request_tracking",),
            due_field="due_at",
            as_of_field="as_of",
            met_by=("report_position",),
        ),
        Clause(
            "rectification",
            during=(RECTIFYING, EXCEPTION),
            started_by=("fail_acceptance", "grant_rectification"),
            due_field="due_at",
            restarts=True,
            met_by=("rectify",),
        ),
        promise_clause(LIVE),
        answer_clause(WAITING),
        Clause(
            "plan_consent", during=(PLAN_APPROVED,), met_by=("customer_consents", "customer_declines"), internal=True
        ),
        Clause("task_assignment", during=(CONFIRMED,), met_by=("assign_task",), internal=True),
        Clause(
            "acceptance",
            during=JUDGED,
            met_by=("pass_acceptance", "fail_acceptance"),
            internal=True,
        ),
        Clause(
            "rectification_decision",
            during=(RECTIFICATIONS_USED_UP,),
            met_by=("close_unsatisfied", "grant_rectification", "cancel"),
            internal=True,
        ),
        # The window of the callback begins with the trigger that the pack names (D1), and goes on until the call.
        Clause(
            "revisit",
            during=(EXECUTING, *JUDGED, RECTIFYING, RECTIFICATIONS_USED_UP, EXCEPTION, RESOLVED),
            triggers=(("completion", "complete"), ("receipt", "record_receipt"), ("acceptance", "pass_acceptance")),
            met_by=("revisit", "unreachable", "close_unsatisfied"),
        ),
        archive_clause((REVISITED,)),
    ),
)

lawful(SERVICE_ORDER)
