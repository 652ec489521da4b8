"""Sums the open cases of each person: how many he has, how far they have escalated, how many are urgent (B10)."""

from collections.abc import Iterable
from dataclasses import dataclass

from reports.open_cases import OpenCases


@dataclass(frozen=True, slots=True)
class Workload:
    """The open cases of a person, or with ``owner`` None those of nobody; ``level`` is the highest among them."""

    owner: str | None
    cases: int
    level: int
    urgent: int


def workload(groups: Iterable[OpenCases]) -> list[Workload]:
    """Return the workload of each person: first nobody's, then the most cases."""
    loads = dict[str | None, Workload]()
    for each in groups:
        load = loads.get(each.owner, Workload(each.owner, 0, 0, 0))
        loads[each.owner] = Workload(
            each.owner, load.cases + each.cases, max(load.level, each.level), load.urgent + each.urgent
        )
    return sorted(loads.values(), key=lambda each: (each.owner is not None, -each.cases, each.owner or ""))
