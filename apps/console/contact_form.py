"""The fields of a contact as the desk types them, and the contact that they make."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError

from apps.api.case_documents import contact_from
from apps.web.form_entries import form_values
from apps.web.form_fields import FormField, FormReader, Widget, errors_by_field, form_fields
from engine.access.principal import Principal
from engine.rules.in_force import Sort, rules_of
from engine.store import Store
from locales.translation import label, translate
from models.contact import Channel, Contact, CustomerType, Line
from models.instants import Instant
from statemachines.form_faults import form_faults
from statemachines.form_model import Form, Personal
from statemachines.kinds import lifecycles
from statemachines.refused import Refused

SORT: Final = "contact"
"""Under which the catalogues name these fields."""
MACHINES: Final = frozenset({Channel.FILE, Channel.API})
"""The channels by which nobody is served in person."""
OFFERED: Final = (*(channel for channel in Channel if channel not in MACHINES),)

DEFAULTS: Final = {"channel": Channel.HOTLINE.value, "text": "-"}
"""What a contact must have, of which nothing was typed yet."""


class ContactEntry(Form):
    """A contact of somebody: by what he comes, who he is, what about, what he wants."""

    channel: Literal[OFFERED]  # pyright: ignore[reportInvalidTypeForm] - the values of an enumeration
    customer: Line | None = None
    phone: Line | None = None
    email: Line | None = None
    customer_type: CustomerType | None = None
    shipment: Line | None = None
    text: Personal
    demand: Personal | None = None
    subject: Line | None = None
    requested_at: Instant | None = None
    language: Annotated[Literal["zh_CN", "zh_TW", "en"] | None, Field(default=None)] = None


class FurtherContact(Form):
    """A contact of a customer about a case that he has with us."""

    channel: Literal[OFFERED]  # pyright: ignore[reportInvalidTypeForm]
    text: Personal


def sorts_for(principal: Principal) -> list[str]:
    """Return the kinds and natures that somebody takes down: those of customers that he may read afterwards."""
    tables = [table for table in lifecycles().values() if table.by_contact and not table.internal]
    read = [table for table in tables if _reads(principal, table.readers)]
    sorts = [nature for table in read for nature in (table.natures or (table.kind,))]
    return sorted(sorts, key=lambda sort: sort != "complaint")


def sort_label(locale: str, sort: str) -> str:
    """Return what a kind or a nature is called."""
    named = label(locale, "", "nature", sort)
    return named if named != sort else label(locale, "", "kind", sort)


def contact_fields(
    form: type[Form], locale: str, entries: Mapping[str, str], refused: Refused | None = None,
    must: Sequence[str] = (),
) -> list[FormField]:  # fmt: skip
    """Return the fields of a contact; those of ``must`` are required besides those of the form."""
    fields = form_fields(form, FormReader(locale, SORT), {"channel": Channel.HOTLINE.value} | dict(entries), refused)
    return [replace(field, required=field.required or field.name in must) for field in fields]


def choice_field(
    name: str, locale: str, choices: Sequence[tuple[str, str]], chosen: str, refused: Refused | None = None
) -> FormField:
    """Return a field that is no part of the contact: of what sort it is, by whose rules it is handled."""
    shown = translate(locale, f"{SORT}.field.{name}")
    error = errors_by_field(refused, locale).get(name, "")
    return FormField(name, shown, Widget.SELECT, required=True, value=chosen, error=error, choices=tuple(choices))


def packs(store: Store) -> list[str]:
    """Return the names of the packs by whose rules cases are handled."""
    return rules_of(store).names(Sort.PACK)


def contact_of(
    form: type[Form], move: str, given: Mapping[str, str], zone: ZoneInfo, at: datetime, *about: str
) -> Contact:
    """Return the contact of what was typed. Raises ``Refused('form')``.

    ``about`` is what else is asked for with it, for which the contact's ``row_id`` stands: a repeated key must bring
    the same.
    """
    typed = {name: text for name, text in given.items() if name in form.model_fields}
    values, digest = form_values(form, typed, zone), sha256("\n".join(about).encode()).hexdigest()
    try:
        form.model_validate(values)
    except ValidationError as error:
        raise Refused("form", move=move, fields=form_faults(error)) from None
    return contact_from(move, values | {"row_id": f"console:{digest}", "at": at})


def readable_contact(form: type[Form], given: Mapping[str, str], zone: ZoneInfo, at: datetime) -> Contact:
    """Return the contact of what was typed so far, without the fields that cannot be read yet."""
    typed: dict[str, Any] = dict(given)
    try:
        return contact_of(form, "open", DEFAULTS | typed, zone, at)
    except Refused as refused:
        faulty = {fault["field"] for fault in refused.params["fields"]}
    kept = {name: text for name, text in typed.items() if name not in faulty}
    return contact_of(form, "open", DEFAULTS | kept, zone, at)


def _reads(principal: Principal, readers: Sequence[Any]) -> bool:
    return not readers or not principal.actor.roles.isdisjoint(readers)
