"""Includes the routers of an application once, for all the applications that a process makes.

FastAPI prepares a route (its parameters, models and answer) at the first request that meets it, anew for each time it
was included. Included by each application for itself, the routes of the API cost the first request of each 60 ms.
"""

from collections.abc import Iterable

from fastapi import APIRouter
from starlette.routing import BaseRoute


def included(routers: Iterable[APIRouter], prefix: str = "") -> list[BaseRoute]:
    """Return the routes of some routers below a prefix; a module keeps them and gives them to each application."""
    whole = APIRouter()
    for router in routers:
        whole.include_router(router, prefix=prefix)
    return whole.routes
