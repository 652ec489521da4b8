"""The forms of the pages of conduct."""

from datetime import date
from typing import Annotated

from pydantic import Field

from engine.conduct.draws import MOST
from engine.rules.checklists import ConductChannel
from models.exact_number import EXACT
from statemachines.form_model import Department, Form, Handle, Personal


class DrawForm(Form):
    """From which contacts a sample is drawn, both days included, and how many."""

    conduct_channel: ConductChannel
    first_day: date
    last_day: date
    sample_size: Annotated[int, Field(ge=1, le=MOST), EXACT] = 20
    department: Department | None = None
    staff_member: Handle | None = None


class ObjectionForm(Form):
    """What the scored person objects to."""

    objection: Personal


class AnswerForm(Form):
    """What a reviewer answers to an objection."""

    objection_answer: Personal
