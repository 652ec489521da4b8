"""The addresses of the queue under a filter, so that every number leads to the cases that it counts."""

from urllib.parse import urlencode

from apps.web.addresses import CONSOLE
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Milestone


def queue_address(**filters: object) -> str:
    """Return the address of all cases of the queue that meet the filters; those that are None are left out."""
    return CONSOLE + "/cases" + _query({"share": "all", **filters})


def bulk_address(**filters: object) -> str:
    """Return the address of the page that moves many cases, under the filters of the list of cases."""
    return CONSOLE + "/bulk" + _query(filters)


def _query(filters: dict[str, object]) -> str:
    given = {name: _text(value) for name, value in filters.items() if value is not None}
    return f"?{urlencode(given, doseq=True)}" if given else ""


def _text(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def states_at(kind: str, milestone: Milestone) -> list[str]:
    """Return the states of a kind at a milestone, as the queue names them: ``complaint.received``."""
    return [f"{kind}.{name}" for name, state in lifecycle_of(kind).state.items() if state.milestone is milestone]
