"""Routes that open cases and take further contacts of their customers."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from apps.api.caller import Called, IdempotencyKey, etag
from apps.api.case_documents import EXAMPLE_CASE, MovedCase, NewCase, NewContact
from apps.api.responses import WRITE
from apps.principal_moves import follow_up_for, open_for
from engine.commands.open_case import Opening

router = APIRouter(prefix="/cases", tags=["cases"])

CaseNumber = Annotated[str, Path(max_length=100, examples=[EXAMPLE_CASE], description="The number of a case.")]


@router.post("", status_code=201, responses=WRITE)
def open_case(body: NewCase, caller: Called, key: IdempotencyKey, response: Response) -> MovedCase:
    """Open a case for a contact; one by phone (`hotline`) needs what its pack says must be asked."""
    at = caller.working_time()
    opening = Opening(body.contact(at), body.kind, body.pack, key=key, parent=body.parent, relation=body.relation)
    answer = open_for(
        caller.store, caller.principal, opening, at, unless_known=body.unless_known, named=not body.unnamed
    )  # fmt: skip
    response.headers["Location"] = f"/api/v1/cases/{answer.number}"
    response.headers["ETag"] = etag(answer.seq)
    return MovedCase.of(answer, caller.locale)


@router.post("/{number}/contacts", status_code=201, responses=WRITE)
def follow_up(
    number: CaseNumber, body: NewContact, caller: Called, key: IdempotencyKey, response: Response
) -> MovedCase:
    """Record that the customer contacts us again: on the case, by reopening it, or in a new one that is linked."""
    at = caller.working_time()
    answer = follow_up_for(caller.store, caller.principal, number, body.contact(at), key, at)
    response.headers["Location"] = f"/api/v1/cases/{answer.number}"
    response.headers["ETag"] = etag(answer.seq)
    return MovedCase.of(answer, caller.locale)
