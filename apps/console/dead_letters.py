"""The page of what was given up: deliveries that no try got through, and cases that are parked."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from apps.console.visit import Sent, Visiting
from apps.principal_reports import OPERATES, deliveries_seen, refuse_others
from engine.ledger.suspensions import RELEASE_REASONS
from engine.outbox.dead_letters import DeadLetter, drop_dead, release_parked, retry_all, retry_dead
from engine.timers.parking import parked
from statemachines.refused import Refused

router = APIRouter(prefix="/dead-letters")


@router.get("")
def list_dead_letters(visit: Visiting) -> HTMLResponse:
    """List dead deliveries and parked cases."""
    refuse_others(visit.principal, OPERATES)
    seen = deliveries_seen(visit.store, visit.principal, visit.at)
    with visit.store.looking() as tx:
        cases = parked(tx)
    lists = {"dead": seen.dead, "parked": cases, "release_reasons": RELEASE_REASONS}
    return visit.page("dead_letters.html", by_status=seen.by_status, **lists)


@router.post("")
def act(visit: Visiting, entries: Sent) -> Response:
    """Try again or give up a delivery, release a parked case, or try everything again."""
    refuse_others(visit.principal, OPERATES)
    store, at, number, seq = visit.store, visit.working_time(), entries.text("case"), entries.text("seq")
    wanted = entries.text("act")
    if wanted == "all":
        retry_all(store, visit.principal, at)
        return visit.go_to("/dead-letters?done=dead_retried")
    if wanted == "release":
        release_parked(store, visit.principal, number, entries.text("reason"), at)
        return visit.go_to("/dead-letters?done=dead_released")
    if wanted not in ("retry", "drop") or not (seq.isascii() and seq.isdigit() and len(seq) < 10):
        raise Refused("unknown_address")
    letter = DeadLetter(number, int(seq), entries.text("reaction"))
    if wanted == "retry":
        retry_dead(store, visit.principal, letter, at)
        return visit.go_to("/dead-letters?done=dead_retried")
    drop_dead(store, visit.principal, letter, entries.text("reason"), at)
    return visit.go_to("/dead-letters?done=dead_dropped")
