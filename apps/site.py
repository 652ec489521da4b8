"""The site of a worker: the console, the portal, their static files and the REST API, over one store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount, Route

from apps.api.app import create_app
from apps.api.authentication import authenticate
from apps.api.included_routes import included
from apps.console.app import create_console
from apps.portal.app import create_portal
from apps.sandbox import SandboxCheck
from apps.web.addresses import CONSOLE, PORTAL, STATIC
from apps.web.live import Watcher
from apps.web.page_guard import PageGuard
from apps.web.server_stop import on_stop
from apps.web.services import Services
from apps.web.static_files import router as static_files
from engine.accounts.passwords import Passwords
from engine.settings import Settings

FILES = included((static_files,))


def application() -> Starlette:
    """Return the site of a worker, with the settings of its environment."""
    return create_site(Settings())


def create_site(settings: Settings, passwords: Passwords | None = None) -> Starlette:
    """Return the site of one worker. All its doors share the store, the figures and the passwords of the API."""
    api = create_app(settings, authenticate, passwords)
    store, figures = api.state.store, api.state.figures
    watcher = Watcher(store)
    services = Services(store, settings, figures, watcher, SandboxCheck(store), api.state.passwords)
    files = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, routes=FILES)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with api.router.lifespan_context(api):  # of the mounted ones, only this one has something to close
            with on_stop(watcher.stop):
                yield
            await watcher.aclose()

    return Starlette(
        routes=[
            Route("/", _first_page),
            Route("/login/invitation", _invitation),
            Mount(CONSOLE, create_console(services)),
            Route(CONSOLE, _first_page),
            Route(PORTAL, _portal_page),
            Mount(PORTAL, create_portal(services)),
            Mount(STATIC, PageGuard(files, "static", settings.locale, figures)),
            Mount("", api),
        ],
        lifespan=lifespan,
    )


async def _invitation(_request: Request) -> RedirectResponse:
    """Lead to the page of an invitation; a browser takes what stands after the # along."""
    return RedirectResponse(f"{CONSOLE}/invitation", 303)


async def _portal_page(_request: Request) -> RedirectResponse:
    """Lead whoever left out the last stroke of the address, which the mount would not answer."""
    return RedirectResponse(f"{PORTAL}/", 303)


async def _first_page(_request: Request) -> RedirectResponse:
    return RedirectResponse(f"{CONSOLE}/", 303)
