"""Renders pages: Jinja templates of the console and the portal, with everything that they write escaped."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from apps.api.languages import content_language
from apps.web.card_tables import with_column_names
from apps.web.language_choice import OWN_NAMES
from apps.web.static_files import address_of
from locales.translation import label, translate, when
from models.printable_text import printable

APPS = Path(__file__).resolve().parents[1]


@cache
def environment() -> Environment:
    """Return the environment of all templates; ``web/base.html`` is that of ``apps/web/templates``."""
    folders = {room: FileSystemLoader(APPS / room / "templates") for room in ("web", "console", "portal")}
    jinja = Environment(
        loader=_Rooms(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # else each page asks the disk whether its templates have changed
    )
    jinja.globals |= {"static": address_of, "languages": OWN_NAMES}
    jinja.filters |= {"printable": printable, "iso": _iso, "epoch": _epoch}
    return jinja


class _Rooms(FileSystemLoader):
    """Find ``room/name.html`` in the templates of that room."""

    def __init__(self, rooms: Mapping[str, FileSystemLoader]) -> None:
        super().__init__([])
        self._rooms = rooms

    def get_source(self, environment: Environment, template: str) -> Any:
        room, _, name = template.partition("/")
        return self._rooms[room].get_source(environment, name)


def rendered(template: str, locale: str, **values: Any) -> str:
    """Return a page or a fragment in a language.

    ``t`` translates a key, ``name_of`` labels a code, ``when`` writes an instant in the reader's zone.
    """
    page = environment().get_template(template).render(
        values,
        locale=locale,
        language=content_language(locale),
        t=partial(translate, locale),
        name_of=partial(label, locale),
        when=when,
    )  # fmt: skip
    return with_column_names(page)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _epoch(at: datetime) -> int:
    """Return an instant in milliseconds since 1970, as scripts count it."""
    return round(at.timestamp() * 1000)
