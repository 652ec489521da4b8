"""Every router of the portal."""

from fastapi import APIRouter

from apps.portal import care, contact, own_case, own_files, report, start, status

ROUTERS: tuple[APIRouter, ...] = (
    start.router,
    contact.router,
    status.router,
    own_case.router,
    own_files.router,
    care.router,
    report.router,
)
