"""The route by which an agent makes a code for a customer who has no mail address."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from apps.api.caller import Called
from apps.api.case_documents import EXAMPLE_CASE, Input
from apps.api.cases import CaseNumber
from apps.api.responses import WRITE
from engine.accounts.access_codes import ProofGiven, make_access_code

router = APIRouter(prefix="/cases/{number}/access-codes", tags=["cases"])


class ProofOfCustomer(Input):
    """What the customer says of himself on the phone, and why he is given a code; only the reason is kept."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "王芳", "phone": "13800138000", "reason": "She has no mail address."}}
    )

    name: str = Field(min_length=1, max_length=200)
    phone: str | None = Field(default=None, max_length=100)
    shipment: str | None = Field(default=None, max_length=100)
    reason: str = Field(min_length=1, max_length=1000, description="Kept with the code and shown to auditors.")


class AccessCodeDocument(BaseModel):
    """The code that opens the case in the portal once; it is shown this once and stored nowhere."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"number": EXAMPLE_CASE, "code": "40712365", "until": "2026-03-02T09:15:00+08:00"}
        }
    )

    number: str
    code: str
    until: datetime


@router.post("", status_code=201, responses=WRITE)
def hand_access_code(number: CaseNumber, body: ProofOfCustomer, caller: Called) -> AccessCodeDocument:
    """Make a one-time code for a customer without a mail address who has proved who he is; an older one ends."""
    given = ProofGiven(body.name, body.phone, body.shipment)
    made = make_access_code(caller.store, caller.principal, number, given, body.reason, caller.working_time())
    return AccessCodeDocument(number=made.number, code=made.code, until=made.until)
