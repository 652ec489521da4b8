"""Routes over what the system sends: how many deliveries wait, which were given up, and to try those again."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from apps.api.caller import Called, IdempotencyKey
from apps.api.responses import READ, WRITE
from apps.principal_reports import deliveries_seen
from engine.access.principal import Scope
from engine.outbox.dead_letters import DeadLetter as Dead
from engine.outbox.dead_letters import drop_dead, retry_all, retry_dead

router = APIRouter(prefix="/deliveries", tags=["operations"])


class DeadLetter(BaseModel):
    """A delivery that was given up; `error` is the type of an exception, without its text."""

    number: str | None = Field(description="Null of a case of which the caller may not know.")
    reference: str = Field(description="What to send as `number` to try the delivery again or to give it up.")
    seq: int
    reaction: str
    error: str | None


class Deliveries(BaseModel):
    """How many deliveries there are by status, and those that were given up."""

    waiting: int
    leased: int
    dead: int
    dead_letters: list[DeadLetter]


class Retried(BaseModel):
    """How many deliveries got their tries back, and how many parked cases were released."""

    revived: int
    released: int


@router.get("", responses=READ)
def list_deliveries(caller: Called) -> Deliveries:
    """Return how many deliveries wait, and the dead letters."""
    caller.needs(Scope.ADMINISTER)
    found = deliveries_seen(caller.store, caller.principal, caller.at)
    letters = [
        DeadLetter(number=number, reference=reference, seq=letter.seq, reaction=letter.reaction, error=letter.error)
        for number, reference, letter in found.dead
    ]
    return Deliveries(**found.by_status, dead_letters=letters)


class Named(BaseModel):
    """A delivery that was given up: its case, the step of the case, and the reaction."""

    model_config = ConfigDict(extra="forbid")

    number: str = Field(max_length=40, examples=["cp-26-000001"], description="The `reference` of the dead letter.")
    seq: int = Field(ge=1, le=2**31 - 1, examples=[1])
    reaction: str = Field(min_length=1, max_length=100, examples=["acknowledge_contact"])


class Drop(Named):
    """Why a delivery is not made at all; the store keeps the reason, so it names no personal data."""

    reason: str = Field(max_length=500, examples=["The customer was called instead."])


class Decided(BaseModel):
    """A delivery that waits again, or is done without having been made."""

    number: str
    seq: int
    reaction: str
    status: str


@router.post("/retry", responses=WRITE)
def retry(caller: Called, key: IdempotencyKey) -> Retried:
    """Give all dead deliveries their tries back, and release all parked cases."""
    caller.needs(Scope.ADMINISTER)
    retried = retry_all(caller.store, caller.principal, caller.working_time(), key)
    return Retried(revived=retried.revived, released=retried.released)


@router.post("/dead/retry", responses=WRITE)
def retry_delivery(body: Named, caller: Called, key: IdempotencyKey) -> Decided:
    """Give one dead delivery its tries back. Without the same key a second request is refused."""
    caller.needs(Scope.ADMINISTER)
    letter = Dead(body.number, body.seq, body.reaction)
    retry_dead(caller.store, caller.principal, letter, caller.working_time(), key)
    return Decided(number=body.number, seq=body.seq, reaction=body.reaction, status="waiting")


@router.post("/dead/drop", responses=WRITE)
def drop_delivery(body: Drop, caller: Called, key: IdempotencyKey) -> Decided:
    """Give one dead delivery up for good. Without the same key a second request is refused."""
    caller.needs(Scope.ADMINISTER)
    letter = Dead(body.number, body.seq, body.reaction)
    drop_dead(caller.store, caller.principal, letter, body.reason, caller.working_time(), key)
    return Decided(number=body.number, seq=body.seq, reaction=body.reaction, status="done")
