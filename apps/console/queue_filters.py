"""The filters of the queue as its address gives them, and those that somebody saved in a cookie of his browser.

Saved filters hold codes only, never the words of a search: a cookie may be read by whoever has the browser next. They
are listed for the person who saved them.
"""

import base64
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from apps.principal_queue import Share
from apps.web.addresses import CONSOLE
from models.printable_text import is_printable_line
from reports.case_search import CaseQuery
from statemachines.form_model import Code
from statemachines.forms import Severity

COOKIE: Final = "closeloop-filters-{digest}"
"""A cookie for each person, under a digest of his handle."""
KEPT_SECONDS: Final = 365 * 24 * 3600
MOST: Final = 8
"""The most filters of one person; a new one takes the place of the oldest."""
LONGEST_NAME: Final = 40
MOST_BYTES: Final = 3_800
"""Browsers keep no cookie of more than 4 kB."""
PAGE: Final = 30

Blank = BeforeValidator(lambda value: value or None)
"""An empty field of a form restricts nothing."""


Blanks = BeforeValidator(lambda values: [value for value in _listed(values) if value])
StateOfKind = Annotated[str, Field(pattern=r"^[a-z_]{1,40}\.[a-z0-9_]{1,40}$")]


def _listed(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


class QueueFilters(BaseModel):
    """What a queue shows: whose cases, and which of them. ``state`` are states of kinds: ``complaint.received``."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    share: Annotated[Share | None, Blank] = None
    text: Annotated[str, Field(max_length=200)] = ""
    kind: Annotated[Code | None, Blank] = None
    state: Annotated[list[StateOfKind], Blanks, Field(max_length=60)] = []
    department: Annotated[Code | None, Blank] = None
    owner: Annotated[Annotated[str, Field(max_length=100)] | None, Blank] = None
    severity: Annotated[Severity | None, Blank] = None
    level: Annotated[Annotated[int, Field(ge=0, le=3)] | None, Blank] = None
    overdue: Annotated[bool | None, Blank] = None
    closed: Annotated[bool | None, Blank] = None
    cursor: Annotated[Annotated[str, Field(max_length=500)] | None, Blank] = None

    @property
    def shown_share(self) -> Share:
        """Return whose cases: his own, unless he searches for words, which may be those of any case."""
        return self.share or (Share.ALL if self.text.strip() else Share.MINE)

    def query(self) -> CaseQuery:
        """Return the query of the store."""
        pairs = [name.partition(".") for name in self.state]
        kinds = tuple(dict.fromkeys(kind for kind, _, _ in pairs)) or tuple(filter(None, (self.kind,)))
        return CaseQuery(
            kinds=kinds, states=tuple(state for _, _, state in pairs), department=self.department, owner=self.owner,
            severity=self.severity, level=self.level, overdue=self.overdue, closed=bool(self.closed), text=self.text,
            limit=PAGE,
        )  # fmt: skip

    def address(self, **changed: Any) -> str:
        """Return the query of an address that shows the same, with some of it changed."""
        given = self.model_dump(mode="json", exclude_defaults=True) | changed
        shown = {name: _text(value) for name, value in given.items() if value not in (None, "", [])}
        return urlencode(shown, doseq=True)

    @property
    def any(self) -> bool:
        """Return whether something restricts the list besides whose cases it shows."""
        return bool(self.model_dump(exclude_defaults=True, exclude={"share", "text", "cursor"}))


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """A filter under a name; ``address`` is the query that shows it."""

    name: str
    address: str


def saved_filters(request: Request, handle: str) -> list[SavedFilter]:
    """Return the filters that somebody saved in this browser; of a cookie that was changed only what may be saved."""
    try:
        kept: Any = json.loads(base64.urlsafe_b64decode(request.cookies.get(_cookie(handle), "")))
        return [SavedFilter(name, codes_only(address)) for name, address in kept if good_name(name)]
    except (ValueError, TypeError, AttributeError):
        return []


def keep_filter(request: Request, response: Response, handle: str, kept: SavedFilter, *, secure: bool) -> None:
    """Save a filter, in the place of one of the same name."""
    _keep(response, handle, [*_without(request, handle, kept.name), kept][-MOST:], secure=secure)


def drop_filter(request: Request, response: Response, handle: str, name: str, *, secure: bool) -> None:
    """Remove a saved filter; nothing where there is none of that name."""
    _keep(response, handle, _without(request, handle, name), secure=secure)


def good_name(name: str) -> bool:
    """Return whether a filter may be called so."""
    return 0 < len(name) <= LONGEST_NAME and is_printable_line(name)


def codes_only(address: str) -> str:
    """Return a query without the words of a search and without its page; empty where it is none."""
    try:
        pairs = parse_qsl(address[:1000])
        given: dict[str, Any] = dict(pairs) | {"state": [value for name, value in pairs if name == "state"]}
        return QueueFilters.model_validate(given).address(text=None, cursor=None)
    except ValidationError:
        return ""


def _cookie(handle: str) -> str:
    return COOKIE.format(digest=sha256(handle.encode()).hexdigest()[:12])


def _without(request: Request, handle: str, name: str) -> list[SavedFilter]:
    return [each for each in saved_filters(request, handle) if each.name != name]


def _keep(response: Response, handle: str, filters: list[SavedFilter], *, secure: bool) -> None:
    text = json.dumps([[each.name, each.address] for each in filters])
    value = base64.urlsafe_b64encode(text.encode()).decode()
    if len(value) > MOST_BYTES:
        return _keep(response, handle, filters[1:], secure=secure)
    return response.set_cookie(
        _cookie(handle), value, KEPT_SECONDS, path=CONSOLE, secure=secure, httponly=True, samesite="lax"
    )  # fmt: skip


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
