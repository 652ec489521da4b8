"""The page of matters of the staff: open a training, a proposal, a reward or an appraisal; see the year's trainings."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from apps.api.problems import status_of
from apps.console.contact_form import choice_field, contact_fields, contact_of, packs, sort_label
from apps.console.new_contact import FIRST_PACK
from apps.console.visit import Sent, Visit, Visiting
from apps.principal_moves import open_for
from apps.principal_trainings import certificates_seen, plan_seen, staff_kinds_for
from engine.commands.open_case import Opening
from locales.translation import label, refusal, translate
from locales.zone import reader_zone
from statemachines.form_model import Form, Personal
from statemachines.refused import Refused

router = APIRouter(prefix="/staff-matters")

Year = Annotated[int | None, Query(ge=2000, le=2199)]


class Matter(Form):
    """What it is about, in words; the first step of the case asks for the rest."""

    text: Personal


@router.get("")
def list_matters(visit: Visiting, year: Year = None) -> HTMLResponse:
    """Show the courses of a year and the certificates as far as the visitor may read them, and the form."""
    return _page(visit, {}, year)


@router.post("")
def open_matter(visit: Visiting, entries: Sent) -> Response:
    """Open a case and show it; its first step says whom it concerns."""
    kind, pack = entries.text("kind"), entries.text("pack") or FIRST_PACK
    try:
        if kind not in (known := staff_kinds_for(visit.principal)):
            raise Refused("unknown_kind", kind=kind[:40], known=known)
        at = visit.working_time()
        contact = contact_of(Matter, "open", entries.given(), reader_zone(), at, kind, pack)
        opening = Opening(contact, kind, pack, key=entries.text("_key") or None)
        number = open_for(visit.store, visit.principal, opening, at, unless_known=False).number
    except Refused as refused:
        return _page(visit, entries.given(), None, refused)
    return visit.go_to(f"/cases/{number}")


def _page(visit: Visit, given: Mapping[str, str], year: int | None, refused: Refused | None = None) -> HTMLResponse:
    chosen, locale = year or visit.at.astimezone(reader_zone()).year, visit.locale
    kinds = [(kind, sort_label(locale, kind)) for kind in staff_kinds_for(visit.principal)]
    sort = choice_field("kind", locale, kinds, given.get("kind", kinds[0][0]), refused)
    houses = [(name, label(locale, "contact", "pack", name)) for name in packs(visit.store)]
    return visit.page(
        "staff_matters.html",
        200 if refused is None else status_of(refused),
        year=chosen,
        courses=plan_seen(visit.store, visit.principal, chosen, visit.at),
        certificates=certificates_seen(visit.store, visit.principal, visit.at),
        fields=[
            replace(sort, label=translate(locale, "staff_matters.sort")),
            choice_field("pack", locale, houses, given.get("pack", FIRST_PACK), refused),
            *contact_fields(Matter, locale, given, refused),
        ],
        why="" if refused is None else refusal(locale, refused, on_web=True),
    )
