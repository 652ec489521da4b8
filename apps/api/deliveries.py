"""Routes over what the system sends: how many deliveries wait, which were given up, and to try those again."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from apps.api.caller import Called, IdempotencyKey
from apps.api.responses import READ, WRITE
from apps.principal_reports import OPERATES, deliveries_seen, refuse_others
from engine.access.principal import Scope
from engine.outbox.dead_letters import revive_all
from engine.timers.parking import release_all

router = APIRouter(prefix="/deliveries", tags=["operations"])


class DeadLetter(BaseModel):
    """A delivery that was given up; `error` is the type of an exception, without its text."""

    number: str | None = Field(description="Null of a case of which the caller may not know.")
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
        DeadLetter(number=number, seq=letter.seq, reaction=letter.reaction, error=letter.error)
        for number, letter in found.dead
    ]
    return Deliveries(**found.by_status, dead_letters=letters)


@router.post("/retry", responses=WRITE)
def retry(caller: Called, _key: IdempotencyKey) -> Retried:
    """Give all dead deliveries their tries back, and release all parked cases. Repeated, it finds nothing to do."""
    caller.needs(Scope.ADMINISTER)
    refuse_others(caller.principal, OPERATES)
    at = caller.working_time()
    return Retried(revived=revive_all(caller.store, at), released=release_all(caller.store))
