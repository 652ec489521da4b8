"""The route of the open promises that will most probably break (K1)."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from apps.api.caller import Called
from apps.api.case_documents import Input
from apps.api.responses import READ
from apps.forecast_documents import forecasts_document
from apps.principal_forecast import SHOWN, forecasts_seen
from engine.access.principal import Scope

router = APIRouter(tags=["desk"])

MOST = 500
"""The most promises of one answer."""


class ForecastQuery(Input):
    """How many promises are listed."""

    limit: int = Field(default=SHOWN, ge=1, le=MOST)


class ReasonDocument(BaseModel):
    """What speaks for a breach, or against it where the weight is negative."""

    field: str
    weight: float
    text: str


class ForecastDocument(BaseModel):
    """An open promise, the probability from 0 to 1 that it breaks, and when its end is expected."""

    case: str
    clause: str
    occurrence: int
    department: str | None
    due_at: datetime
    probability: float
    ends_at: datetime
    reasons: list[ReasonDocument]


class ForecastList(BaseModel):
    """The likeliest first; ``why`` says why nothing is forecast: ``no_model`` or ``not_better``."""

    at: datetime
    model: str | None
    why: str | None
    count: int
    forecasts: list[ForecastDocument]


@router.get("/forecasts", responses=READ)
def list_forecasts(query: Annotated[ForecastQuery, Query()], caller: Called) -> ForecastList:
    """List the open promises of cases that the caller may read which will most probably break, with the reasons."""
    caller.needs(Scope.READ_CASES)
    found = forecasts_seen(caller.store, caller.principal, caller.at, query.limit)
    return ForecastList.model_validate(forecasts_document(found, caller.locale))
