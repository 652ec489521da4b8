"""The page of evaluations by third parties: their comparisons, and the form that hands in a file of scores (E1)."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from apps.api.problems import status_of
from apps.console.visit import SentWithFiles, Visit, Visiting
from apps.file_problems import file_problem_text
from apps.principal_evaluation import ANALYSES
from apps.principal_reports import refuse_others
from apps.principal_third_party import COLLECTS, evaluations_seen, scores_of_file, scores_recorded
from apps.third_party_documents import comparison_rows, follow_up_texts, heading
from apps.web.form_entries import filled
from apps.web.form_fields import Choices, FormReader, form_fields
from apps.web.uploads import SentFiles
from engine.attachments.file_names import safe_name
from engine.rules.in_force import Sort, rules_in
from engine.third_party import GivenScores, RecordedScores
from gateways.problems import Notes
from locales.translation import label, refusal
from locales.zone import reader_zone
from reports.indicators.names import indicator_names_at
from reports.indicators.periods import period_of
from statemachines.form_model import Code, Form, PeriodName
from statemachines.refused import Refused
from statemachines.third_party_evaluation import Announcement, Organisation

router = APIRouter(prefix="/third-party")

Word = Annotated[str, Query(max_length=40)]


class ScoresForm(Form):
    """What a file of scores is of; with a case, the file is that of a planned evaluation or corrects its scores."""

    scores_assessor: Organisation
    scores_announcement: Announcement
    scores_period: PeriodName
    scores_pack: Code
    scores_case: str = ""


@router.get("")
def list_third_party(visit: Visiting, period: Word = "") -> HTMLResponse:
    """List the evaluations that the visitor may read, perhaps those of one period, with the form of a file."""
    return _page(visit, {}, period)


@router.post("")
def import_scores(visit: Visiting, sent: SentWithFiles) -> Response:
    """Record the scores of a file: all of it, or nothing, and then each fault with its row and column."""
    refuse_others(visit.principal, COLLECTS)
    given, notes = sent.entries.given(), Notes()
    try:
        recorded = _recorded(visit, filled(ScoresForm, given, reader_zone()), sent, notes)
    except Refused as refused:
        return _page(visit, given, "", refused, notes)
    if notes.count:
        return _page(visit, {}, "", notes=notes, recorded=recorded)
    return visit.go_to(f"/third-party?done={'scores_recorded' if recorded.new else 'scores_again'}")


def _recorded(visit: Visit, form: ScoresForm, sent: SentFiles, notes: Notes) -> RecordedScores:
    if len(sent.files) != 1:
        raise Refused("one_file_of_scores", count=len(sent.files))
    at, [file] = visit.working_time(), sent.files
    with TemporaryDirectory(prefix="closeloop-scores-") as folder:
        path = Path(folder) / safe_name(file.name)
        path.write_bytes(file.content)
        scores = scores_of_file(visit.store, path, form.scores_pack, at, visit.locale, notes.add)
    given = GivenScores(
        form.scores_pack, form.scores_assessor, form.scores_announcement, period_of(form.scores_period).name, scores,
        form.scores_case.strip() or None,
    )  # fmt: skip
    return scores_recorded(visit.store, visit.principal, given, at)


def _page(
    visit: Visit, entries: dict[str, str], period: str, refused: Refused | None = None, notes: Notes | None = None,
    recorded: RecordedScores | None = None,
) -> HTMLResponse:  # fmt: skip
    refuse_others(visit.principal, ANALYSES | COLLECTS)
    locale, names = visit.locale, indicator_names_at(visit.store, visit.at)
    wanted = period_of(period).name if period else None
    found = evaluations_seen(visit.store, visit.principal, visit.at, wanted)
    values: dict[str, Any] = {
        "period": period,
        "evaluations": [
            (each, heading(locale, each), comparison_rows(locale, each, names), follow_up_texts(locale, each))
            for each in found
        ],
        "fields": form_fields(ScoresForm, _reader(visit), entries, refused),
        "may_import": bool(visit.principal.actor.roles & COLLECTS),
        "why": refusal(locale, refused, on_web=True) if refused else "",
        "faults": refused.params.get("problems", ()) if refused else (),
        "notes": [file_problem_text(locale, note) for note in notes.kept] if notes else [],
        "recorded": recorded,
    }
    return visit.page("third_party.html", status_of(refused) if refused else 200, **values)


def _reader(visit: Visit) -> FormReader:
    with visit.store.looking() as tx:
        packs = rules_in(tx).names(Sort.PACK)
    named = [(name, label(visit.locale, "contact", "pack", name)) for name in packs]
    ways = [(each.value, label(visit.locale, "third_party_evaluation", "announcement", each)) for each in Announcement]
    return FormReader(visit.locale, "", Choices(by_name={"scores_pack": named, "scores_announcement": ways}))
