"""Every router of the console."""

from fastapi import APIRouter

from apps.console import invitation, live, log_in, own_settings, queue, second_factor

ROUTERS: tuple[APIRouter, ...] = (
    live.router,
    log_in.router,
    second_factor.router,
    invitation.router,
    own_settings.router,
    queue.router,
)
