"""The form of any move on a case: what it asks for, its letter before it is sent, and what became of it.

The form is made from the move's form model; what was typed stays in it until the move was made, also where somebody
else moved the case first.
"""

import json
from dataclasses import dataclass, field, replace
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse, Response

from apps.api.problems import status_of
from apps.console.case_page import CaseNumber
from apps.console.form_files import with_files
from apps.console.visit import SentWithFiles, Visit, Visiting
from apps.form_choices import choices_of
from apps.principal_case_page import MadeMove, moves_since, why_not
from apps.principal_letters import language_for, letter_for, template_for
from apps.principal_moves import WantedMove, move_for
from apps.principal_related_cases import related_cases
from apps.principal_views import moves_seen, timers_seen
from apps.reply_templates import templates_for
from apps.web.form_entries import form_values
from apps.web.form_fields import FormField, FormReader, Widget, form_fields, linked_choices, required_first
from engine.attachments.reading import attachments_of
from engine.ledger.record import CaseRow
from flows.customer_letters import Letter
from locales.forbidden_phrases import FoundPhrase, forbidden_phrases, marked_parts
from locales.translation import locales, refusal
from locales.zone import reader_zone
from statemachines.form_model import ATTACHED, marked
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Move
from statemachines.refused import Refused

router = APIRouter(prefix="/cases/{number}/moves/{move}")

MoveName = Annotated[str, Path(max_length=100)]
PREVIEW, TEMPLATE, ANYWAY = "preview", "template", "anyway"
"""What the buttons of the form ask for besides the move itself; ``anyway`` sends it with expressions in it."""


@dataclass(frozen=True, slots=True)
class MoveForm:
    """The form as it is shown: what was typed, on which step it relies, and what was answered to it."""

    typed: dict[str, str] = field(default_factory=dict[str, str])
    seq: int | None = None
    refused: Refused | None = None
    meanwhile: tuple[MadeMove, ...] = ()
    letter: Letter | None = None
    phrases: tuple[FoundPhrase, ...] = ()
    language: str = ""
    filled: str = ""
    """The text that a template filled in last; while it is unchanged, another template replaces it."""


@router.get("")
def show_move(number: CaseNumber, move: MoveName, visit: Visiting) -> HTMLResponse:
    """Show the form of a move, with the choices that the address names."""
    return _form_page(visit, number, move, MoveForm())


@router.post("")
def make_move(number: CaseNumber, move: MoveName, visit: Visiting, sent: SentWithFiles) -> Response:
    """Make the move, show its letter, or fill in a template; show the form again where it is refused."""
    entries = sent.entries
    case, row = _row_of(visit, number, move)
    typed = entries.given()
    shown = MoveForm(
        typed, _step(entries.text("_seq")), language=entries.text("_language"), filled=entries.get("_filled", "")
    )
    asked_for = entries.text("_act")
    try:
        shown = replace(shown, typed=with_files(visit, number, row.form, shown.typed, sent))
        if asked_for == TEMPLATE:
            return _form_page(visit, number, move, _filled(visit, number, row, shown, entries.text("_template")))
        values = form_values(row.form, shown.typed, reader_zone())
        phrases = _phrases(row, shown.typed)
        if asked_for == PREVIEW:
            letter = letter_for(
                visit.store, visit.principal, number, move, values, visit.at, visit.settings.locale,
                visit.settings.portal_url,
            )  # fmt: skip
            return _form_page(visit, number, move, replace(shown, letter=letter, phrases=phrases))
        if phrases and asked_for != ANYWAY:
            return _form_page(visit, number, move, replace(shown, phrases=phrases), 422)
        at = visit.working_time()
        answer = move_for(
            visit.store, visit.principal, WantedMove(number, move, values, shown.seq), entries.text("_key") or None, at
        )
    except Refused as refused:
        if refused.code in ("unknown_case", "scope_missing", "not_a_person"):
            raise
        return _refused(visit, number, move, shown, refused)
    visit.figures.moved(case.kind, move)
    return visit.go_to(f"/cases/{answer.number}?done=moved")


def _for_customer(visit: Visit, field: FormField) -> FormField:
    """Return a field of a letter; where it takes files, say that the customer will open them."""
    if field.widget is not Widget.ATTACHMENTS:
        return field
    return replace(field, label=visit.text("case.enclosures"), help=visit.text("case.enclosures_help"))


