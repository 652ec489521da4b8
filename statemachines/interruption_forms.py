"""What is asked about an interruption of the service: what it hits, what is granted, lost, mended and learned (G1)."""

from typing import Annotated

from pydantic import Field

from models.exact_number import EXACT
from models.instants import Instant
from statemachines.form_model import (
    BORNE_CATEGORY,
    CUSTOMER_KIND,
    ON_CASE,
    VARIABLE,
    Code,
    Department,
    Form,
    Past,
    Personal,
)

Count = Annotated[int, Field(ge=0), EXACT, VARIABLE]


class Declaration(Form):
    """What fails since when, presumably until when, and which department and sort of case it hits."""

    what: Personal
    where: Personal | None = None
    since: Annotated[Past, VARIABLE]
    expected_until: Annotated[Instant | None, VARIABLE] = None
    department: Annotated[Department | None, ON_CASE] = None
    category: Annotated[Code | None, ON_CASE, BORNE_CATEGORY] = None


class ContingencyPlan(Form):
    """Which contingency plan is put into force, and what it asks for."""

    contingency: Annotated[Code, VARIABLE]
    plan: Personal


class Criteria(Form):
    """Which open cases of customers are affected: of a kind, department, sort or span; of a route or a port.

    Both ends of the span belong to it; one that is not given is open. ``waybills`` are numbers of shipments, separated
    by commas, blanks or lines: then only cases of these shipments are affected.
    """

    kind: Annotated[Code, CUSTOMER_KIND]
    department: Department | None = None
    category: Annotated[Code | None, BORNE_CATEGORY] = None
    opened_since: Instant | None = None
    opened_until: Instant | None = None
    route: Code | None = None
    port: Code | None = None
    waybills: Personal | None = None


class Affected(Form):
    """How many cases are affected so far, how many of them were found now, and to how many customers mail went."""

    affected: Count
    found: Annotated[int, Field(ge=0), EXACT]
    told: Annotated[int, Field(ge=0), EXACT]
    untold: Count


class Told(Form):
    """How those were told whom no mail reaches; the system, which found that mail reached all, says nothing."""

    how: Personal | None = None


class TimeGrant(Form):
    """More time for one promise of every affected case: hours of its own sort, with the reason."""

    clause: Code
    hours: Annotated[int, Field(ge=1, le=10_000), EXACT]
    reason: Personal


class TimeGranted(Form):
    """On how many affected cases more time was granted, and how many had no such clock."""

    clause: Code
    hours: Annotated[int, Field(ge=1, le=10_000), EXACT]
    granted: Count
    skipped: Count


class Loss(Form):
    """What was lost, and its worth in fen."""

    amount: Annotated[int, Field(ge=1), EXACT]
    what: Personal


class Mitigation(Form):
    """What was done to keep the loss small."""

    measure: Personal


class Restoration(Form):
    """When and how the service was restored."""

    restored_at: Annotated[Past, VARIABLE]
    how: Personal


class Postmortem(Form):
    """What is learned of it, and which department must improve because of it."""

    lessons: Personal
    cause: Annotated[Code, VARIABLE]
    improving: Annotated[Department, VARIABLE]
