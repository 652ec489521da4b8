"""Every router of the console."""

from fastapi import APIRouter

from apps.console import board, bulk, callbacks, case_runs, decisions, live, log_in, own_settings, queue, report

ROUTERS: tuple[APIRouter, ...] = (
    board.router, bulk.router, callbacks.router, case_runs.router, decisions.router,
    live.router, log_in.router, own_settings.router, queue.router, report.router,
)  # fmt: skip
