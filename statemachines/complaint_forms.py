"""What the moves of a complaint ask for (A3, A5, A7, B2, B4)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from models.exact_number import EXACT
from statemachines.customer_messages import WithFiles
from statemachines.form_model import ON_CASE, VARIABLE, Attachments, Category, Code, Department, Form, Percent, Personal
from statemachines.forms import Degree, RefusalReason, Severity


class Classification(Form):
    """Nature, severity and the department it goes to (A3)."""

    category: Annotated[Category, ON_CASE]
    severity: Annotated[Severity, ON_CASE] = Severity.NORMAL
    department: Annotated[Department | None, ON_CASE] = None
    confidence: Percent | None = None


class Suggestion(Form):
    """What the rules would say but are not sure of; a person decides (A3)."""

    category: Category
    severity: Severity = Severity.NORMAL
    department: Department | None = None
    confidence: Percent


class Findings(Form):
    """What the department found out (B2)."""

    findings: Personal
    cause: Annotated[Code | None, VARIABLE] = None
    attachments: Attachments | None = None


class Proposal(WithFiles):
    """The solution that the customer is told (A5)."""

    solution: Personal


class Resolution(WithFiles):
    """The result of the handling, and the message that tells it to the customer, if he is told with this move (A5)."""

    result: Personal
    message: Personal | None = None


class Opinion(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NONE = "none"


class Result(WithFiles):
    """The result that the customer is told, and his opinion of it (B2)."""

    opinion: Opinion
    message: Personal
    words: Personal | None = None


class Responsibility(Form):
    """What caused it, who answers for it, to what degree, and what shows it (B4)."""

    cause: Annotated[Code, VARIABLE]
    responsible: Annotated[Code, VARIABLE]
    degree: Annotated[Degree, VARIABLE]
    evidence: Personal
    attachments: Attachments | None = None


class Confirmation(Form):
    """The reviewer says which cause, which party and which degree he confirms (B4)."""

    confirmed_cause: Annotated[Code, VARIABLE]
    confirmed_responsible: Annotated[Code, VARIABLE]
    confirmed_degree: Annotated[Degree, VARIABLE]


class Compensation(Form):
    """What is offered in all, in fen, and under which title of the contract (B4)."""

    compensation: Annotated[int, Field(ge=1), EXACT, VARIABLE]
    grounds: Personal


class Approval(Form):
    """What a second person approves, in fen: all that was offered, or less (B4)."""

    approved: Annotated[int, Field(ge=0), EXACT, VARIABLE]


class Recovery(Form):
    """What is claimed back from whoever answers for it, in fen: a ledger of its own (B4)."""

    recovery: Annotated[int, Field(ge=1), EXACT, VARIABLE]
    claimed_from: Personal


class RefusalProposal(Form):
    """Why the contact should not be taken on: coded, for a supervisor's review (A7)."""

    code: RefusalReason
    reason: Personal
