"""Routes for whoever watches the process: is it alive, can it work, how much does it do. They need no log-in."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from apps.api import figures
from apps.readiness import readiness

router = APIRouter(tags=["probes"])


class Alive(BaseModel):
    """The process answers."""

    alive: bool = True


class Ready(BaseModel):
    """Whether the system can do its work, and how its parts are."""

    ready: bool
    database: str = Field(description="`there`, or the code of why it does not answer.")
    driver: str | None = Field(description="`beats`, `silent` or `none`; `unneeded` of a simulated store.")
    timer_lag_seconds: float | None = Field(description="For how long the oldest due timer has waited.")


@router.get("/livez")
def livez() -> Alive:
    """Say that the process answers; nothing is asked of the database."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Ready, "description": "Something does not work."}})
def readyz(request: Request, response: Response) -> Ready:
    """Say whether the database answers, the driver is heard from and no timer is overdue; 503 if not."""
    state = readiness(request.app.state.store, request.app.state.settings.where)
    if not state.ready:
        response.status_code = 503
    return Ready(ready=state.ready, database=state.database, driver=state.driver, timer_lag_seconds=state.lag_seconds)


@router.get("/metrics", response_class=Response, responses={200: {"content": {figures.MEDIA_TYPE: {}}}})
def metrics(request: Request) -> Response:
    """Return the figures in the text format of Prometheus."""
    return Response(request.app.state.figures.text(), media_type=figures.MEDIA_TYPE)
