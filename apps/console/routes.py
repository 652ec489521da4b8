"""Every router of the console."""

from fastapi import APIRouter

from apps.console import case_attachments, case_moves, case_page, kinds, live, log_in, own_settings, queue

ROUTERS: tuple[APIRouter, ...] = (
    live.router,
    log_in.router,
    own_settings.router,
    queue.router,
    case_page.router,
    case_moves.router,
    case_attachments.router,
    kinds.router,
)
