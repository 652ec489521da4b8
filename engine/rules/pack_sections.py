"""The sections of a policy pack, each with its fields and their bounds."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from engine.rules.limits import Row, Text
from engine.rules.sampling import MOST_SURVEYED, Allocation, SurveyStrata
from statemachines.forms import Severity, SurveyWay
from statemachines.roles import TOP_LEVEL

Level = Annotated[int, Field(ge=0, le=TOP_LEVEL)]


class LadderStep(Row):
    """An escalation step: at this share of the allowance the case asks this level."""

    percent: Annotated[int, Field(gt=0, le=1000)]
    level: Level


class Callbacks(Row):
    """How often, and in which working hours, a customer is called back (D1).

    ``trigger`` is what the window is counted from, ``window`` names the clause that holds its length;
    ``apart_hours`` is the least time between two attempts: attempts that follow each other faster are one.
    ``recurrence_days`` is for how many days a customer who was called is not called about another order,
    ``inquiries`` whether answered consultations are called back, too.
    """

    trigger: Literal["receipt", "completion", "acceptance"] | None = None
    window: str | None = None
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    apart_hours: Annotated[int, Field(ge=0, le=168)] = 2
    calendar: str = "cn-office"
    recurrence_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    inquiries: bool = False


class Alerts(Row):
    """When people of these levels are alerted, and how many mails they get (B6, B11).

    They are alerted in the hours of ``calendar``, or at any hour without one; other levels at any hour. Whoever is
    asked for an overdue case is reminded every ``remind_days`` days until he acts; 0 reminds nobody. More than
    ``digest_after`` notices to one person within ``digest_minutes`` become one mail. Cases of a severity of
    ``at_once`` wait for no hours. An alert to whoever is on duty that nobody acknowledges within
    ``acknowledge_minutes`` goes to the next level; 0 lets none climb.
    """

    calendar: str | None = None
    levels: Annotated[tuple[Level, ...], Field(min_length=1)] = (1, 2, 3)
    remind_days: Annotated[int, Field(ge=0, le=31)] = 1
    digest_after: Annotated[int, Field(ge=1, le=1000)] = 5
    digest_minutes: Annotated[int, Field(ge=1, le=1440)] = 10
    at_once: tuple[Severity, ...] = ()
    acknowledge_minutes: Annotated[int, Field(ge=0, le=1440, strict=True)] = 15


class Bound(Row):
    """An amount up to which one rule holds and above which another, as who decides on a compensation (B4).

    Blank (no amount), it admits no amount: whatever asks for it is refused or marked until the pack says one.
    """

    amount: Annotated[int, Field(gt=0, strict=True)] | None = None
    of: Literal["fen", "hours", "points"]
    source: Text


class Staffing(Row):
    """What the document asks of the people who work on customers' cases (J1, J2).

    Such a case is given only to who holds the ``certificate`` of this course; without a course, to anybody. With
    ``propose_courses`` a negative evaluation and a confirmed responsibility propose a training.
    """

    certificate: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")] | None = None
    propose_courses: bool = False
    source: Text


CONDUCT = "conduct"
"""The name in a formula for the scores of sampled contacts (F5), which are no indicator."""


class AppraisalFormula(Row):
    """By which indicators people are appraised (E6): the weight of each, 100 in all.

    ``conduct`` among them weighs the scores of sampled contacts, of which there must be ``conduct_samples`` at least.
    """

    conduct_samples: Annotated[int, Field(ge=1, le=1000, strict=True)] = 3
    weights: Annotated[dict[str, Annotated[int, Field(gt=0, le=100, strict=True)]], Field(min_length=1)]
    source: Text

    @model_validator(mode="after")
    def _weighs_a_hundred(self) -> Self:
        if (total := sum(self.weights.values())) != 100:
            raise PydanticCustomError("pack.weights", "the weights are {total} in all; make them 100", {"total": total})
        return self


POSITION_AGE = "position_age_hours"
"""The bound on the age of a position that a customer is shown (C3); what is older is marked as stale."""


class Rounds(Row):
    """After how many rounds a manager must decide (B3, C2), and how long an end can be taken back; else None.

    ``max`` bounds the rounds of a case, ``rectifications`` those of an order that is not accepted; no bound where the
    source sets none, as ``source`` says. A customer reopens his closed case within ``reopen_days``; a manager undoes a
    mistaken end within ``undo_days``.
    """

    max: Annotated[int, Field(ge=1)] | None = None
    source: Text | None = None
    rectifications: Annotated[int, Field(ge=1)] | None = None
    reopen_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    undo_days: Annotated[int, Field(ge=1, le=3650)] | None = None


class Indicator(Row):
    """A target the document sets for a figure (E2), in points of 100 or in percent, with its operator."""

    operator: Literal["<", "<=", ">=", ">"]
    target: Annotated[Decimal, Field(ge=0, le=100)]
    of: Literal["points", "percent"]
    source: Text


class ThirdParty(Row):
    """By which criteria third parties score the departments (E1).

    Each criterion is an indicator of percent or points, so that the score and our own figure can be compared. A score
    more than ``gap`` points below our figure opens a finding.
    """

    criteria: Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], ...], Field(min_length=1)]
    gap: Annotated[int, Field(gt=0, le=100, strict=True)]
    source: Text


class Evaluation(Row):
    """How often the service is evaluated (E3): the period of its cycles, and of the plans that indicators require."""

    every: Literal["month", "quarter"]
    source: Text


class Surveys(Row):
    """How often customers are surveyed, and by which sampling plan (E1).

    A survey asks ``size`` of the customers who had a case of one of ``kinds`` in the period, divided among strata by
    ``by`` and at least ``least`` of each. Whoever was asked less than ``apart_days`` ago is left out. Without ``every``
    no survey opens by itself.
    """

    every: Literal["month", "quarter"] | None = None
    kinds: Annotated[tuple[Text, ...], Field(min_length=1)]
    by: SurveyStrata = SurveyStrata.CUSTOMER_TYPE
    method: Allocation = Allocation.PROPORTIONAL
    size: Annotated[int, Field(ge=1, le=MOST_SURVEYED, strict=True)]
    least: Annotated[int, Field(ge=0, le=MOST_SURVEYED, strict=True)] = 0
    way: SurveyWay = SurveyWay.LINK
    apart_days: Annotated[int, Field(ge=1, le=3650, strict=True)]
    source: Text
