"""The pages that document the API: Swagger UI from a package that is installed here, under a strict policy, no CDN."""

from functools import cache
from importlib.resources import files

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse, Response

from apps.api.schema import schema

router = APIRouter(include_in_schema=False)

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI sets styles in attributes; scripts come from files of this address only."""
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>closeloop API</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css"></head>
<body><div id="page"></div><script src="docs/swagger-ui-bundle.js"></script><script src="docs/start.js"></script></body>
</html>
"""
START = """window.onload = () => SwaggerUIBundle({
  url: "openapi.json", dom_id: "#page", deepLinking: true, persistAuthorization: false, validatorUrl: null,
});
"""
CACHED = {"Cache-Control": "private, max-age=86400"}


@router.get("/openapi.json")
def openapi() -> JSONResponse:
    """Return the OpenAPI document."""
    return JSONResponse(schema(), headers=CACHED)


@router.get("/docs")
def docs() -> HTMLResponse:
    """Return the page that shows the OpenAPI document."""
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": CSP})


@router.get("/docs/start.js")
def start() -> Response:
    """Return the script that starts the page; an inline one would not be allowed to run."""
    return Response(START, media_type="text/javascript", headers=CACHED)


@router.get("/docs/swagger-ui.css")
def style() -> Response:
    """Return the style sheet of Swagger UI."""
    return _asset("swagger-ui.css", "text/css")


@router.get("/docs/swagger-ui-bundle.js")
def script() -> Response:
    """Return the script of Swagger UI."""
    return _asset("swagger-ui-bundle.js", "text/javascript")


def _asset(name: str, media_type: str) -> Response:
    return Response(_content(name), media_type=media_type, headers=CACHED)


@cache
def _content(name: str) -> bytes:
    return (files("fastapi_offline") / "static" / name).read_bytes()
