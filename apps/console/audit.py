"""The pages of auditors: who read personal data, what was refused, whether the record agrees, and its anchors."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from apps.case_timeline import suspended_work
from apps.console.visit import Sent, Visit, Visiting
from apps.form_choices import people_of
from apps.principal_reports import refuse_others
from apps.principal_supervision import SUPERVISES
from engine.access.doors import door_of, user_of
from engine.access.reading_log import READERS, readings
from engine.audit.verify import Verdict, verify
from engine.commands.refused_attempts import refused_moves
from engine.ledger.suspensions import newest_suspensions
from locales.translation import refusal
from locales.zone import reader_zone
from models.columns import from_micros
from statemachines.refused import Refused
from statemachines.roles import Role

router = APIRouter()

CHECKS: Final = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})
"""The roles that let the record be verified."""
SHOWN = 200
"""The most rows of a page; the newest come first."""
ANCHORS = "SELECT line, at, cases, root, reason, begun_by FROM anchor ORDER BY id DESC LIMIT 50"

Word = Annotated[str, Query(max_length=100)]


@router.get("/readings")
def show_readings(visit: Visiting, case: Word = "", by: Word = "", since: Word = "") -> HTMLResponse:
    """Show who was shown which personal data of which case, newest first."""
    refuse_others(visit.principal, READERS)
    begin, why = _since(since, visit.locale)
    handle = visit.principal.actor.handle
    found = readings(visit.store, handle, visit.at, SHOWN, number=case or None, actor=by or None, since=begin)
    rows = [(each, door_of(each.via), user_of(each.via)) for each in found]
    filters = {"case": case, "by": by, "since": since, "people": _everybody(visit)}
    return visit.page("readings.html", readings=rows, why=why, most=SHOWN, **filters)


@router.get("/refusals")
def show_refusals(visit: Visiting, case: Word = "", by: Word = "", since: Word = "") -> HTMLResponse:
    """Show who tried which move on which case and why it was refused, newest first."""
    refuse_others(visit.principal, READERS)
    begin, why = _since(since, visit.locale)
    handle = visit.principal.actor.handle
    found = refused_moves(visit.store, handle, visit.at, SHOWN, number=case or None, actor=by or None, since=begin)
    rows = [(each, door_of(each.via)) for each in found]
    filters = {"case": case, "by": by, "since": since, "people": _everybody(visit)}
    return visit.page("refusals.html", attempts=rows, why=why, most=SHOWN, **filters)


def _everybody(visit: Visit) -> list[tuple[str, str]]:
    """Return the people who may have read or tried something, those who left among them."""
    with visit.store.looking() as tx:
        return people_of(tx, visit.locale, visit.at, absent=True)


@router.get("/record")
def show_record(visit: Visiting) -> HTMLResponse:
    """Show the anchors, and offer to verify the record."""
    refuse_others(visit.principal, CHECKS)
    return _record(visit, None)


@router.post("/record")
def verify_record(visit: Visiting, _sent: Sent) -> HTMLResponse:
    """Verify the whole record now."""
    refuse_others(visit.principal, CHECKS)
    return _record(visit, verify(visit.store))


def _record(visit: Visit, verdict: Verdict | None) -> HTMLResponse:
    with visit.store.looking() as tx:
        anchors: list[tuple[Any, datetime]] = [(row, from_micros(row.at)) for row in tx.rows(ANCHORS)]
        suspensions = newest_suspensions(tx, SHOWN)
    faults = verdict.faults[:SHOWN] if verdict else ()
    work_of = partial(suspended_work, locale=visit.locale)
    lists = {"anchors": anchors, "faults": faults, "suspensions": suspensions}
    supervises = bool(visit.principal.actor.roles & SUPERVISES)
    return visit.page("record.html", verdict=verdict, work_of=work_of, supervises=supervises, **lists)


def _since(text: str, locale: str) -> tuple[datetime | None, str]:
    """Return the local day or instant that was typed; what cannot be read restricts nothing and is named."""
    if not text:
        return None, ""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None, refusal(locale, Refused("bad_instant", value=text[:40]), on_web=True)
    return (instant if instant.tzinfo else instant.replace(tzinfo=reader_zone())), ""
