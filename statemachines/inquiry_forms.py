"""Forms that only an inquiry asks for: its routing, what became of a suggestion, a praise passed on, a lead."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from models.exact_number import EXACT
from statemachines.customer_messages import ToCustomer, WithFiles
from statemachines.form_model import ON_CASE, VARIABLE, Category, Department, Form, Handle, Percent, Personal
from statemachines.forms import Severity


class Nature(StrEnum):
    """What the customer wants of us; it decides the way that the inquiry goes (A2)."""

    CONSULTATION = "consultation"
    SUGGESTION = "suggestion"
    PRAISE = "praise"
    LEAD = "lead"


class Routing(Form):
    """The department that answers; ``nature`` overrules the one under which the contact came in (A3)."""

    department: Annotated[Department, ON_CASE]
    category: Annotated[Category | None, ON_CASE] = None
    severity: Annotated[Severity | None, ON_CASE] = None
    nature: Annotated[Nature | None, VARIABLE] = None
    confidence: Percent | None = None


class Found(Form):
    """What the department found out for the customer."""

    findings: Personal


class Reply(WithFiles):
    """The answer that the customer is told."""

    answer: Personal


class Verdict(StrEnum):
    ADOPTED = "adopted"
    DECLINED = "declined"


class Assessment(Form):
    """Whether a suggestion is taken up, and why or why not: the answer tells it to the customer."""

    verdict: Annotated[Verdict, VARIABLE]
    reason: Personal


class Commendation(Form):
    """Who is praised: a department, a colleague by handle, or both; the ledger of rewards reads it (E5)."""

    commended_department: Annotated[Department | None, VARIABLE] = None
    commended: Annotated[Handle | None, VARIABLE] = None


class Thanks(ToCustomer):
    """A person's thanks to the customer who praised us."""

    thanks: Personal


class Offer(Form):
    """The salesperson who follows a lead up (D2)."""

    owner: Annotated[Handle, ON_CASE]
    department: Annotated[Department | None, ON_CASE] = None


class Qualification(ToCustomer):
    """What the salesperson tells the customer, and what the business may be worth, in fen (D2)."""

    told: Personal
    expected: Annotated[int | None, Field(ge=0), EXACT, VARIABLE] = None


class Won(Form):
    """What the business is worth, in fen."""

    worth: Annotated[int | None, Field(ge=0), EXACT, VARIABLE] = None


class LostReason(StrEnum):
    PRICE = "price"
    TIME = "time"
    COMPETITOR = "competitor"
    NO_NEED = "no_need"
    NOT_OFFERED = "not_offered"
    NO_CONTACT = "no_contact"


class Lost(Form):
    """Why a lead came to nothing: coded, so that it can be counted."""

    lost_for: Annotated[LostReason, VARIABLE]
    reason: Personal | None = None


class Complained(Form):
    """What the customer complains of, where he said more than when he came."""

    words: Personal | None = None
