"""The stream that tells an open page of the console when it should read its parts again."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from apps.api.session_cookie import cookie_of, limits_of
from apps.console.visit import Visiting
from engine.access.scope import case_for
from engine.accounts.sessions import session_of
from statemachines.refused import Refused

router = APIRouter()


@router.get("/live")
def live(visit: Visiting, case: Annotated[str | None, Query(max_length=100)] = None) -> StreamingResponse:
    """Stream an event whenever a case changes; with a number only when that one does. It ends with the session."""
    if case is not None:
        with visit.store.looking() as tx:
            case_for(tx, visit.principal, case, visit.at)
    cookie, limits, store = cookie_of(visit.request) or "", limits_of(visit.settings), visit.store

    def lasts() -> bool:
        try:
            with store.looking() as tx:
                session_of(tx, store.secret, cookie, limits, store.now())
        except Refused as refused:
            return refused.code != "session_ended"
        return True

    events = visit.request.app.state.watcher.events(case, lasts)
    return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
