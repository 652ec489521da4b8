"""Routes that return reports as files: the report of a period, and the regulator's pack (E2, B7, F1)."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from apps.api.caller import Called, Caller
from apps.api.case_documents import Input
from apps.api.responses import READ, WRITE
from apps.paper_files import FORMATS
from apps.principal_period_report import period_report_taken
from apps.principal_regulator import WantedPack, pack_taken
from engine.access.principal import Scope
from locales.zone import reader_zone
from reports.indicators.periods import Period, month_before, period_of

router = APIRouter(prefix="/reports", tags=["reports"])

BINARY = {media: {"schema": {"type": "string", "format": "binary"}} for media in FORMATS.values()}
FILE = {200: {"description": "The file.", "content": BINARY}}


class PaperQuery(Input):
    """Of which month, quarter or year, without one the last month; and in which format."""

    period: str | None = Field(default=None, max_length=10, examples=["2026-05"])
    file_format: Literal["xlsx", "pdf"] = "pdf"


class PackQuery(PaperQuery):
    """And by what had been recorded when; without it by all that is recorded."""

    as_of: AwareDatetime | None = None


class NamedPack(BaseModel):
    """Why people shall stand in the pack by name; it is recorded before the file is made."""

    reason: str = Field(min_length=1, max_length=1000, examples=["Letter 12 of the transport bureau"])


@router.get("/period", responses=READ | FILE, response_class=Response)
def download_period_report(query: Annotated[PackQuery, Query()], caller: Called) -> Response:
    """Download the report of a period for managers: indicators with trend, causes, cost, handling."""
    caller.needs(Scope.READ_REPORTS)
    caller.read_in_own_zone()
    period, file_format = _period(query, caller), query.file_format
    then = query.as_of or caller.at
    content = period_report_taken(caller.store, caller.principal, period, file_format, then, caller.at, caller.locale)
    return _file(content, f"closeloop-report-{period.name}", file_format)


@router.get("/regulator-pack", responses=READ | FILE, response_class=Response)
def download_regulator_pack(query: Annotated[PackQuery, Query()], caller: Called) -> Response:
    """Download the regulator's pack: every complaint of a period, people under pseudonyms."""
    return _pack(query, caller, None)


@router.post("/regulator-pack/named", responses=WRITE | FILE, response_class=Response)
def download_named_regulator_pack(
    query: Annotated[PackQuery, Query()], body: NamedPack, caller: Called
) -> Response:  # fmt: skip
    """Download the regulator's pack with names, for a reason; who took it and why is recorded first."""
    return _pack(query, caller, body.reason)


def _pack(query: PackQuery, caller: Caller, reason: str | None) -> Response:
    for scope in (Scope.READ_REPORTS, Scope.READ_CASES, *(() if reason is None else (Scope.READ_CONTACTS,))):
        caller.needs(scope)
    caller.read_in_own_zone()
    at = caller.at if reason is None else caller.working_time()
    wanted = WantedPack(_period(query, caller), query.as_of or at, query.file_format, reason)
    taken = pack_taken(caller.store, caller.principal, wanted, at, caller.locale)
    return _file(taken.content, f"closeloop-regulator-{wanted.period.name}", query.file_format)


def _period(query: PaperQuery, caller: Caller) -> Period:
    if query.period is not None:
        return period_of(query.period)
    return month_before(caller.at.astimezone(reader_zone()).date())


def _file(content: bytes, name: str, file_format: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{file_format}"',
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type=FORMATS[file_format], headers=headers)
