"""Routes for whoever works on many cases: the board, the callback list, who is calling, where an order is."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from apps.api.caller import Called
from apps.api.case_documents import Input, PackName, contact_from
from apps.api.responses import READ
from apps.principal_reports import board_seen, callbacks_seen, customers_seen, order_seen
from engine.access.principal import Scope
from models.contact import Line
from statemachines.refused import Refused

router = APIRouter(tags=["desk"])


class BoardCell(BaseModel):
    """How many open cases of a kind are at a milestone and a level."""

    kind: str
    milestone: str
    level: int
    cases: int


class OverdueDocument(BaseModel):
    """A promise that is overdue, and who is asked for it."""

    number: str
    promise: str
    due_at: datetime
    level: int
    asked: list[str]


class Board(BaseModel):
    """The open cases that the caller may read, counted, and those that are overdue."""

    at: datetime
    open: int
    late: int
    overdue: list[OverdueDocument]
    board: list[BoardCell]


class CallbackDocument(BaseModel):
    """A callback that is planned: whom to call, when, who calls, and what to talk about."""

    number: str
    kind: str
    category: str | None
    round: int
    attempt: int
    planned_at: datetime
    due_at: datetime | None
    owner: str | None
    name: str | None
    phone: str | None
    result: str | None
    questionnaire: str | None = Field(description="The edition of the questionnaire that the customer is asked today.")


class Callbacks(BaseModel):
    """The callbacks of one local day, by owner and then by time."""

    day: date
    callbacks: list[CallbackDocument]


class CustomerCaseDocument(BaseModel):
    """One of a customer's cases."""

    number: str
    kind: str
    state: str
    level: int
    closed: bool
    opened_at: datetime


class KnownCustomer(BaseModel):
    """A customer: how he is addressed, the end of his telephone number, and his cases that the caller may read."""

    address: str | None
    phone_ends: str | None
    type: str | None
    cases: list[CustomerCaseDocument]


class KnownCustomers(BaseModel):
    """Who has the number, the address or the name."""

    customers: list[KnownCustomer]


class CustomerQuery(Input):
    """By what to look up a customer: exactly one of number, address and name."""

    phone: Line | None = None
    email: Line | None = None
    name: Line | None = None
    pack: PackName = "logistics"


class Order(BaseModel):
    """Where an order is and where its goods are, as of when."""

    number: str
    kind: str
    state: str
    milestone: str | None
    position: str | None
    as_of: datetime | None
    expected_at: datetime | None
    age_seconds: float | None
    stale: bool


class CallbackQuery(Input):
    """Which callbacks to list: those of a day, today by default, of everybody or of one owner."""

    day: date | None = Field(default=None, ge=date(1970, 1, 1), le=date(2199, 12, 31))
    owner: str | None = Field(default=None, max_length=100)


@router.get("/board", responses=READ)
def show_board(caller: Called) -> Board:
    """Count the open cases by kind, milestone and level, and list what is overdue."""
    caller.needs(Scope.READ_CASES)
    counted = board_seen(caller.store, caller.principal, caller.at)
    document = counted.document()
    overdue = [OverdueDocument(number=each.pop("case"), **each) for each in document.pop("overdue")]
    return Board(at=counted.at, overdue=overdue, **document)


@router.get("/callbacks", responses=READ)
def list_callbacks(query: Annotated[CallbackQuery, Query()], caller: Called) -> Callbacks:
    """List the callbacks of a day; today's with those of earlier days that are still open."""
    caller.needs(Scope.READ_CASES)
    caller.read_in_own_zone()
    day, lines = callbacks_seen(caller.store, caller.principal, caller.at, query.day, query.owner)
    names = CallbackDocument.model_fields
    return Callbacks(
        day=day, callbacks=[CallbackDocument(**{name: getattr(line, name) for name in names}) for line in lines]
    )


@router.get("/customers", responses=READ)
def find_customers(query: Annotated[CustomerQuery, Query()], caller: Called) -> KnownCustomers:
    """Return who is calling, how he is addressed, and his cases."""
    caller.needs(Scope.READ_CASES)
    caller.needs(Scope.READ_CONTACTS)
    given = {"phone": query.phone, "email": query.email, "customer": query.name}
    if sum(value is not None for value in given.values()) != 1:
        raise Refused("nothing_to_look_for", options=["phone", "email", "name"])
    contact = contact_from("open", {"row_id": "-", "at": caller.at, "text": "-", **given})
    found = customers_seen(caller.store, caller.principal, contact, query.pack, caller.at)
    return KnownCustomers(customers=[KnownCustomer(**_customer(asdict(each))) for each in found])


@router.get("/tracking/{number}", responses=READ)
def track_order(number: Annotated[str, Path(max_length=100, examples=["so-26-000001"])], caller: Called) -> Order:
    """Return where an order is and where its goods are; nothing of whose they are."""
    caller.needs(Scope.READ_CASES)
    found = order_seen(caller.store, caller.principal, number, caller.at)
    age = None if found.age is None else found.age.total_seconds()
    shown: dict[str, Any] = {name: getattr(found, name) for name in Order.model_fields if hasattr(found, name)}
    return Order(**shown, age_seconds=age)


def _customer(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"cases": [CustomerCaseDocument(**case) for case in document["cases"]]}
