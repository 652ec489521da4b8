"""Static files under addresses that change with their content, so that browsers may keep them for ever."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response

from apps.web.addresses import STATIC
from statemachines.refused import Refused

FOLDER = Path(__file__).resolve().parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".LICENSE": "text/plain"}
KEPT = {"Cache-Control": "public, max-age=31536000, immutable", "Cross-Origin-Resource-Policy": "same-origin"}

router = APIRouter(include_in_schema=False)


@cache
def _content(name: str) -> bytes | None:
    """Return a file of the folder by its exact relative name: nothing outside is ever named."""
    known = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.suffix in TYPES}
    return (FOLDER / name).read_bytes() if name in known else None


@cache
def address_of(name: str) -> str:
    """Return the address of a static file, with the digest of its content."""
    content = _content(name)
    assert content is not None, name
    return f"{STATIC}/{sha256(content).hexdigest()[:12]}/{name}"


@router.get("/{_digest}/{name:path}")
def static_file(name: str) -> Response:
    """Return a static file, whatever digest was asked for: a page of an earlier release still finds its style."""
    content = _content(name[:200])
    if content is None:
        raise Refused("unknown_address")
    return Response(content, media_type=TYPES[Path(name).suffix], headers=KEPT)
