"""The route that hands out a closed case as one file, for a reason that is recorded (H2, A10)."""

from fastapi import APIRouter, Response
from pydantic import Field

from apps.api.caller import Called
from apps.api.case_documents import Input
from apps.api.cases import CaseNumber
from apps.api.responses import WRITE
from apps.case_bundle import MEDIA_TYPE, case_bundle
from engine.access.principal import Scope

router = APIRouter(prefix="/cases/{number}/bundle", tags=["cases"])

BINARY = {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}
FILE = {200: {"description": "The file.", "content": BINARY}}


class BundleReason(Input):
    """Why the case is taken out with its names and texts; it is recorded before the file is made."""

    reason: str = Field(min_length=1, max_length=1000, examples=["Letter 12 of the transport bureau"])


@router.post("", responses=WRITE | FILE, response_class=Response)
def take_bundle(number: CaseNumber, body: BundleReason, caller: Called) -> Response:
    """Download a closed case: PDF, JSON, attachments, and the proof that `deploy/verify.py` checks offline."""
    for scope in (Scope.READ_CASES, Scope.READ_CONTACTS):
        caller.needs(scope)
    caller.read_in_own_zone()
    content = case_bundle(
        caller.store, caller.principal, number, body.reason, caller.working_time(), caller.locale
    )  # fmt: skip
    headers = {"Content-Disposition": f'attachment; filename="{number}.zip"', "Cache-Control": "private, no-store"}
    return Response(content, media_type=MEDIA_TYPE, headers=headers)
