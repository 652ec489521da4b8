"""Make a score of what a reviewer observed; what he did not observe counts neither for nor against anybody (F5)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from engine.rules.checklists import Checklist
from statemachines.refused import Refused

FULL = 10_000
"""A full score, in hundredths of a point of 100."""


class Outcome(StrEnum):
    """How a reviewer found an item."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_OBSERVED = "not_observed"


@dataclass(frozen=True, slots=True)
class Mark:
    """How one item was found, its weight, and the reviewer's note."""

    item: str
    weight: int
    outcome: Outcome
    note: str | None = None


@dataclass(frozen=True, slots=True)
class GivenMark:
    """What a reviewer entered for an item."""

    outcome: str
    note: str = ""


def score_of(marks: Sequence[Mark]) -> tuple[int | None, int]:
    """Return the score in hundredths of a point of 100, and the weight of what was observed, of 100.

    The score is the weight of the passed items of the observed ones, rounded half up. Where nothing was observed there
    is none: it is neither 100 nor 0.
    """
    observed = sum(mark.weight for mark in marks if mark.outcome is not Outcome.NOT_OBSERVED)
    passed = sum(mark.weight for mark in marks if mark.outcome is Outcome.PASSED)
    if not observed:
        return None, 0
    return (2 * passed * FULL + observed) // (2 * observed), observed


def marks_of(checklist: Checklist, given: Mapping[str, GivenMark]) -> list[Mark]:
    """Return the marks that were entered for every item of a checklist.

    Raises ``Refused('bad_request')``, which names each item that is missing, unknown or failed without a note.
    """
    if faults := list(_faults(checklist, given)):
        raise Refused("bad_request", fields=faults)
    return [
        Mark(item.code, item.weight, Outcome(given[item.code].outcome), given[item.code].note.strip() or None)
        for item in checklist.items
    ]


def _faults(checklist: Checklist, given: Mapping[str, GivenMark]) -> Iterator[dict[str, Any]]:
    codes = {item.code for item in checklist.items}
    yield from (_fault(name, "extra_forbidden") for name in given if name not in codes)
    for item in checklist.items:
        mark = given.get(item.code)
        if mark is None or not mark.outcome:
            yield _fault(item.code, "missing")
        elif mark.outcome not in set[str](Outcome):
            yield _fault(item.code, "enum", expected=_quoted(Outcome))
        elif mark.outcome == Outcome.FAILED and not mark.note.strip():
            yield _fault(f"note_{item.code}", "note_of_failed")


def _fault(field: str, why: str, **limits: str) -> dict[str, Any]:
    return {"field": field[:60], "why": why, "limits": limits}


def _quoted(codes: Iterable[str]) -> str:
    return ", ".join(f"'{code}'" for code in codes)
