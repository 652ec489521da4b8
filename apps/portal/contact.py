"""The forms by which somebody writes to us: a contact of any nature, and an evaluation with or without an order."""

from collections.abc import Mapping
from datetime import datetime
from secrets import token_hex
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from apps.api.case_documents import contact_from
from apps.api.problems import status_of
from apps.portal.visit import Sent, Visit, Visiting
from apps.principal_portal import case_id_of, open_own_case, visitor_of
from apps.web.form_fields import FormField, Widget, errors_by_field
from engine.accounts.customer_keys import count_contact, outsider
from locales.translation import refusal
from models.contact import Channel
from statemachines.refused import Refused

router = APIRouter()

NATURES: Final = ("complaint", "consultation", "suggestion", "praise", "lead", "order", "service")
"""What somebody may write to us about, in the order in which it is offered; a report has a page of its own."""
EVALUATION: Final = "evaluation"
SCORES: Final = ("timeliness", "intact_goods", "attitude", "quality")
ABOUT_HIMSELF: Final = ("customer", "phone", "email")
MOST_TEXT, MOST_LINE = 20_000, 200
MANDATORY: Final = {"contact": ("nature", "text"), "rate": ("text",)}


@router.get("/contact")
def show_contact_form(visit: Visiting) -> HTMLResponse:
    """Show the form of a contact."""
    return _contact_page(visit, {})


@router.post("/contact")
def take_contact(visit: Visiting, entries: Sent) -> Response:
    """Open a case for a contact, and let its customer to it."""
    nature = entries.text("nature")
    if nature not in NATURES:
        return _contact_page(visit, entries, _missing("nature"))
    fields = {"text": entries.text("text")}
    fields |= {name: text for name in ("subject", "demand", "shipment", *ABOUT_HIMSELF) if (text := entries.text(name))}
    try:
        return _opened(visit, nature, fields, entries.text("_key"), "contact")
    except Refused as refused:
        return _contact_page(visit, entries, refused)


@router.get("/rate")
def show_evaluation_form(visit: Visiting) -> HTMLResponse:
    """Show the form of an evaluation."""
    return _rate_page(visit, {})


@router.post("/rate")
def take_evaluation(visit: Visiting, entries: Sent) -> Response:
    """Open a case for an evaluation; the scores and the order, if he names one, stand in its text."""
    given = [(name, entries.text(name)) for name in SCORES if entries.text(name) in {"1", "2", "3", "4", "5"}]
    lines = [visit.text("rate.score", name=_score_label(visit, name), score=score) for name, score in given]
    if order := entries.text("shipment"):
        lines.append(visit.text("rate.about_order", order=order[:MOST_LINE]))
    fields = {"text": "\n".join(filter(None, [entries.text("text"), *lines])) if entries.text("text") else ""}
    fields |= {name: text for name in ("shipment", *ABOUT_HIMSELF) if (text := entries.text(name))}
    try:
        return _opened(visit, EVALUATION, fields, entries.text("_key"), "rate")
    except Refused as refused:
        return _rate_page(visit, entries, refused)


def _opened(visit: Visit, nature: str, fields: Mapping[str, str], key: str, done: str) -> Response:
    at: datetime = visit.working_time()
    contact = contact_from("open", contact_fields(visit, nature, fields, at))
    count_contact(visit.store, visit.visitor, at, contact.email or "")
    principal = outsider(visit.store, at)
    answer = open_own_case(visit.store, principal, contact, nature, key or token_hex(16), at)
    return visit.go_to(f"/case?done={done}", visitor_of(principal, case_id_of(visit.store, answer.number)))


def contact_fields(visit: Visit, nature: str, fields: Mapping[str, str], at: datetime) -> dict[str, Any]:
    """Return the fields of a contact by the portal; its row id tells apart what two forms with one key bring."""
    own = {"row_id": f"portal:{nature}", "at": at, "channel": Channel.WEBSITE, "language": visit.locale}
    return {**fields, **own}


def _missing(name: str) -> Refused:
    return Refused("form", move="open", fields=[{"field": name, "why": "missing", "type": "missing"}])


def _contact_page(visit: Visit, typed: Mapping[str, str], refused: Refused | None = None) -> HTMLResponse:
    natures = tuple((nature, visit.text(f"nature.{nature}")) for nature in NATURES)
    drawn = _Drawn(visit, typed, refused, MANDATORY["contact"])
    fields = [
        drawn.field("nature", Widget.SELECT, natures),
        drawn.field("text", Widget.AREA),
        drawn.field("demand", Widget.AREA),
        drawn.field("shipment"),
        *(drawn.field(name) for name in ABOUT_HIMSELF),
    ]
    return _form_page(visit, "contact.html", fields, refused)


def _rate_page(visit: Visit, typed: Mapping[str, str], refused: Refused | None = None) -> HTMLResponse:
    scores = tuple((str(score), visit.text(f"rate.of.{score}")) for score in range(5, 0, -1))
    drawn = _Drawn(visit, typed, refused, MANDATORY["rate"])
    fields = [
        drawn.field("text", Widget.AREA, key="rate_text"),
        *(drawn.field(name, Widget.SELECT, scores, own=_score_label(visit, name)) for name in SCORES),
        drawn.field("shipment"),
        *(drawn.field(name) for name in ABOUT_HIMSELF),
    ]
    return _form_page(visit, "rate.html", fields, refused)


def _form_page(visit: Visit, template: str, fields: list[FormField], refused: Refused | None) -> HTMLResponse:
    named = any(field.error for field in fields)
    why = "" if refused is None or named else refusal(visit.locale, refused, on_web=True)
    status = 200 if refused is None else status_of(refused)
    return visit.page(template, status, fields=fields, why=why, faulty=named)


def _score_label(visit: Visit, name: str) -> str:
    return visit.text(f"field.{name}")


class _Drawn:
    """Draws the fields of a form of the portal that belongs to no move."""

    def __init__(
        self, visit: Visit, typed: Mapping[str, str], refused: Refused | None, mandatory: tuple[str, ...]
    ) -> None:
        self._visit, self._typed, self._mandatory = visit, typed, mandatory
        self._errors = errors_by_field(refused, visit.locale)
        if refused is not None and refused.code == "bad_address":
            self._errors[str(refused.params.get("field", "email"))] = refusal(visit.locale, refused, on_web=True)

    def field(
        self, name: str, widget: Widget = Widget.TEXT, choices: tuple[tuple[str, str], ...] = (), key: str = "",
        own: str = "",
    ) -> FormField:  # fmt: skip
        """Return a field with what was typed in it, and what was wrong with that."""
        hint = self._visit.text(f"hint.{key or name}")
        return FormField(
            name=name,
            label=own or self._visit.text(f"field.{key or name}"),
            widget=widget,
            required=name in self._mandatory,
            value=self._typed.get(name, ""),
            error=self._errors.get(name, ""),
            help="" if hint.startswith("portal.") else hint,
            choices=choices,
            longest=MOST_TEXT if widget is Widget.AREA else MOST_LINE,
        )
