"""Every router of the console."""

from fastapi import APIRouter

from apps.console import (
    audit,
    dead_letters,
    exports,
    invitation,
    live,
    log_in,
    own_settings,
    people,
    queue,
    second_factor,
    system,
    tokens,
    webhooks,
)

ROUTERS: tuple[APIRouter, ...] = (
    live.router,
    log_in.router,
    second_factor.router,
    invitation.router,
    own_settings.router,
    queue.router,
    people.router,
    tokens.router,
    webhooks.router,
    dead_letters.router,
    system.router,
    exports.router,
    audit.router,
)
