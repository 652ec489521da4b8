"""Routes of the indicators: their figures in a period as of an instant, the cases behind them, their definitions."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, Field

from apps.api.caller import Called, Caller
from apps.api.case_documents import Input
from apps.api.responses import READ
from apps.indicator_documents import definition_document, indicator_document, listed_document
from apps.principal_indicators import cases_seen, explained, indicator_seen, indicators_seen
from engine.access.principal import Scope
from reports.indicators.periods import Period, month_before, period_of

router = APIRouter(prefix="/indicators", tags=["reports"])

IndicatorName = Annotated[str, Path(max_length=40, examples=["first_reply"])]


class Indicators(BaseModel):
    """Every indicator in force, with its figure of the period. They count cases and name no person."""

    period: str
    as_of: datetime
    indicators: list[dict[str, Any]]


class IndicatorFigure(BaseModel):
    """An indicator in a period: its value, target, trend and groups, and what changed since it was read."""

    name: str
    period: str
    as_of: datetime
    figure: dict[str, Any] = Field(description="As `closeloop kpi show --json` prints it.")


class IndicatorCases(BaseModel):
    """The numbers of the cases behind an indicator, as far as the caller may read them."""

    name: str
    period: str
    as_of: datetime
    numerator: list[str]
    denominator: list[str]


class IndicatorDefinition(BaseModel):
    """What an indicator counts, of what, and by which source."""

    name: str
    version: str
    definition: dict[str, Any]


class FigureQuery(Input):
    """Of which period, and by what had been recorded when; without them the last month, by all that is recorded."""

    period: str | None = Field(default=None, max_length=10, examples=["2026-05"])
    as_of: AwareDatetime | None = None


class GroupedQuery(FigureQuery):
    """And by which attributes."""

    by: list[str] = Field(default_factory=list, max_length=4, examples=[["department"]])


@router.get("", responses=READ)
def list_indicators(query: Annotated[FigureQuery, Query()], caller: Called) -> Indicators:
    """List every indicator in force with its figure of a period."""
    period, as_of = _asked(query, caller)
    seen = indicators_seen(caller.store, caller.principal, period, as_of, caller.at)
    listed = [listed_document(indicator, figure, as_of) for indicator, figure in seen]
    return Indicators(period=period.name, as_of=as_of, indicators=listed)


@router.get("/{name}", responses=READ)
def show_indicator(name: IndicatorName, query: Annotated[GroupedQuery, Query()], caller: Called) -> IndicatorFigure:
    """Show an indicator in a period. Return only his own figures to a person who may not read those of the house."""
    period, as_of = _asked(query, caller)
    seen = indicator_seen(caller.store, caller.principal, name, period, as_of, caller.at, query.by)
    return IndicatorFigure(name=name, period=period.name, as_of=as_of, figure=indicator_document(seen))


@router.get("/{name}/cases", responses=READ)
def list_indicator_cases(name: IndicatorName, query: Annotated[FigureQuery, Query()], caller: Called) -> IndicatorCases:
    """List the cases behind an indicator."""
    caller.needs(Scope.READ_CASES)
    period, as_of = _asked(query, caller)
    found = cases_seen(caller.store, caller.principal, name, period, as_of, caller.at)
    sides = {side: found.get(side, []) for side in ("numerator", "denominator")}
    return IndicatorCases(name=name, period=period.name, as_of=as_of, **sides)


@router.get("/{name}/definition", responses=READ)
def explain_indicator(name: IndicatorName, caller: Called) -> IndicatorDefinition:
    """Show what an indicator counts."""
    caller.needs(Scope.READ_REPORTS)
    indicator, _ = explained(caller.store, name, caller.at)
    return IndicatorDefinition(name=name, version=indicator.version, definition=definition_document(indicator))


def _asked(query: FigureQuery, caller: Caller) -> tuple[Period, datetime]:
    caller.needs(Scope.READ_REPORTS)
    period = month_before(caller.at.date()) if query.period is None else period_of(query.period)
    return period, caller.at if query.as_of is None else query.as_of
