"""Forms of a replayed log: the log's values, and neutral values where it has none."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from pydantic import ValidationError

from engine.actors import IMPORT
from statemachines.customer_messages import SPOKEN, Medium, ToCustomer
from statemachines.form_model import PERSONAL, Code, Form, Handle, marked, required

UNSAID = "unclassified"
"""The code where a log has none."""


@dataclass(frozen=True, slots=True)
class FormDefaults:
    """What forms are filled with: the mapping's values by field, and the text where the log has none."""

    fill: Mapping[str, Any]
    wordless: str


def recorded_form(form_type: type[Form], recorded: Mapping[str, Any], defaults: FormDefaults) -> dict[str, Any]:
    """Return a recorded event's form: the log's values, and neutral ones for texts and codes that it lacks."""
    fill = {name: defaults.fill[name] for name in form_type.model_fields if name in defaults.fill}
    form = fill | dict(recorded)
    if issubclass(form_type, ToCustomer):
        form.setdefault("medium", Medium.LOG)
        if form["medium"] in SPOKEN:  # a pseudonymised log does not say with whom it was
            form.setdefault("recipient", defaults.wordless)
    for name in required(form_type):
        if name not in form and (neutral := _neutral_text(form_type, name, defaults)) is not None:
            form[name] = neutral
    return form


def inferred_form(form_type: type[Form], defaults: FormDefaults) -> Form | None:
    """Return an inferred move's form; None where a field has no neutral value: an opinion, a reason, a case."""
    form = recorded_form(form_type, {}, defaults)
    for name in required(form_type):
        if name not in form:
            form[name] = _neutral_value(form_type, name)
    try:
        return form_type.model_validate(form)
    except ValidationError:
        return None


def _neutral_text(form_type: type[Form], name: str, defaults: FormDefaults) -> str | None:
    if name in marked(form_type, PERSONAL):
        return defaults.wordless
    return UNSAID if _sort(form_type, name) == "code" else None


def _neutral_value(form_type: type[Form], name: str) -> Any:
    match _sort(form_type, name):
        case "bool":
            return True
        case "int":
            return 0
        case "handle":
            return IMPORT
        case _:
            return None


@cache
def _sort(form_type: type[Form], name: str) -> str:
    """Return the sort of value that a field takes, if that sort has a neutral value."""
    field = form_type.model_fields[name]
    parts = {field.annotation, *get_args(field.annotation)}
    for sort, value_type in (("bool", bool), ("int", int)):
        if value_type in parts:
            return sort
    metadata = set(map(repr, field.metadata))
    if metadata & set(map(repr, get_args(Handle)[1:])) and "ACTOR" in metadata:
        return "handle"
    return "code" if metadata & set(map(repr, get_args(Code)[1:])) else ""
