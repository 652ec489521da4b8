"""The fields of a page's form, made from the form model of a move: one generator for every move, in three languages.

A new move or a new field of a form shows up in the pages without a line here: what it may hold is read from the model's
JSON schema, what it is called from the catalogues.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from apps.variable_views import MONEY_ENTERED, SORTS, field_label
from apps.web.catalogued_codes import CATALOGUED, catalogued
from apps.web.field_help import help_of, typed_code
from locales.translation import fault_text, label
from reports.desk_queries import customer_kinds
from statemachines.form_model import (
    ACTOR,
    ATTACHED,
    BORNE_CATEGORY,
    CATEGORY,
    CODES,
    CUSTOMER_KIND,
    DEPARTMENT,
    PERSONAL,
    VARIABLE,
    Form,
    marked,
    required,
)
from statemachines.refused import Refused

LONG = 500
"""A text that may be longer is typed in an area of several lines."""


NAMES = r"^[a-z_.:]+( [a-z_.:]+)*$"
"""Names of scopes or events, separated by blanks."""


class Widget(StrEnum):
    """How a field is filled in."""

    TEXT = "text"
    AREA = "area"
    NUMBER = "number"
    MONEY = "money"
    """Typed in yuan; the form takes fen."""
    DAY = "day"
    INSTANT = "instant"
    """A local date and time; the form takes an instant with its offset."""
    SELECT = "select"
    SEVERAL = "several"
    """Any number of the choices; the form takes their codes, separated by blanks."""
    SWITCH = "switch"
    ATTACHMENTS = "attachments"
    """Files of the case, by their ids."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the house offers for fields that name a person, a department or a category: pairs of code and label.

    ``by_name`` offers choices for fields by their names, as the running clauses of a case for the field ``clause``.
    """

    people: Sequence[tuple[str, str]] = ()
    departments: Sequence[tuple[str, str]] = ()
    categories: Sequence[tuple[str, str]] = ()
    attachments: Sequence[tuple[str, str]] = ()
    cases: Sequence[tuple[str, str]] = ()
    """The cases that are proposed where the number of one is typed."""
    by_name: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict[str, Sequence[tuple[str, str]]])
    """The choices of further fields, by the names of the fields."""
    proposed: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict[str, Sequence[tuple[str, str]]])
    """What is proposed in fields that are typed, by the names of the fields; something else may be typed."""


NO_CHOICES = Choices()


@dataclass(frozen=True, slots=True)
class FormField:
    """A field as the page shows it. ``error`` says what is wrong with ``value``."""

    name: str
    label: str
    widget: Widget
    required: bool
    value: str = ""
    error: str = ""
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    """What may be chosen; in a field that is typed, what is proposed."""
    least: int | None = None
    most: int | None = None
    longest: int | None = None
    personal: bool = False

    def chosen(self, code: str) -> bool:
        """Return whether a choice is among the value's codes."""
        return code in self.value.split() if self.widget is Widget.SEVERAL else code == self.value


@dataclass(frozen=True, slots=True)
class FormReader:
    """Whom a form is drawn for: his language, the kind of the case whose labels it takes, the choices of the house.

    ``variables`` are those of the case.
    """

    locale: str
    kind: str
    choices: Choices = NO_CHOICES
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def label(self, sort: str, code: str) -> str:
        """Return the label of a code."""
        return label(self.locale, self.kind, sort, code)


def form_fields(
    form: type[Form], reader: FormReader, entries: Mapping[str, str], refused: Refused | None = None
) -> list[FormField]:
    """Return the fields of a form in its order, with what was typed before, and at each what was wrong with it."""
    schema = form.model_json_schema()
    errors = errors_by_field(refused, reader.locale)
    return [
        _field(form, name, _resolved(field, schema), reader, entries.get(name), errors.get(name, ""))
        for name, field in schema.get("properties", {}).items()
    ]


def required_first(fields: Sequence[FormField]) -> list[FormField]:
    """Return the fields with those that must be filled in first."""
    return sorted(fields, key=lambda field: not field.required)


def linked_choices(fields: Sequence[FormField], address: Mapping[str, str]) -> dict[str, str]:
    """Return what the address of a page fills in: choices that its form offers, so that no link puts words into one."""
    chosen = ((field, address.get(field.name)) for field in fields if field.widget is Widget.SELECT)
    return {field.name: code for field, code in chosen if code is not None and code in dict(field.choices)}


