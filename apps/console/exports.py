"""The page of exports: histories as a standard log, and the trace of every whole log that left the house (H1)."""

import json
import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from apps.api.problems import status_of
from apps.console.admin_forms import ExportForm
from apps.console.visit import Sent, Visit, Visiting
from apps.principal_reports import refuse_others
from apps.web.form_entries import filled
from apps.web.form_fields import Choices, FormReader, form_fields
from engine.audit.export_access import EXPORT, WHOLE_LOG_ROLES, Taken, record_export, require_whole_log
from gateways.writing.formats import FORMATS
from locales.translation import label, refusal
from locales.zone import reader_zone
from models.columns import from_micros
from reports.event_log_objects import log_of
from reports.event_log_queries import CaseFilter
from reports.pseudonymisation import Pseudonymisation
from statemachines.kinds import lifecycles
from statemachines.refused import Refused

router = APIRouter(prefix="/exports")

SPOOLED, PART = 8 * 2**20, 2**16
"""Up to how many bytes a log lies in memory, and how many are sent at once."""
EXPORTS = "SELECT began_at, note FROM run WHERE flow = :flow ORDER BY began_at DESC LIMIT 100"


@router.get("")
def show_exports(visit: Visiting) -> HTMLResponse:
    """Offer an export, and list who took whole logs."""
    refuse_others(visit.principal, WHOLE_LOG_ROLES)
    return _page(visit)


@router.post("")
def export(visit: Visiting, entries: Sent) -> Response:
    """Answer with the log as a file. People are under pseudonyms unless the whole log is asked for, which is noted."""
    refuse_others(visit.principal, WHOLE_LOG_ROLES)
    given = entries.given()
    try:
        form = filled(ExportForm, given, reader_zone())
        if form.format not in FORMATS:
            raise Refused("unknown_address")
        if form.kind is not None and form.kind not in lifecycles():
            raise Refused("unknown_kind", kind=form.kind, known=sorted(lifecycles()))
        if form.whole:
            at, handle = visit.working_time(), visit.principal.actor.handle
            require_whole_log(visit.store, handle, at)
            record_export(visit.store, Taken(form.format, handle, form.kind or "", 0), at)
    except Refused as refused:
        return _page(visit, given, refused)
    name = f"closeloop-{form.kind or 'all'}-{visit.at:%Y%m%d-%H%M}.{form.format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return StreamingResponse(_written(visit, form), media_type="application/octet-stream", headers=headers)


def _written(visit: Visit, form: ExportForm) -> Iterator[bytes]:
    pseudonymisation = Pseudonymisation(visit.store.secret, form.whole)
    selection = CaseFilter(form.kind or "", 0)
    with tempfile.SpooledTemporaryFile(SPOOLED) as spooled:
        target = cast(BinaryIO, spooled)
        with visit.store.looking() as tx:
            log, _ = log_of(tx, pseudonymisation, selection, linked=form.format == "ocel2")
            FORMATS[form.format](target, log)
        spooled.seek(0)
        while part := spooled.read(PART):
            yield part


def _page(visit: Visit, entries: dict[str, str] | None = None, refused: Refused | None = None) -> HTMLResponse:
    with visit.store.looking() as tx:
        rows = tx.rows(EXPORTS, flow=EXPORT)
    taken: list[tuple[Any, dict[str, Any]]] = [(from_micros(row.began_at), json.loads(row.note)) for row in rows]
    by_name = {
        "format": [(name, name.upper()) for name in FORMATS],
        "kind": [(kind, label(visit.locale, "", "kind", kind)) for kind in lifecycles()],
    }
    fields = form_fields(ExportForm, FormReader(visit.locale, "", Choices(by_name=by_name)), entries or {}, refused)
    why = refusal(visit.locale, refused, on_web=True) if refused else ""
    return visit.page(
        "exports.html", 200 if refused is None else status_of(refused), fields=fields, why=why, taken=taken
    )
