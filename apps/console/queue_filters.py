"""The filters of the queue as its address gives them, and the part of an address that may be saved."""

from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlencode

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from apps.principal_queue import Share
from models.printable_text import is_printable_line
from reports.case_search import CaseQuery
from statemachines.form_model import Code
from statemachines.forms import Severity

LONGEST_NAME: Final = 40
LONGEST_ADDRESS: Final = 6_000
"""The most characters of an address that is saved: those of sixty states."""
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
        states = tuple(dict.fromkeys(state for _, _, state in pairs))
        return CaseQuery(
            kinds=kinds, states=states, department=self.department, owner=self.owner,
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


def good_name(name: str) -> bool:
    """Return whether a filter may be called so."""
    return 0 < len(name) <= LONGEST_NAME and is_printable_line(name)


def codes_only(address: str) -> str:
    """Return a query without the words of a search and without its page; empty where it is none."""
    try:
        pairs = parse_qsl(address[:LONGEST_ADDRESS])
        given: dict[str, Any] = dict(pairs) | {"state": [value for name, value in pairs if name == "state"]}
        return QueueFilters.model_validate(given).address(text=None, cursor=None)
    except ValidationError:
        return ""


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