def widgets_of(form: type[Form]) -> dict[str, Widget]:
    """Return how each field of a form is filled in."""
    schema = form.model_json_schema()
    return {name: _widget(form, name, _resolved(field, schema)) for name, field in schema.get("properties", {}).items()}


def errors_by_field(refused: Refused | None, locale: str) -> dict[str, str]:
    """Return what a refusal says of each field; empty where it is about something else."""
    if refused is None or refused.code not in ("form", "bad_request"):
        return {}
    faults: list[dict[str, Any]] = refused.params.get("fields", [])
    return {fault["field"]: fault_text(locale, {**fault, "field": ""}) for fault in faults}


def _resolved(field: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a field's value: that of the other type where it may also be empty."""
    arms = [arm for arm in field.get("anyOf", ()) if arm.get("type") != "null"]
    chosen = field | arms[0] if arms else field
    if "$ref" in chosen:
        chosen = chosen | schema["$defs"][chosen["$ref"].rpartition("/")[2]]
    return chosen


def _widget(form: type[Form], name: str, field: Mapping[str, Any]) -> Widget:
    if name in marked(form, ATTACHED):
        return Widget.ATTACHMENTS
    if field.get("pattern") in (CODES, NAMES):
        return Widget.SEVERAL
    if "enum" in field or name in _house_fields(form):
        return Widget.SELECT
    sort = field.get("type")
    if sort == "boolean":
        return Widget.SWITCH
    if sort == "integer":
        return Widget.MONEY if name in MONEY_ENTERED else Widget.NUMBER
    if field.get("format") in {"date-time", "date"}:
        return Widget.DAY if field["format"] == "date" else Widget.INSTANT
    return Widget.AREA if field.get("maxLength", 0) > LONG else Widget.TEXT


def _house_fields(form: type[Form]) -> frozenset[str]:
    """Return the fields that name somebody or something of the house."""
    return frozenset(name for mark in (ACTOR, DEPARTMENT, CATEGORY, BORNE_CATEGORY) for name in marked(form, mark))


def _field(
    form: type[Form], name: str, schema: Mapping[str, Any], reader: FormReader, typed: str | None, error: str
) -> FormField:
    widget, offered = _widget(form, name, schema), _offered(form, name, schema, reader)
    if widget in (Widget.TEXT, Widget.NUMBER) and offered:
        widget = Widget.SELECT
    if widget is Widget.SELECT and not offered:
        widget = Widget.TEXT  # a house with too many people for a list types handles
    if widget is Widget.TEXT:
        of_cases = reader.choices.cases if typed_code(schema).startswith("case_number") else ()
        offered = tuple(reader.choices.proposed.get(name, of_cases))
    default = schema.get("default")
    return FormField(
        name=name,
        label=field_label(reader.locale, reader.kind, name),
        widget=widget,
        required=name in required(form),
        value=typed if typed is not None else "" if default is None else _shown(default),
        error=error,
        help=help_of(reader.locale, reader.kind, name, typed_code(schema) if widget is Widget.TEXT else widget.value),
        choices=offered,
        least=schema.get("minimum"),
        most=schema.get("maximum"),
        longest=schema.get("maxLength"),
        personal=name in marked(form, PERSONAL),
    )


def _offered(
    form: type[Form], name: str, field: Mapping[str, Any], reader: FormReader
) -> tuple[tuple[str, str], ...]:  # fmt: skip
    """Return the choices of a field: those of the house, else the codes of its type; none for free texts."""
    choices = reader.choices
    if name in choices.by_name:
        return tuple(choices.by_name[name])
    house = {
        ACTOR: choices.people, DEPARTMENT: choices.departments, CATEGORY: choices.categories,
        BORNE_CATEGORY: choices.categories, ATTACHED: choices.attachments,
    }  # fmt: skip
    for mark, offered in house.items():
        if name in marked(form, mark):
            return tuple(offered)
    sort = SORTS.get(name, name)
    if name in marked(form, CUSTOMER_KIND):
        return tuple((kind, reader.label("kind", kind)) for kind in customer_kinds())
    if sort in CATALOGUED and name in marked(form, VARIABLE):
        return catalogued(reader.locale, reader.kind, sort, reader.variables)
    return tuple((str(code), reader.label(sort, str(code))) for code in field.get("enum", ()))


def _shown(default: Any) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)
