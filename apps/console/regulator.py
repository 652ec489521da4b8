"""The page of the regulator's pack: it is made for a period, and recorded where it holds names (F1, H1)."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from apps.api.problems import status_of
from apps.console.admin_forms import RegulatorForm
from apps.console.visit import Sent, Visit, Visiting
from apps.form_choices import periods_before
from apps.paper_files import FORMATS
from apps.principal_regulator import TAKES_PACK, WantedPack, pack_taken
from apps.principal_reports import refuse_others
from apps.web.form_entries import filled
from apps.web.form_fields import Choices, FormReader, form_fields
from locales.translation import refusal
from locales.zone import reader_zone
from reports.indicators.periods import month_before, period_of
from statemachines.refused import Refused

router = APIRouter(prefix="/regulator-pack")


@router.get("")
def show_regulator_pack(visit: Visiting) -> HTMLResponse:
    """Offer the pack of the last month."""
    refuse_others(visit.principal, TAKES_PACK)
    last = month_before(visit.at.astimezone(reader_zone()).date())
    return _page(visit, {"period": last.name})


@router.post("")
def take_regulator_pack(visit: Visiting, entries: Sent) -> Response:
    """Answer with the pack as a file; one with names is recorded first."""
    refuse_others(visit.principal, TAKES_PACK)
    given = entries.given()
    try:
        form = filled(RegulatorForm, given, reader_zone())
        if form.named and not form.reason:
            raise Refused("pack_reason")
        at = visit.working_time() if form.named else visit.at
        wanted = WantedPack(period_of(form.period), at, form.format, form.reason if form.named else None)
        taken = pack_taken(visit.store, visit.principal, wanted, at, visit.locale)
    except Refused as refused:
        return _page(visit, given, refused)
    name = f"closeloop-regulator-{wanted.period.name}.{wanted.format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(taken.content, media_type=FORMATS[wanted.format], headers=headers)


def _page(visit: Visit, entries: dict[str, str], refused: Refused | None = None) -> HTMLResponse:
    formats, periods = [(name, name.upper()) for name in FORMATS], periods_before(visit.at)
    choices = Choices(by_name={"format": formats}, proposed={"period": periods})
    fields = form_fields(RegulatorForm, FormReader(visit.locale, "", choices), entries, refused)
    why = refusal(visit.locale, refused, on_web=True) if refused else ""
    return visit.page("regulator_pack.html", 200 if refused is None else status_of(refused), fields=fields, why=why)
