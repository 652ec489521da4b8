"""Every router of the console."""

from fastapi import APIRouter

from apps.console import live, log_in, own_settings, queue

ROUTERS: tuple[APIRouter, ...] = (live.router, log_in.router, own_settings.router, queue.router)
