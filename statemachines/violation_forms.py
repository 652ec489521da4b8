"""What the moves of a violation ask for, from the report to the decision (F2)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from models.exact_number import EXACT
from statemachines.customer_messages import ToCustomer
from statemachines.form_model import KNOWN_CASE, ON_CASE, VARIABLE, Form, Handle, Number, Personal
from statemachines.forms import Degree, Severity


class Breach(StrEnum):
    """The four classes, and falsification of what was recorded (B5)."""

    CODE_BREACH = "code_breach"
    DATA_LEAK = "data_leak"
    QUALITY_COMPLAINT = "quality_complaint"
    ETHICS = "ethics"
    FALSIFICATION = "falsification"


class Charge(Form):
    """The class of the violation, and who is accused of it, if that is known already."""

    category: Annotated[Breach, ON_CASE]
    severity: Annotated[Severity, ON_CASE] = Severity.NORMAL
    accused: Annotated[Handle | None, VARIABLE] = None


class Accused(Form):
    """Who turned out to be meant."""

    accused: Annotated[Handle, VARIABLE]
    grounds: Personal


class Team(Form):
    """Who leads the investigation."""

    lead_investigator: Annotated[Handle, VARIABLE]


class Evidence(Form):
    """One piece of evidence, in words."""

    evidence: Personal


class Conclusion(Form):
    """What the team found, whether it is proven, and how far the accused answers for it."""

    findings: Personal
    degree: Annotated[Degree, VARIABLE]
    proven: Annotated[bool, VARIABLE]


class Penalty(StrEnum):
    """From none to the gravest."""

    NONE = "none"
    WARNING = "warning"
    FINE = "fine"
    DEMOTION = "demotion"
    REMOVAL = "removal"
    TERMINATION = "termination"


class Verdict(Form):
    """The penalty, the amount of a fine in fen, and the grounds."""

    penalty: Annotated[Penalty, VARIABLE]
    fine: Annotated[int, Field(ge=0), EXACT, VARIABLE] = 0
    grounds: Personal


class Notice(Form):
    """What is published inside."""

    notice: Personal


class Telling(ToCustomer):
    """What the affected customer is told; ``affected`` is his case, where he is not the one who reported."""

    message: Personal
    affected: Annotated[Number | None, KNOWN_CASE, VARIABLE] = None


class ToReporter(Form):
    """A question or an answer to whoever reported without a name."""

    message: Personal


class Grounds(Form):
    """Why the decision is disputed."""

    grounds: Personal


class Unfounded(StrEnum):
    NO_FACTS = "no_facts"
    NOT_A_VIOLATION = "not_a_violation"
    ALREADY_DECIDED = "already_decided"
    NOT_OURS = "not_ours"


class DismissalProposal(Form):
    """Why nothing should come of the report: coded, for a second person's review."""

    code: Unfounded
    reason: Personal


class Dismissal(ToCustomer):
    """The reviewed reason, and what whoever reported is told, if he can be reached (A7)."""

    code: Unfounded
    told: Personal
