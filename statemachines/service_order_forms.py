"""What is asked for along the way of a service order (C1-C8), from the review to the signed acceptance."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from models.exact_number import EXACT, Whole
from models.instants import Instant
from statemachines.customer_messages import ToCustomer, WithFiles
from statemachines.form_model import ON_CASE, VARIABLE, Code, Department, Departments, Form, Handle, Past, Personal
from statemachines.forms import Severity

Fen = Annotated[int, Field(ge=0), EXACT]
Codes = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}(,[a-z][a-z0-9_]{0,39}){0,19}$")]
"""Codes, separated by commas."""


class Review(Form):
    """Whether the order is right and whole, what service it asks for, and the department it goes to (C1)."""

    accurate: bool
    complete: bool
    category: Annotated[Code, ON_CASE]
    severity: Annotated[Severity, ON_CASE] = Severity.NORMAL
    department: Annotated[Department | None, ON_CASE] = None


class NeedsAnalysis(Form):
    """What the customer needs, which department leads, and whether somebody went to look at the site (C1)."""

    lead_department: Annotated[Department, VARIABLE]
    on_site_survey: Annotated[bool, VARIABLE]
    report: Personal


class Plan(Form):
    """The service plan: what is done, to which standard, how, when, and what it costs in fen (C1).

    ``cosigners`` are the departments that sign it, separated by blanks: each for itself, and anew with every plan.
    ``criteria`` are those by which this order is accepted, besides those of every order; ``route`` and ``ports`` say
    where it goes along, so that it is found when one of them is closed (G1).
    """

    content: Personal
    standard: Personal
    procedure: Personal
    cost: Annotated[Fen, VARIABLE]
    starts_at: Annotated[Instant, VARIABLE]
    ends_at: Annotated[Instant, VARIABLE]
    cosigners: Annotated[Departments, VARIABLE]
    criteria: Annotated[Codes | None, VARIABLE] = None
    route: Annotated[Code | None, VARIABLE] = None
    ports: Annotated[Codes | None, VARIABLE] = None


class Cosignature(Form):
    """A department agrees to the plan, by one of its own people; its remark (C1)."""

    department: Department
    remark: Personal | None = None


class PlanApproval(WithFiles):
    """The plan is approved, and the customer is told what will be done: in these words, else in the plan's own (C1)."""

    message: Personal | None = None


class Consent(Form):
    """How the customer agreed to the plan, in his own words or by which paper (C1)."""

    consent: Personal


class Arrangement(WithFiles):
    """Who does it with what, on which way, and how the goods are handled: the company's confirmation (C1)."""

    people: Personal
    equipment: Personal
    route: Personal
    handling: Personal


class Task(Form):
    """Who carries the order out, and by when he must have begun (C1)."""

    department: Annotated[Department, ON_CASE]
    owner: Annotated[Handle, ON_CASE]
    due_at: Instant
    task: Personal | None = None


class Node(Form):
    """A stage of which the customer is told, and by when (C3). The nodes of an order are counted from one."""

    stage: Code
    due_at: Instant


class Push(WithFiles):
    """What the customer is told of the progress, for an agreed node or beside them (C3)."""

    text: Personal
    node: Annotated[int | None, Field(ge=1), EXACT] = None
    position: Code | None = None


class ProgressCheck(Form):
    """Whether the work goes as planned, and what was seen (C7)."""

    on_schedule: Annotated[bool, VARIABLE]
    seen: Personal


class Feedback(Form):
    """What the customer says while the service goes on (C7)."""

    feedback: Personal


class TrackingRequest(Form):
    """The transport department is to say where the goods are; by when, where that was agreed (C8)."""

    department: Department
    due_at: Instant | None = None


class Position(Form):
    """Where the goods are, as of when, who says so, and when they are expected (C8)."""

    position: Annotated[Code, VARIABLE]
    as_of: Annotated[Past, VARIABLE]
    reported_by: Annotated[Code, VARIABLE]
    expected_at: Annotated[Instant | None, VARIABLE] = None


class Trouble(StrEnum):
    SERIOUS_PROBLEM = "serious_problem"
    SPECIAL_REQUEST = "special_request"


class Exceptional(Form):
    """What went wrong, or is asked for beyond the plan (C4)."""

    trouble: Trouble
    what: Personal


class Settlement(Form):
    """What the superior decided, and how the customer agreed to it (C4)."""

    solution: Personal
    consent: Personal


class Change(Form):
    """A change, and its effect on the plan, the cost (in fen, less is negative) and the time (in days) (C5)."""

    change: Personal
    plan_effect: Personal
    cost_delta: Whole
    days_delta: Whole
    consent: Personal | None = None


class ChangedTerms(Form):
    """What the order costs in fen and when it ends, after a change that was agreed (C5)."""

    cost: Annotated[Fen, VARIABLE]
    ends_at: Annotated[Instant, VARIABLE]


class AskedBy(StrEnum):
    CUSTOMER = "customer"
    COMPANY = "company"


class Cancellation(Form):
    """Who cancels and why, what becomes of the plan, and what it costs in fen (C5)."""

    asked_by: AskedBy
    reason: Personal
    plan_effect: Personal
    cost: Fen = 0


class Completion(Form):
    """What was done, handed over for acceptance."""

    done: Personal


class Acceptor(StrEnum):
    CUSTOMER = "customer"
    THIRD_PARTY = "third_party"


class NamedAcceptor(Form):
    """Whom the customer named to accept the work (C2)."""

    acceptor: Annotated[Acceptor, VARIABLE]
    name: Personal


class Acceptance(Form):
    """Which criteria are met, who signed, and the reference of the signed report (C2).

    ``met`` names those of the plan's own criteria that are met.
    """

    documents: bool
    site: bool
    function: bool
    met: Codes | None = None
    report: Personal
    signed_by: Acceptor = Acceptor.CUSTOMER
    summary: Personal | None = None


class Failure(Acceptance):
    """What was not accepted: the cause, who answers for it, what is done about it, and by when (C2).

    Without ``due_at`` the pack's limit for the rectification holds.
    """

    cause: Annotated[Code, VARIABLE]
    responsible: Annotated[Code, VARIABLE]
    measure: Personal
    due_at: Instant | None = None


class Rectified(Form):
    """What was put right (C2)."""

    done: Personal


class GrantedRectification(Form):
    """Why one more rectification is granted, and by when; without ``due_at`` the pack's limit holds (C2)."""

    reason: Personal
    due_at: Instant | None = None


class Receipt(Form):
    """What shows that the consignee received the goods (D1)."""

    proof: Personal


class Letter(Form):
    """By what the completion letter can be found again: the key of its delivery, or a postal number (C6)."""

    letter: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:_-]{1,120}$"), VARIABLE]


class DeclineReason(StrEnum):
    NOT_OURS = "not_ours"
    NO_CAPACITY = "no_capacity"
    FORBIDDEN_GOODS = "forbidden_goods"
    INCOMPLETE = "incomplete"


class DeclineProposal(Form):
    """Why the order should not be taken on: coded, for a supervisor's review (A7)."""

    code: DeclineReason
    reason: Personal


class Decline(ToCustomer):
    """Why the order is not taken on: coded, reviewed, and told to the customer (A7)."""

    code: DeclineReason
    told: Personal