def _step(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _row_of(visit: Visit, number: str, move: str) -> tuple[CaseRow, Move]:
    """Return the case and the first row of a move of its table. Raises ``Refused('unknown_case' | 'unknown_move')``."""
    case, _ = moves_seen(visit.store, visit.principal, number, visit.at)
    rows = lifecycle_of(case.kind).rows
    if move not in rows:
        raise Refused("unknown_move", move=move[:40], known=[])
    return case, rows[move][0]


def _filled(visit: Visit, number: str, row: Move, shown: MoveForm, code: str) -> MoveForm:
    """Return the form with the text of a template in the field of the words to the customer, before what was typed."""
    language = shown.language if shown.language in locales() else visit.locale
    text = template_for(visit.store, visit.principal, number, code, visit.at, language)
    if text is None or row.speaks is None:
        return shown
    name = row.speaks.fields[0]
    before = _lines(shown.typed.get(name, ""))
    kept = "" if before == _lines(shown.filled) else before
    words = f"{text}\n\n{kept}" if kept else text
    return replace(shown, typed={**shown.typed, name: words}, filled=text)


def _lines(text: str) -> str:
    """Return a text as it was before a browser ended its lines in its own way."""
    return text.replace("\r\n", "\n").strip()


def _phrases(row: Move, typed: dict[str, str]) -> tuple[FoundPhrase, ...]:
    """Return the expressions that are not to be used, in what the move says to the customer."""
    fields = row.speaks.fields if row.speaks else ()
    return tuple(each for name in fields for each in forbidden_phrases(typed.get(name, "")))


def _refused(visit: Visit, number: str, move: str, shown: MoveForm, refused: Refused) -> HTMLResponse:
    """Show the form again with the reason; where somebody was faster, what changed, and rely on that from now on."""
    if refused.code == "stale":
        seq, later = moves_since(visit.store, visit.principal, number, shown.seq or 0, visit.at, visit.locale)
        shown = replace(shown, seq=seq, meanwhile=tuple(later))
    return _form_page(visit, number, move, replace(shown, refused=refused), status_of(refused))


def _form_page(visit: Visit, number: str, move: str, shown: MoveForm, status: int = 200) -> HTMLResponse:
    case, row = _row_of(visit, number, move)
    _, offered = moves_seen(visit.store, visit.principal, number, visit.at)
    offer = next((each for each in offered if each.name == move), None)
    files = attachments_of(visit.store, visit.principal, number, visit.at)
    timers = timers_seen(visit.store, visit.principal, number, visit.at, visit.locale).timers
    running = [timer for timer, _ in timers]
    choices = choices_of(visit.store, visit.locale, case.kind, visit.at, files, running, case.level)
    choices = replace(choices, cases=related_cases(visit.store, visit.principal, number, visit.at, visit.locale))
    variables = json.loads(case.variables)
    if criteria := variables.get("criteria"):  # those of the order's own plan, all of them met
        choices = replace(choices, proposed={**choices.proposed, "met": [(criteria, criteria)]})
    reader = FormReader(visit.locale, case.kind, choices, variables)
    fields = form_fields(row.form, reader, shown.typed, shown.refused)
    if visit.request.method == "GET":
        fields = form_fields(row.form, reader, linked_choices(fields, visit.request.query_params))
    speaks = row.speaks is not None
    fields = [_for_customer(visit, each) if speaks else each for each in required_first(fields)]
    at_fields = any(each.error for each in fields)
    language = shown.language
    if speaks and language not in locales():
        language = language_for(visit.store, visit.principal, number, visit.at, visit.settings.locale)
    return visit.page(
        "case_move.html",
        status,
        case=case,
        move=move,
        seq=case.version if shown.seq is None else shown.seq,
        fields=fields,
        shown=shown,
        speaks=speaks,
        multipart=bool(marked(row.form, ATTACHED)),
        offered=offer is not None,
        barred=why_not(case.kind, offer, visit.locale) if offer else "",
        refusal="" if shown.refused is None or at_fields else refusal(visit.locale, shown.refused, on_web=True),
        faulty=[each for each in fields if each.error],
        templates=templates_for(case.kind, visit.locale) if speaks else [],
        language_of_letter=language,
        marked_parts=marked_parts,
    )
