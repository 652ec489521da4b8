"""Customers of the tests of greetings: an inquiry each, and their answers whether they agree."""

from datetime import UTC, datetime
from typing import Any

from engine.access.principal import Principal, PrincipalKind
from engine.actors import known_actor
from engine.care.consent import ConsentAnswer, record_consent
from engine.care.greetings import claim_greeting, queue_greetings, queued_greetings
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from tests.case_actions import AGENT, START, contact, query_rows

WU: dict[str, Any] = {"customer": "Wu", "email": "wu@example.com"}
FESTIVAL = datetime(2026, 6, 19, 1, 30, tzinfo=UTC)
"""Half past nine in Shanghai on the Dragon Boat Festival."""
DRAGON_BOAT = "dragon_boat:2026"


def agent(store: Store) -> Principal:
    """Return somebody of the desk."""
    with store.looking() as tx:
        return Principal(known_actor(tx, AGENT), PrincipalKind.OWNER, "cli")


def customer(store: Store, kind: str = "inquiry", at: datetime = START, **fields: Any) -> str:
    """Open a case of a customer, Wu unless another is given; return its number."""
    found = contact(**WU | fields).model_copy(update={"at": at})
    return open_case(store, Opening(found, kind), at).number


def answers(store: Store, number: str, agrees: bool = True, birthday: str | None = None, at: datetime = START) -> None:
    """Record by telephone whether the customer of a case agrees."""
    record_consent(store, agent(store), number, ConsentAnswer(agrees, birthday), "phone", at)


def agreed(store: Store, **fields: Any) -> str:
    """Open an inquiry of a customer who agrees; return its number."""
    number = customer(store, **fields)
    answers(store, number)
    return number


def claimed(store: Store, at: datetime) -> list[str]:
    """Queue and claim what may go out at an instant; return the addresses."""
    queue_greetings(store, at)
    found = [claim_greeting(store, key, at) for key in queued_greetings(store, at)]
    return [greeting.address for greeting in found if greeting is not None]


def greetings(store: Store) -> list[tuple[str, str | None, str | None]]:
    """Return occasion, outcome and reason of each greeting."""
    rows = query_rows(store, "SELECT occasion, outcome, reason FROM care_greeting ORDER BY occasion, party_id")
    return [(row["occasion"], row["outcome"], row["reason"]) for row in rows]
