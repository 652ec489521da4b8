"""Forms of a training: the enrolment, its date, attendance, examination and certificate (J1, J2)."""

from typing import Annotated

from pydantic import Field

from models.exact_number import EXACT
from models.instants import Instant
from statemachines.form_model import ON_CASE, VARIABLE, Code, Department, Form, Handle, Number, Numbers, Past, Personal

Points = Annotated[int, Field(ge=0, le=100), EXACT, VARIABLE]
"""What a part of an examination was given, of 100 points."""


class Enrolment(Form):
    """Who needs which course, and because of which cases; the department names a trainee later where none is named."""

    course: Annotated[Code, VARIABLE]
    trainee: Annotated[Handle | None, VARIABLE] = None
    department: Annotated[Department | None, ON_CASE] = None
    because_of: Annotated[Numbers | None, VARIABLE] = None


class Trainee(Form):
    """Who takes the course that was proposed to a department."""

    trainee: Annotated[Handle, VARIABLE]


class Schedule(Form):
    """When the course takes place, and for which year's plan it counts."""

    due_at: Annotated[Instant, VARIABLE]
    plan_year: Annotated[int, Field(ge=2000, le=2199), EXACT, VARIABLE] | None = None
    trainer: Annotated[Handle | None, VARIABLE] = None


class Attendance(Form):
    """How many hours the trainee attended, and when the course was over."""

    attended: Annotated[int, Field(ge=1, le=1000), EXACT, VARIABLE]
    held_at: Past
    note: Personal | None = None


class Examination(Form):
    """What was given for theory, practice and attitude, each of 100 points, and what shows it."""

    theory: Points
    practice: Points
    attitude: Points
    evidence: Personal


class Retest(Form):
    """Why another examination is needed, and when the course takes place again."""

    reason: Personal
    due_at: Annotated[Instant, VARIABLE]


class Certificate(Form):
    """Until when the certificate holds and from when it is to be renewed; without dates the pack's limits hold."""

    valid_until: Annotated[Instant | None, VARIABLE] = None
    renew_from: Annotated[Instant | None, VARIABLE] = None


class Superseded(Form):
    """The training whose certificate took the place of this one."""

    case: Annotated[Number, VARIABLE]


class OpenCases(Form):
    """How many open cases the person had when the certificate ended, and the numbers of the first twenty."""

    open_cases: Annotated[int, Field(ge=0), EXACT, VARIABLE]
    listed: Annotated[Numbers | None, VARIABLE] = None


class Ruling(Form):
    """What the supervisor decided about the person's open cases."""

    decision: Personal


class Lasting(Form):
    """What the course changed, as seen afterwards in the person's work (J2)."""

    lasting: Annotated[bool, VARIABLE]
    evidence: Personal
