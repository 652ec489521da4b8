"""The files of a case: list, take in, hand out as downloads, small pictures of photos."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, Response

from apps.api.attachments import download_headers
from apps.api.problems import status_of
from apps.console.case_page import CaseNumber
from apps.console.visit import SentWithFiles, Visit, Visiting
from apps.principal_moves import key_of
from apps.principal_reports import OPERATES
from apps.principal_views import case_seen, moves_seen
from engine.attachments.attach import ATTACH, attach
from engine.attachments.reading import attachments_of, open_attachment
from engine.attachments.upload import limits_of
from locales.translation import refusal
from statemachines.refused import Refused

router = APIRouter(prefix="/cases/{number}/attachments")

AttachmentId = Annotated[str, Path(max_length=100)]
Reason = Annotated[str | None, Query(max_length=1000)]


@router.get("")
def list_attachments(number: CaseNumber, visit: Visiting) -> HTMLResponse:
    """Show the files of a case, and the form that adds some."""
    return _files_page(visit, number)


@router.post("")
def attach_files(number: CaseNumber, visit: Visiting, sent: SentWithFiles) -> Response:
    """Attach files to the case, with a remark; show the page again where they are refused."""
    note, key = sent.entries.text("note"), sent.entries.text("_key")
    own = key_of(visit.store, visit.principal, key or None)
    try:
        limits, at = limits_of(visit.settings), visit.working_time()
        attach(visit.store, visit.principal, number, sent.files, limits, at, note or None, own)
    except Refused as refused:
        if refused.code == "unknown_case":
            raise
        return _files_page(visit, number, status_of(refused), note, refusal(visit.locale, refused, on_web=True))
    return visit.go_to(f"/cases/{number}/attachments?done=attached")


@router.get("/{attachment_id}")
def download_attachment(
    number: CaseNumber, attachment_id: AttachmentId, visit: Visiting, reason: Reason = None
) -> Response:
    """Hand out a file as a download, which no browser opens; who only reviews the case gives a reason."""
    return _handed_out(visit, number, attachment_id, reason, thumbnail=False)


@router.get("/{attachment_id}/thumbnail")
def show_thumbnail(number: CaseNumber, attachment_id: AttachmentId, visit: Visiting) -> Response:
    """Hand out a small picture of a photo, without its metadata."""
    return _handed_out(visit, number, attachment_id, None, thumbnail=True)


def _handed_out(visit: Visit, number: str, attachment_id: str, reason: str | None, *, thumbnail: bool) -> Response:
    opened = open_attachment(
        visit.store, visit.principal, number, attachment_id, visit.at, thumbnail=thumbnail, reason=reason
    )
    return Response(opened.content, headers=download_headers(opened))


def _files_page(visit: Visit, number: str, status: int = 200, note: str = "", error: str = "") -> HTMLResponse:
    seen = case_seen(visit.store, visit.principal, number, visit.at)
    _, offered = moves_seen(visit.store, visit.principal, number, visit.at)
    return visit.page(
        "case_attachments.html",
        status,
        case=seen.case,
        masked=seen.masked,
        files=attachments_of(visit.store, visit.principal, number, visit.at),
        may_attach=any(each.name == ATTACH and each.why_not is None for each in offered),
        may_erase=bool(visit.principal.actor.roles & OPERATES),
        note=note,
        error=error,
    )
