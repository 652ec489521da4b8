"""The forms of the pages of rules."""

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from statemachines.form_model import Code, Form

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class NewDraftForm(Form):
    """Of which sort and under which name a draft is begun."""

    rule_sort: Code
    rule_name: Line


class DraftForm(Form):
    """The text of a draft."""

    rule_text: Annotated[str, Field(max_length=65_536)]


class InterpretationForm(Form):
    """How a clause, a bound or an indicator of a pack is read."""

    clause: Code
    reading: Annotated[str, Field(min_length=1, max_length=4_000)]


class SubmitForm(Form):
    """Why the rules are to change, and from which day on; without a day, from the approval on."""

    reason: Line
    effective_on: date | None = None


class DeclineForm(Form):
    """Why a draft is declined."""

    reason: Line
