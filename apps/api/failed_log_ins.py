"""The route by which auditors and administrators see which log-ins failed."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from apps.api.caller import Called
from apps.api.case_documents import Input
from apps.api.responses import READ
from engine.access.principal import Scope
from engine.accounts.failed_log_ins import failed_log_ins
from engine.entry_checks import check_instant
from models.contact import Line

router = APIRouter(prefix="/failed-log-ins", tags=["operations"])

MOST = 1_000


class FailedLogInQuery(Input):
    """Which log-ins to list: of one person, or since an instant."""

    handle: Line | None = None
    since: AwareDatetime | None = None
    limit: int = Field(default=50, ge=1, le=MOST)


class FailedLogInDocument(BaseModel):
    """A log-in that failed: whose, how he tried, from where."""

    at: datetime
    handle: str | None = Field(description="Null where nobody has the handle that was entered.")
    method: str
    address: str


class FailedLogIns(BaseModel):
    """The log-ins that failed, newest first."""

    failures: list[FailedLogInDocument]


@router.get("", responses=READ)
def list_failed_log_ins(query: Annotated[FailedLogInQuery, Query()], caller: Called) -> FailedLogIns:
    """List the log-ins that failed; for auditors and administrators."""
    caller.needs(Scope.ADMINISTER)
    check_instant(query.since)
    reader = caller.principal.actor.handle
    found = failed_log_ins(caller.store, reader, caller.at, query.limit, query.handle, query.since)
    return FailedLogIns(
        failures=[
            FailedLogInDocument(at=each.at, handle=each.handle, method=each.method, address=each.address)
            for each in found
        ]
    )
