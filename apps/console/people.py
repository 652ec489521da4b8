"""The pages of people: who works here, with which roles, how he logs in; added, changed, invited and disabled."""

import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse, Response
from sqlmodel import select

from apps.api.problems import status_of
from apps.console.admin_forms import ChangedPersonForm, NewPersonForm, PersonForm
from apps.console.house_choices import house_choices
from apps.console.visit import Sent, Visit, Visiting
from apps.listening import invitation_link
from apps.principal_reports import OPERATES, refuse_others
from apps.web.form_entries import filled
from apps.web.form_fields import FormReader, form_fields
from apps.web.language_choice import OWN_NAMES
from engine.accounts.accounts import AccountRow, accounts, disable_account, enable_account
from engine.accounts.invitations import Invited, invite, reset
from engine.actors import NOBODY, NewActor
from engine.commands.staffing import change_actor, engage, journal
from locales.translation import label, refusal
from locales.zone import reader_zone
from models import Actor
from statemachines.refused import Refused
from statemachines.roles import Role

router = APIRouter(prefix="/people")

HandlePath = Annotated[str, Path(max_length=100)]
Act = Annotated[str, Path(max_length=10)]
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
ACTS = {"invite": invite, "reset": reset, "disable": disable_account, "enable": enable_account}
"""What an administrator does with an account; those that make a link show it once."""


@router.get("")
def list_people(visit: Visiting) -> HTMLResponse:
    """List everybody, and offer the form of a new person."""
    refuse_others(visit.principal, OPERATES)
    return _list(visit, {})


@router.post("")
def add_person(visit: Visiting, entries: Sent) -> Response:
    """Add a person, and show his page, from which he is invited."""
    refuse_others(visit.principal, OPERATES)
    given = entries.given()
    try:
        form = filled(NewPersonForm, given, reader_zone())
        roles = tuple(Role(name) for name in form.roles.split() if name in set(Role))
        actor = NewActor(
            form.handle, roles, form.department, form.boss, form.locale, form.email, form.zone, form.name, form.phone
        )
        engage(visit.store, actor, visit.principal.actor.handle, visit.working_time())
    except Refused as refused:
        return _list(visit, given, refused)
    return visit.go_to(f"/people/{form.handle}?done=person_added")


@router.get("/{handle}")
def show_person(handle: HandlePath, visit: Visiting) -> HTMLResponse:
    """Show a person with his account and what was changed of him."""
    refuse_others(visit.principal, OPERATES)
    return _person(visit, handle)


@router.post("/{handle}")
def change_person(handle: HandlePath, visit: Visiting, entries: Sent) -> Response:
    """Change a person's particulars; what is left empty is emptied."""
    refuse_others(visit.principal, OPERATES)
    given = entries.given()
    try:
        form = filled(ChangedPersonForm, given, reader_zone())
        values: dict[str, Any] = form.model_dump() | {"roles": tuple(form.roles.split())}
        change_actor(visit.store, handle, values, visit.principal.actor.handle, visit.working_time())
    except Refused as refused:
        return _person(visit, handle, given, refused)
    return visit.go_to(f"/people/{handle}?done=person_changed")


@router.post("/{handle}/{act}")
def act_on_account(handle: HandlePath, act: Act, visit: Visiting, _sent: Sent) -> Response:
    """Invite, reset, disable or enable an account."""
    refuse_others(visit.principal, OPERATES)
    if act not in ACTS:
        raise Refused("unknown_address")
    try:
        made = ACTS[act](visit.store, handle, visit.principal.actor.handle, visit.working_time())
    except Refused as refused:
        return _person(visit, handle, None, refused)
    if isinstance(made, Invited):
        return _person(visit, handle, None, None, made)
    return visit.go_to(f"/people/{handle}?done=account_{act}d")


def _list(visit: Visit, entries: dict[str, str], refused: Refused | None = None) -> HTMLResponse:
    logins = {row.handle: row for row in accounts(visit.store, visit.at)}
    with visit.store.reading() as session:
        rows = session.exec(select(Actor).order_by(Actor.handle)).all()
    people = [(row, logins.get(row.handle), row.available(visit.at)) for row in rows if row.handle not in NOBODY]
    return visit.page("people.html", _status(refused), people=people, **_form(visit, NewPersonForm, entries, refused))


def _person(
    visit: Visit, handle: str, entries: dict[str, str] | None = None, refused: Refused | None = None,
    invited: Invited | None = None,
) -> HTMLResponse:  # fmt: skip
    with visit.store.looking() as tx:
        changes = journal(tx, handle)
    with visit.store.reading() as session:
        person = session.exec(select(Actor).where(Actor.handle == handle)).one()
    shown = {name: _entered(getattr(person, name)) for name in ChangedPersonForm.model_fields}
    account: AccountRow | None = next((row for row in accounts(visit.store, visit.at) if row.handle == handle), None)
    link = invitation_link(visit.settings, invited.code) if invited else ""
    entries = shown if entries is None else entries
    return visit.page(
        "person.html", _status(refused), person=person, account=account, changes=changes, link=link,
        shown_value=lambda name, value: _shown_value(visit.locale, name, value),
        until=invited and invited.until, **_form(visit, ChangedPersonForm, entries, refused),
    )  # fmt: skip


def _entered(value: Any) -> str:
    """Return a particular of a person as its field holds it; an instant in the zone of the reader."""
    return f"{value.astimezone(reader_zone()):%Y-%m-%dT%H:%M}" if isinstance(value, datetime) else value or ""


def _shown_value(locale: str, name: str, value: str | None) -> str | datetime:
    """Return a value of the journal of an actor as it is read: codes by their labels, an instant as such."""
    if name == "roles":
        return ", ".join(label(locale, "", "role", role) for role in (value or "").split()) or "–"
    if name == "department" and value:
        return label(locale, "", "department", value)
    if name == "locale" and value:
        return OWN_NAMES.get(value, value)
    if value and INSTANT.match(value):
        return datetime.fromisoformat(value)
    return value or "–"


def _form(visit: Visit, form: type[PersonForm], entries: dict[str, str], refused: Refused | None) -> dict[str, Any]:
    reader = FormReader(visit.locale, "", house_choices(visit.store, visit.locale))
    why = refusal(visit.locale, refused, on_web=True) if refused else ""
    return {"fields": form_fields(form, reader, entries, refused), "why": why}


def _status(refused: Refused | None) -> int:
    return 200 if refused is None else status_of(refused)
