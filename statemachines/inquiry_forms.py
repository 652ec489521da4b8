"""Forms that only an inquiry asks for: its routing, what became of a suggestion, a praise passed on, a lead."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from statemachines.asks import KNOWN, ON_CASE, Asks, Code, Handle, Percent, Personal
from statemachines.forms import Severity


class Nature(StrEnum):
    """What the customer wants of us; it decides the way that the inquiry goes (A2)."""

    CONSULTATION = "consultation"
    SUGGESTION = "suggestion"
    PRAISE = "praise"
    LEAD = "lead"


class Routing(Asks):
    """The department that answers; ``nature`` overrules the one under which the contact came in (A3)."""

    department: Annotated[Code, ON_CASE]
    category: Annotated[Code | None, ON_CASE] = None
    severity: Annotated[Severity | None, ON_CASE] = None
    nature: Annotated[Nature | None, KNOWN] = None
    confidence: Percent | None = None


class Found(Asks):
    """What the department found out for the customer."""

    findings: Personal


class Reply(Asks):
    """The answer, as it was told to the customer."""

    answer: Personal


class Verdict(StrEnum):
    ADOPTED = "adopted"
    DECLINED = "declined"


class Assessment(Asks):
    """Whether a suggestion is taken up, and why or why not: the answer tells it to the customer."""

    verdict: Annotated[Verdict, KNOWN]
    reason: Personal


class Commendation(Asks):
    """Who is praised: a department, a colleague by handle, or both; the ledger of rewards reads it (E5)."""

    commended_department: Annotated[Code | None, KNOWN] = None
    commended: Annotated[Handle | None, KNOWN] = None


class Thanks(Asks):
    """A person's thanks to the customer who praised us."""

    thanks: Personal


class Offer(Asks):
    """The salesperson who follows a lead up (D2)."""

    owner: Annotated[Handle, ON_CASE]
    department: Annotated[Code | None, ON_CASE] = None


class Qualification(Asks):
    """What the salesperson told the customer, and what the business may be worth, in fen (D2)."""

    told: Personal
    expected: Annotated[int | None, Field(ge=0), KNOWN] = None


class Won(Asks):
    """What the business is worth, in fen."""

    worth: Annotated[int | None, Field(ge=0), KNOWN] = None


class LostReason(StrEnum):
    PRICE = "price"
    TIME = "time"
    COMPETITOR = "competitor"
    NO_NEED = "no_need"
    NOT_OFFERED = "not_offered"
    NO_CONTACT = "no_contact"


class Lost(Asks):
    """Why a lead came to nothing: coded, so that it can be counted."""

    lost_for: Annotated[LostReason, KNOWN]
    reason: Personal | None = None


class Complained(Asks):
    """What the customer complains of, where he said more than when he came."""

    words: Personal | None = None
