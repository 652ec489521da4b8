"""What the moves of a complaint ask for (A3, A5, A7, B2, B4)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from statemachines.asks import KNOWN, ON_CASE, Asks, Code, Percent, Personal
from statemachines.forms import Degree, RefusalReason, Severity


class Classification(Asks):
    """Nature, severity and the department it goes to (A3)."""

    category: Annotated[Code, ON_CASE]
    severity: Annotated[Severity, ON_CASE] = Severity.NORMAL
    department: Annotated[Code | None, ON_CASE] = None
    confidence: Percent | None = None


class Suggestion(Asks):
    """What the rules would say but are not sure of; a person decides (A3)."""

    category: Code
    severity: Severity = Severity.NORMAL
    department: Code | None = None
    confidence: Percent


class Findings(Asks):
    """What the department found out (B2)."""

    findings: Personal
    cause: Annotated[Code | None, KNOWN] = None


class Proposal(Asks):
    """The solution as it was told to the customer (A5)."""

    solution: Personal


class Resolution(Asks):
    """The result of the handling."""

    result: Personal


class Opinion(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NONE = "none"


class Result(Asks):
    """The result told, and the customer's opinion of it (B2)."""

    opinion: Opinion
    words: Personal | None = None


class Responsibility(Asks):
    """What caused it, who answers for it, to what degree, and what shows it (B4)."""

    cause: Annotated[Code, KNOWN]
    responsible: Annotated[Code, KNOWN]
    degree: Annotated[Degree, KNOWN]
    evidence: Personal


class Confirmation(Asks):
    """The reviewer says which cause he confirms (B4)."""

    confirmed_cause: Annotated[Code, KNOWN]


class Compensation(Asks):
    """What is offered in all, in fen, and under which title of the contract (B4)."""

    compensation: Annotated[int, Field(ge=1), KNOWN]
    grounds: Personal


class Approval(Asks):
    """What a second person approves, in fen: all that was offered, or less (B4)."""

    approved: Annotated[int, Field(ge=0), KNOWN]


class Recovery(Asks):
    """What is claimed back from whoever answers for it, in fen: a ledger of its own (B4)."""

    recovery: Annotated[int, Field(ge=1), KNOWN]
    claimed_from: Personal


class RefusalProposal(Asks):
    """Why the contact should not be taken on: coded, for a supervisor's review (A7)."""

    code: RefusalReason
    reason: Personal
