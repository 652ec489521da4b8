"""Every router of the portal."""

from fastapi import APIRouter

from apps.portal import contact, own_case, report, start, status

ROUTERS: tuple[APIRouter, ...] = (start.router, contact.router, status.router, own_case.router, report.router)
