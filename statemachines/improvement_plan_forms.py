"""The forms of an improvement plan (E3): the figure that requires it, the plan, its measures, their effect."""

from typing import Annotated

from pydantic import Field

from models.exact_number import EXACT
from models.instants import Instant
from statemachines.effects import Effect
from statemachines.form_model import ON_CASE, VARIABLE, Code, Department, Form, Handle, PeriodName, Personal

Hundredths = Annotated[int, Field(ge=0), EXACT, VARIABLE]
"""A figure of an indicator in hundredths: 90.5 % is 9050."""


class Requirement(Form):
    """Which department must improve what, and by when its plan is due if that was said.

    The system names the ``period`` whose figure missed the target, and the instant as of which it was computed.
    """

    department: Annotated[Department, ON_CASE, VARIABLE]
    owner: Annotated[Handle | None, ON_CASE] = None
    indicator: Annotated[Code | None, VARIABLE] = None
    cause: Annotated[Code | None, VARIABLE] = None
    actual: Hundredths | None = None
    target: Hundredths | None = None
    due_at: Instant | None = None
    period: Annotated[PeriodName | None, VARIABLE] = None
    figures_at: Annotated[Instant | None, VARIABLE] = None


class Plan(Form):
    """What will be done, by which measures, and until when."""

    plan: Personal
    measures: Personal
    proposed_due: Annotated[Instant, VARIABLE]


class Agreed(Form):
    """The date that the group agreed to."""

    due_at: Annotated[Instant, VARIABLE]


class SentBack(Form):
    """What the plan lacks, and by when a better one is due."""

    reason: Personal
    due_at: Instant | None = None


class Recurrence(SentBack):
    """Why the plan begins anew; the system names the figure of the period in which the indicator fell again."""

    actual: Hundredths | None = None
    period: Annotated[PeriodName | None, VARIABLE] = None
    figures_at: Annotated[Instant | None, VARIABLE] = None


class Completion(Form):
    """What was done, and what shows it."""

    done: Personal
    evidence: Personal


class Verification(Form):
    """The figure before and after, in hundredths, and whether that is the effect; else by when a new plan is due."""

    effect: Annotated[Effect, VARIABLE]
    before: Hundredths
    after: Hundredths
    evidence: Personal
    due_at: Instant | None = None


class Measurement(Form):
    """The indicator's figure of a period after the measures, as computed, beside the one that required the plan."""

    before: Hundredths
    after: Hundredths
    on_target: Annotated[bool, VARIABLE]
    measured_period: Annotated[PeriodName, VARIABLE]
    figures_at: Annotated[Instant, VARIABLE]
    sample: Annotated[int, Field(ge=0), EXACT, VARIABLE]
    due_at: Instant | None = None
