"""Forms that more than one lifecycle asks for: words to a customer, a reason, an assignment, a promise, a survey."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from models.exact_number import EXACT
from models.instants import Instant
from statemachines.customer_messages import ToCustomer, WithFiles
from statemachines.form_model import (
    ON_CASE,
    OPEN_CASE,
    OWN_OR_AGREED,
    VARIABLE,
    Attachments,
    Code,
    Department,
    Form,
    Handle,
    Number,
    Past,
    Personal,
    Score,
)
from statemachines.roles import TOP_LEVEL


class Severity(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Degree(StrEnum):
    """To what degree somebody answers for what happened (B4)."""

    FULL = "full"
    MAIN = "main"
    EQUAL = "equal"
    MINOR = "minor"
    NONE = "none"


class Reason(Form):
    """Why, in words."""

    reason: Personal


class Note(Form):
    """A remark for colleagues, perhaps with files."""

    note: Personal
    attachments: Attachments | None = None


class Attaching(Form):
    """Files that belong to the case as evidence, and a remark on them (A10)."""

    attachments: Attachments
    note: Personal | None = None


class Message(WithFiles):
    """A person's words to the customer: what meets a promise to reply (A5)."""

    message: Personal


class Assignment(Form):
    """The department, and the person by handle, that now has the work (B10)."""

    department: Annotated[Department, ON_CASE]
    owner: Annotated[Handle | None, ON_CASE] = None
    reason: Personal | None = None


class ReturnReason(StrEnum):
    NOT_OURS = "not_ours"
    NO_CAPACITY = "no_capacity"
    NEEDS_ANOTHER = "needs_another"


class Return(Form):
    """A department gives the work back, and says why (B10)."""

    code: ReturnReason
    reason: Personal | None = None


class Escalation(Form):
    """The level to which a person escalates the case (B6)."""

    level: Annotated[int, Field(ge=1, le=TOP_LEVEL), EXACT, ON_CASE]
    reason: Personal


class Extension(Form):
    """More time for one promise of the case: hours of its own sort, working hours where it counts those."""

    clause: Code
    hours: Annotated[int, Field(ge=1, le=10_000), EXACT]
    reason: Personal


class PauseReason(StrEnum):
    INFORMATION = "information"
    EVIDENCE = "evidence"
    CONSENT = "consent"
    ACCESS = "access"


class Question(WithFiles):
    """What the customer is asked for, and why the timers are paused meanwhile (A4)."""

    question: Personal
    code: PauseReason = PauseReason.INFORMATION


class Answer(Form):
    """What the customer added."""

    answer: Personal


class FollowUp(Form):
    """What the customer says of his case when he contacts us again."""

    words: Personal


class Progress(WithFiles):
    """A note on progress to the customer (B8)."""

    progress: Personal


class Promise(Form):
    """A promise made to the customer, and when it falls due (B9). Promises of a case are counted from one."""

    promise: Personal
    due_at: Instant


class Kept(ToCustomer):
    """Which of the case's promises was kept, and what the customer was told of it (B9)."""

    promise: Annotated[int, Field(ge=1), EXACT]
    how: Personal


class Outcome(StrEnum):
    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"


class Survey(Form):
    """What the customer said at the callback (D2). A score that was not given stays empty.

    ``need`` is what else he would have from us: it becomes a lead.
    """

    outcome: Outcome
    timeliness: Score | None = None
    intact_goods: Score | None = None
    attitude: Score | None = None
    quality: Score | None = None
    price: Score | None = None
    words: Personal | None = None
    need: Personal | None = None


class Doubt(Form):
    """What makes a reviewer doubt the evaluation. It stays where it is, marked (E8)."""

    disputed: Annotated[Literal[True], VARIABLE] = True
    evidence: Personal


class Cleared(Form):
    """Why the evaluation stands after all."""

    disputed: Annotated[Literal[False], VARIABLE] = False
    evidence: Personal


class SurveyWay(StrEnum):
    """How a customer is asked in a periodic survey (E1)."""

    LINK = "link"
    PHONE = "phone"
    FACE_TO_FACE = "face_to_face"


class Unanswered(StrEnum):
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    WRONG_NUMBER = "wrong_number"
    NO_NUMBER = "no_number"


class Attempt(Form):
    """A callback that reached nobody; ``attempts`` counts them in this cycle (D1)."""

    attempts: Annotated[int, Field(ge=1), EXACT, ON_CASE]
    reason: Unanswered = Unanswered.NO_ANSWER


class RefusalReason(StrEnum):
    NOT_OURS = "not_ours"
    NO_FACTS = "no_facts"
    ALREADY_SETTLED = "already_settled"
    IN_COURT = "in_court"


class Refusal(ToCustomer):
    """A refusal to take the contact on: coded, reviewed, and told to the customer (A7)."""

    code: RefusalReason
    told: Personal


class Merge(Form):
    """The case that goes on in this one's stead (A6)."""

    into: Annotated[Number, OPEN_CASE, OWN_OR_AGREED]


class ConsentMedium(StrEnum):
    PHONE = "phone"
    COUNTER = "counter"
    CHAT = "chat"
    LETTER = "letter"
    MAIL = "mail"


AGREED = "agreed_into"
"""The case variable that holds the case to which the customer agreed."""


class MergeConsent(Form):
    """The customer agrees that his case goes on in another customer's: who said so, how, and when (A6)."""

    agreed_into: Annotated[Number, OPEN_CASE, VARIABLE]
    consent: Personal
    recipient: Personal
    medium: ConsentMedium
    reached_at: Past | None = None


class Child(Form):
    """Another case by its number: one that was merged into this one, or opened, or closed, because of it."""

    case: Number


class About(Form):
    """The case that this one is about."""

    about: Annotated[Number, VARIABLE]
