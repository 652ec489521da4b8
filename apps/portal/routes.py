"""Every router of the portal."""

from fastapi import APIRouter

ROUTERS: tuple[APIRouter, ...] = ()
