"""Forecasts as JSON for programs: the same at the command line and in the API."""

from typing import Any

from apps.principal_forecast import ExplainedForecast, Forecasts
from forecast.forecast_text import reason_text
from models.columns import from_micros


def forecast_document(found: ExplainedForecast, locale: str) -> dict[str, Any]:
    """Return one forecast: the probability from 0 to 1, when the end is expected, and why."""
    timer = found.forecast.timer
    reasons = [
        {"field": each.field, "weight": round(each.weight, 4), "text": reason_text(each, timer.situation, locale)}
        for each in found.reasons
    ]
    return {
        "case": timer.number,
        "clause": timer.clause,
        "occurrence": timer.occurrence,
        "department": timer.department,
        "due_at": from_micros(timer.due_at),
        "probability": round(found.forecast.probability, 4),
        "ends_at": from_micros(found.forecast.ends_at),
        "reasons": reasons,
    }


def forecasts_document(found: Forecasts, locale: str) -> dict[str, Any]:
    """Return the listed forecasts, and why there are none where nothing is forecast."""
    return {
        "at": found.at,
        "model": None if found.used.model is None else found.used.model.version,
        "why": found.used.why or None,
        "count": found.count,
        "forecasts": [forecast_document(each, locale) for each in found.listed],
    }
