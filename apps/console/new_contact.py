"""The page on which a contact is taken down: who calls, what may be the same, the script, what was promised."""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from apps.api.problems import INTERNAL, status_of
from apps.console.contact_form import (
    ContactEntry,
    choice_field,
    contact_fields,
    contact_of,
    packs,
    readable_contact,
    sort_label,
    sorts_for,
)
from apps.console.visit import Sent, Visit, Visiting
from apps.phone_script import BY_PHONE, check_asked, must_ask, phone_calls, steps_for
from apps.principal_intake import NO_HINTS, ContactHints, case_promised, hints_for
from apps.principal_moves import open_for
from apps.principal_reports import RECOGNISES, refuse_others
from apps.web.entries import Entries
from engine.commands.open_case import Opening
from engine.rules.phone_calls import ScriptStep
from locales.translation import label, refusal
from locales.zone import reader_zone
from statemachines.refused import Refused

router = APIRouter()

FIRST_PACK = "logistics"
ANONYMOUS, ANYWAY = "_anonymous", "_anyway"
"""The caller does not say who he is; a case is opened although it may be the same matter as another."""


@router.get("/cases/new")
def ask_contact(visit: Visiting) -> HTMLResponse:
    """Show the empty form."""
    refuse_others(visit.principal, RECOGNISES)
    return _page(visit, Entries([]), NO_HINTS)


@router.post("/cases/new/hints")
def show_hints(visit: Visiting, entries: Sent) -> HTMLResponse:
    """Show what is known of what was typed so far; without scripts on the whole page."""
    refuse_others(visit.principal, RECOGNISES)
    hints = _hints(visit, entries)
    if visit.fragment:
        return visit.page("contact_hints.html", **_beside(visit, entries, hints))
    return _page(visit, entries, hints)


@router.post("/cases/new")
def open_contact(visit: Visiting, entries: Sent) -> Response:
    """Open a case for the contact, unless it may be the same matter as another case and nobody looked yet."""
    refuse_others(visit.principal, RECOGNISES)
    try:
        number = _opened(visit, entries)
    except Refused as refused:
        return _page(visit, entries, _hints(visit, entries), refused)
    return visit.go_to(f"/cases/{number}/opened")


@router.get("/cases/{number}/opened")
def show_opened(visit: Visiting, number: str) -> HTMLResponse:
    """Show the number of a new case and what was promised until when, to be read to the caller."""
    row, promises = case_promised(visit.store, visit.principal, number, visit.at)
    calls, handle = phone_calls(visit.store, row.case.pack, visit.at), visit.principal.actor.handle
    steps = steps_for(calls, row.nature or row.case.kind)
    closing = [step.spoken(visit.locale, handle) for step in steps if step.closing]
    return visit.page("opened_contact.html", row=row, promises=promises, closing=closing)


def _opened(visit: Visit, entries: Entries) -> str:
    at, (sort, pack), typed = visit.working_time(), _chosen(entries), entries.given()
    if sort not in sorts_for(visit.principal):
        raise Refused("unknown_kind", kind=sort[:40], known=sorts_for(visit.principal))
    named = ANONYMOUS not in entries
    if entries.text("channel") in BY_PHONE:  # before the form is read, so that everything missing is named at once
        check_asked(phone_calls(visit.store, pack, at), sort, typed, named=named)
    contact = contact_of(ContactEntry, "open", typed, reader_zone(), at, sort, pack)
    opening = Opening(contact, sort, pack, key=entries.text("_key") or None)
    return open_for(
        visit.store, visit.principal, opening, at, unless_known=ANYWAY not in entries, named=named
    ).number  # fmt: skip


def _chosen(entries: Entries) -> tuple[str, str]:
    """Return of what sort the contact is, and the pack."""
    return entries.text("kind") or "complaint", entries.text("pack") or FIRST_PACK


def _hints(visit: Visit, entries: Entries) -> ContactHints:
    _, pack = _chosen(entries)
    if pack not in packs(visit.store):
        return NO_HINTS
    contact = readable_contact(ContactEntry, entries.given(), reader_zone(), visit.at)
    return hints_for(visit.store, visit.principal, contact, pack, visit.at)


def _by_phone(visit: Visit, entries: Entries) -> tuple[list[ScriptStep], tuple[str, ...]]:
    """Return the script of a call and what must be asked; nothing of a contact that comes otherwise."""
    (sort, pack), by_phone = _chosen(entries), entries.text("channel") in ("", *BY_PHONE)
    if not by_phone or pack not in packs(visit.store):
        return [], ()
    calls = phone_calls(visit.store, pack, visit.at)
    sort = sort if sort in sorts_for(visit.principal) else "complaint"
    return steps_for(calls, sort), must_ask(calls, sort, named=ANONYMOUS not in entries)


def _beside(visit: Visit, entries: Entries, hints: ContactHints) -> dict[str, Any]:
    """Return what stands beside the form: the script of a call with what must still be asked, and the hints."""
    (steps, must), typed, handle = _by_phone(visit, entries), entries.given(), visit.principal.actor.handle
    script = [(step.title[visit.locale], step.spoken(visit.locale, handle)) for step in steps]
    asked = [(label(visit.locale, "contact", "field", name), name in typed) for name in must]
    return {"hints": hints, "script": script, "asked": asked}


def _page(visit: Visit, entries: Entries, hints: ContactHints, refused: Refused | None = None) -> HTMLResponse:
    (sort, pack), known = _chosen(entries), sorts_for(visit.principal)
    _, must = _by_phone(visit, entries)
    fields = contact_fields(ContactEntry, visit.locale, entries, refused, must)
    kinds = choice_field("kind", visit.locale, [(each, sort_label(visit.locale, each)) for each in known], sort)
    houses = [(name, label(visit.locale, "contact", "pack", name)) for name in packs(visit.store)]
    duplicate = refused is not None and refused.code == "likely_duplicate"
    return visit.page(
        "new_contact.html", 200 if refused is None else status_of(refused), **_beside(visit, entries, hints),
        fields=[kinds, *fields], packs=choice_field("pack", visit.locale, houses, pack) if len(houses) > 1 else None,
        anonymous=ANONYMOUS in entries, why=_why(visit, refused),
        duplicate=duplicate, duplicates=refused.params["numbers"] if refused is not None and duplicate else [],
    )  # fmt: skip


def _why(visit: Visit, refused: Refused | None) -> str:
    if refused is None:
        return ""
    if refused.code == "likely_duplicate":
        return visit.text("contact.duplicate", numbers=", ".join(refused.params["numbers"]))
    if refused.code == "form":
        return visit.text("contact.faulty")
    return refusal(visit.locale, Refused("unavailable") if refused.code in INTERNAL else refused, on_web=True)
