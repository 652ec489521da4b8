"""Routes by which other systems hand in contacts in batches, and ask what became of them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from apps.api.caller import Called, IdempotencyKey
from apps.api.case_documents import ContactInput, CustomerInput, Input, KindName, PackName, contact_from
from apps.api.responses import READ, WRITE
from apps.principal_arrivals import arrival_seen, record_arrivals
from engine.access.principal import Scope
from engine.commands.arrivals import Source
from models.contact import Contact, Line
from models.instants import Instant
from statemachines.kinds import lifecycle_of

router = APIRouter(prefix="/arrivals", tags=["intake"])

MOST = 500
SourceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$", examples=["website"])]


class Arrival(ContactInput):
    """A contact as another system has it: under an id of that system, at the instant at which it arrived there."""

    row_id: Line = Field(description="The id in that system. The same id again is the same contact.")
    at: Instant
    customer: CustomerInput = CustomerInput()

    def contact(self) -> Contact:
        """Return the contact."""
        customer = self.customer
        given = {"phone": customer.phone, "email": customer.email, "customer_type": customer.type}
        return contact_from("open", self.model_dump(exclude={"customer"}) | given | {"customer": customer.name})


class Arrivals(Input):
    """Contacts of one system. All are recorded or none; the driver makes cases of them."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "source": "website",
                "contacts": [{"row_id": "w-1", "at": "2026-03-02T09:00:00+08:00", "text": "我的包裹没有到。"}],
            }
        }
    )

    source: SourceName
    kind: KindName = "complaint"
    pack: PackName = "logistics"
    contacts: list[Arrival] = Field(min_length=1, max_length=MOST)


class RecordedArrivals(BaseModel):
    """How many contacts were new, and how many had been recorded before."""

    new: int
    known: int


class ArrivalDocument(BaseModel):
    """What became of a contact; `refusal` is the code of why it became no case."""

    at: datetime
    processed_at: datetime | None
    number: str | None
    refusal: str | None


@router.post("", status_code=202, responses=WRITE)
def hand_in(body: Arrivals, caller: Called, _key: IdempotencyKey) -> RecordedArrivals:
    """Hand in contacts. Their ids make it repeatable: the same id with other content is refused."""
    at, kind = caller.working_time(), lifecycle_of(body.kind)
    source = Source(body.source, body.kind if body.kind in kind.natures else kind.kind, body.pack)
    recorded = record_arrivals(caller.store, caller.principal, source, [each.contact() for each in body.contacts], at)
    return RecordedArrivals(new=recorded.new, known=recorded.known)


@router.get("/{source}/{row_id}", responses=READ)
def show_arrival(
    source: Annotated[str, Path(max_length=40, examples=["website"])],
    row_id: Annotated[str, Path(max_length=500, examples=["w-1"])],
    caller: Called,
) -> ArrivalDocument:
    """Return what became of a contact that the caller handed in."""
    caller.needs(Scope.INTAKE)
    found = arrival_seen(caller.store, caller.principal, source, row_id, caller.at)
    return ArrivalDocument(at=found.at, processed_at=found.processed_at, number=found.number, refusal=found.refusal)
