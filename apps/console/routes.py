"""Every router of the console."""

from fastapi import APIRouter

from apps.console import follow_up, live, log_in, new_contact, own_settings, queue

ROUTERS: tuple[APIRouter, ...] = (
    live.router, log_in.router, own_settings.router, queue.router, new_contact.router, follow_up.router,
)  # fmt: skip
