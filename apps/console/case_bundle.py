"""The page that hands out a closed case as one file, for a reason that is recorded (H2, A10)."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from apps.api.problems import status_of
from apps.case_bundle import MEDIA_TYPE, case_bundle
from apps.console.admin_forms import Line
from apps.console.case_page import CaseNumber
from apps.console.visit import Sent, Visit, Visiting
from apps.principal_views import case_seen
from apps.web.form_entries import filled
from apps.web.form_fields import FormReader, form_fields
from locales.translation import refusal
from locales.zone import reader_zone
from statemachines.form_model import Form
from statemachines.refused import Refused

router = APIRouter(prefix="/cases/{number}/bundle")


class BundleForm(Form):
    """Why the case is taken out with its names and texts."""

    reason: Line


@router.get("")
def ask_for_reason(number: CaseNumber, visit: Visiting) -> HTMLResponse:
    """Ask why the case is taken out."""
    return _page(visit, number)


@router.post("")
def take_bundle(number: CaseNumber, visit: Visiting, entries: Sent) -> Response:
    """Answer with the bundle as a file; show the form again where it is refused."""
    given = entries.given()
    try:
        form = filled(BundleForm, given, reader_zone())
        content = case_bundle(
            visit.store, visit.principal, number, form.reason, visit.working_time(), visit.locale
        )  # fmt: skip
    except Refused as refused:
        if refused.code == "unknown_case":
            raise
        return _page(visit, number, given, refused)
    headers = {"Content-Disposition": f'attachment; filename="{number}.zip"', "Cache-Control": "private, no-store"}
    return Response(content, media_type=MEDIA_TYPE, headers=headers)


def _page(
    visit: Visit, number: str, entries: dict[str, str] | None = None, refused: Refused | None = None
) -> HTMLResponse:
    case = case_seen(visit.store, visit.principal, number, visit.at).case
    return visit.page(
        "case_bundle.html",
        200 if refused is None else status_of(refused),
        case=case,
        fields=form_fields(BundleForm, FormReader(visit.locale, case.kind), entries or {}, refused),
        why=refusal(visit.locale, refused, on_web=True) if refused else "",
    )
