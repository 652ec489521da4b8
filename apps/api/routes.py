"""Every router of the API."""

from fastapi import APIRouter
from fastapi.routing import APIRoute

from apps.api import (
    access_codes,
    attachments,
    case_bundle,
    case_list,
    case_reading,
    cases,
    channels,
    conduct,
    deliveries,
    desk,
    duty,
    erasures,
    failed_log_ins,
    forecasts,
    identities,
    indicators,
    intake,
    login,
    moves,
    oidc,
    papers,
    probes,
    reports,
    rules,
    staffing,
    surveys,
    third_party,
    trainings,
    webhooks,
    whatif,
)

ROUTERS: tuple[APIRouter, ...] = (
    cases.router,
    case_list.router,
    case_reading.router,
    moves.router,
    attachments.router,
    case_bundle.router,
    erasures.router,
    access_codes.router,
    desk.router,
    duty.router,
    forecasts.router,
    rules.router,
    whatif.router,
    staffing.router,
    conduct.router,
    surveys.router,
    reports.router,
    papers.router,
    indicators.router,
    trainings.router,
    third_party.router,
    intake.router,
    deliveries.router,
    failed_log_ins.router,
    webhooks.router,
)
"""The routers whose routes need somebody who is authenticated; all are below the prefix."""
OPEN_ROUTERS: tuple[APIRouter, ...] = (
    probes.router,
    login.router,
    oidc.router,
    identities.router,
    channels.router,
)
"""Those of which anybody who reaches the process may ask; the log-in's know the caller by his cookie."""


def operation_id(route: APIRoute) -> str:
    """Return the name of a route in the schema, which a generated client calls its method by: the function's name."""
    return route.name
