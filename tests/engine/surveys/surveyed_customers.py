"""Customers for the tests of surveys, and the evaluation group that plans them."""

from datetime import timedelta
from typing import Any

from engine.access.principal import Principal
from engine.store import Store
from engine.surveys.draw import draw
from engine.surveys.plan import SamplingPlan
from statemachines.roles import Role
from tests.case_actions import DAY, START, new_case
from tests.engine.access.people import principal

LATER = START + 2 * DAY
"""When surveys are drawn: after every contact."""
SEED = "5eed"


def planner(store: Store, handle: str = "eva") -> Principal:
    """Return somebody of the evaluation group, added to the store unless he is in it."""
    return principal(store, Role.EVALUATION_GROUP, handle, department=None)


def customer(store: Store, name: str, after: timedelta = timedelta(), **fields: Any) -> str:
    """Open a complaint of a customer who has an address; return its number."""
    given = {"customer": name, "email": f"{name}@example.com", "text": f"{name} waits for a parcel.", **fields}
    return new_case(store, after, **given)


def plan(**fields: Any) -> SamplingPlan:
    """Return a plan for all customers of the first day."""
    given = {"pack": "logistics", "since": START, "until": START + DAY, "kinds": ("complaint",), "size": 100}
    return SamplingPlan(**{**given, **fields})


def drawn(store: Store, seed: str = SEED, **fields: Any) -> int:
    """Draw a survey; return its number."""
    return draw(store, planner(store), plan(**fields), LATER, seed=seed)


def customers_of_february(store: Store, *names: str) -> None:
    """Open a complaint of each of these customers in the month before ``START``."""
    for name in names:
        customer(store, name, -20 * DAY, customer_type="individual" if name < "m" else "enterprise")
