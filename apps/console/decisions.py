"""The pages of decisions: the cases that wait for one of the visitor, and one case with the facts and the form."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, Response

from apps.api.case_documents import kind_of_number
from apps.api.problems import status_of
from apps.case_history import HistoryMove
from apps.console.form_files import with_files
from apps.console.visit import SentWithFiles, Visit, Visiting
from apps.form_choices import choices_of
from apps.principal_decisions import SeenDecision, decision_seen, decisions_seen
from apps.principal_moves import WantedMove, move_for
from apps.variable_views import entered, field_label, labelled
from apps.web.form_entries import form_values
from apps.web.form_fields import FormReader, Widget, errors_by_field, form_fields, required_first
from engine.access.moves import OfferedMove
from engine.attachments.reading import attachments_of
from engine.ledger.record import CaseRow
from locales.translation import label, refusal, translate
from locales.zone import reader_zone
from reports.indicators.names import IndicatorNames, indicator_names_at
from statemachines.refused import Refused

router = APIRouter()

CaseNumber = Annotated[str, Path(max_length=100)]
UNNAMED = "other"
"""The reason that is shown where the refusal's code has no text of its own."""
REASONS = frozenset({"own_work", "recused", "guard", "blank_bound"})


def why_not_text(locale: str) -> Callable[[CaseRow, OfferedMove], str]:
    """Return the function that says in a language why a move may not be made now."""

    def text(case: CaseRow, move: OfferedMove) -> str:
        sort = "move" if move.why_not == "own_work" else "guard"
        reasons = "、" if locale.startswith("zh") else ", "
        named = reasons.join(label(locale, case.kind, sort, name) for name in move.reasons)
        code = move.why_not if move.why_not in REASONS else UNNAMED
        return translate(locale, f"console.lead.why.{code}", named=named)

    return text


@router.get("/decisions")
def list_decisions(visit: Visiting) -> HTMLResponse:
    """Show the cases that wait for a decision of the visitor."""
    waiting = decisions_seen(visit.store, visit.principal, visit.at)
    template = "decision_rows_part.html" if visit.fragment else "decisions.html"
    return visit.page(template, waiting=waiting, why_not=why_not_text(visit.locale))


@router.get("/decisions/{number}")
def show_decision(
    visit: Visiting, number: CaseNumber, move: Annotated[str, Query(max_length=100)] = ""
) -> HTMLResponse:
    """Show the facts of a case, the decisions that it waits for, and the form of one of them."""
    return _decision(visit, decision_seen(visit.store, visit.principal, number, visit.at), move)


def _decision(
    visit: Visit, seen: SeenDecision, move: str, typed: Mapping[str, str] | None = None, refused: Refused | None = None
) -> HTMLResponse:
    kind, locale, names = seen.case.kind, visit.locale, indicator_names_at(visit.store, visit.at)
    offered = next((each for each in seen.moves if each.name == move and each.why_not is None), None)
    fields = []
    if offered is not None:
        files = attachments_of(visit.store, visit.principal, seen.case.number, visit.at)
        choices = choices_of(visit.store, locale, kind, visit.at, files)
        reader = FormReader(locale, kind, choices, seen.variables)
        fields = required_first(form_fields(offered.form, reader, typed or {}, refused))
    values: dict[str, Any] = {
        "seen": seen,
        "why_not": why_not_text(locale),
        "opening": _statements(seen.opening, locale, kind),
        "proposal": _entries(seen.proposal, locale, kind, names) if seen.proposal else [],
        "known": labelled(locale, kind, seen.variables, names),
        "chosen": offered,
        "fields": fields,
        "multipart": any(each.widget is Widget.ATTACHMENTS for each in fields),
        "error": refusal(locale, refused, on_web=True) if refused and not errors_by_field(refused, locale) else "",
    }
    return visit.page("decision.html", status_of(refused) if refused else 200, **values)


def _entries(move: HistoryMove, locale: str, kind: str, names: IndicatorNames) -> list[tuple[str, str]]:
    shown = {name: value for name, value in move.form.items() if value is not None and name != "attachments"}
    return [
        (field_label(locale, kind, name), entered(locale, kind, name, value, names)) for name, value in shown.items()
    ]


def _statements(move: HistoryMove, locale: str, kind: str) -> list[tuple[str, str]]:
    """Return what the customer said, without the codes of the contact."""
    return [
        (field_label(locale, kind, name), str(move.form[name] or "–")) for name in move.form if name in move.statements
    ]


@router.post("/decisions/{number}")
def decide(visit: Visiting, number: CaseNumber, sent: SentWithFiles) -> Response:
    """Make a decision; where it is refused, show the page again with what was typed and the files that were sent."""
    seen = decision_seen(visit.store, visit.principal, number, visit.at)
    entries, typed = sent.entries, sent.entries.given()
    move = entries.text("_move")
    try:
        at = visit.working_time()
        model = seen.offered(move).form
        typed = with_files(visit, number, model, typed, sent)
        form = form_values(model, typed, reader_zone())
        seq = int(entries.text("_seq")) if entries.text("_seq").isdecimal() else None
        wanted = WantedMove(number, move, form, seq)
        answer = move_for(visit.store, visit.principal, wanted, entries.text("_key") or None, at)
    except Refused as refused:
        return _decision(visit, seen, move, typed, refused)
    visit.figures.moved(kind_of_number(answer.number), move)
    return visit.go_to("/decisions?done=decided")
