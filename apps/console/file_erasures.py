"""The page by which an administrator erases one file of a case, whether or not he may read the case (H1)."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from apps.api.problems import status_of
from apps.console.admin_forms import FileErasureForm
from apps.console.visit import Sent, Visit, Visiting
from apps.principal_reports import OPERATES, refuse_others
from apps.web.form_entries import filled
from apps.web.form_fields import FormReader, form_fields
from engine.attachments.erasure import erase_attachment
from locales.translation import refusal
from locales.zone import reader_zone
from statemachines.refused import Refused

router = APIRouter(prefix="/file-erasures")

NAMED = ("case_number", "attachment_id")
"""What the address of the page fills in, so that the list of a case's files leads here."""


@router.get("")
def ask_which_file(visit: Visiting) -> HTMLResponse:
    """Ask which file is erased, and why."""
    refuse_others(visit.principal, OPERATES)
    return _page(visit, {name: visit.request.query_params.get(name, "")[:100] for name in NAMED})


@router.post("")
def erase_file(visit: Visiting, entries: Sent) -> Response:
    """Erase the file; show the form again where that is refused."""
    refuse_others(visit.principal, OPERATES)
    given = entries.given()
    try:
        form = filled(FileErasureForm, given, reader_zone())
        at = visit.working_time()
        erase_attachment(visit.store, visit.principal, form.case_number, form.attachment_id, form.reason, at)
    except Refused as refused:
        return _page(visit, given, refused)
    return visit.go_to("/file-erasures?done=file_erased")


def _page(visit: Visit, entries: dict[str, str], refused: Refused | None = None) -> HTMLResponse:
    return visit.page(
        "file_erasures.html",
        200 if refused is None else status_of(refused),
        fields=form_fields(FileErasureForm, FormReader(visit.locale, ""), entries, refused),
        why=refusal(visit.locale, refused, on_web=True) if refused else "",
    )
