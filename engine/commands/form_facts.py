"""What a move's form needs from the store: read at once before the form is checked, and passed down by value.

Most forms need none of it: then each part is empty, and nothing was asked.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from engine.caches import Acting
from engine.ledger.record import CaseRow


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the record answers: who made which moves of a disputed case (by its number), the words of the earlier move
    that the table names, the rows of the attachments that the form names (by id), and the moves that were made since
    the one that an automatic step answers.
    """

    makers: Mapping[str, Sequence[Any]] = field(default_factory=dict[str, Sequence[Any]])
    words: str | None = None
    attachments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    later_moves: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """What the store knows of what the form names.

    ``people`` by handle and ``cases`` by number hold those that exist. ``unknown_categories`` are those that do not,
    each with the categories that resemble it. ``certified`` are the handles of those named who hold the pack's
    certificate. ``customers`` are the people of cases, by number; None for a case of nobody. ``handed_on`` are the
    timers that the case named has handed on.
    """

    people: Mapping[str, Acting] = field(default_factory=dict[str, Acting])
    departments: Collection[str] = ()
    unknown_categories: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])
    certified: Collection[str] = ()
    cases: Mapping[str, CaseRow] = field(default_factory=dict[str, CaseRow])
    customers: Mapping[str, int | None] = field(default_factory=dict[str, int | None])
    handed_on: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """A message to the customer: its transition, the moves after it, and the timers that it or one of these met."""

    sent: Any
    later: Sequence[Any] = ()
    met: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class TheEnd:
    """The end of a case: the timers that it stopped, and what was met in the case into which it was merged."""

    stopped: Sequence[Any]
    met_there: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Promises:
    """What the record says of the promises and messages that the form names.

    ``outcomes`` are those of promises that do not run, by clause and occurrence. ``addressed`` are the numbers of other
    cases whose customer has an e-mail address. ``message`` is the one that did not arrive, or did after all; ``end`` is
    given where the move undoes it. None is what does not exist.
    """

    outcomes: Mapping[tuple[str, int], Any] = field(default_factory=dict[tuple[str, int], Any])
    addressed: Collection[str] = ()
    message: Message | None = None
    end: TheEnd | None = None


NOTHING_RECORDED, NOTHING_NAMED, NO_PROMISES = Recorded(), Named(), Promises()


class FormFacts(NamedTuple):
    """All that was read for the form of one move."""

    recorded: Recorded = NOTHING_RECORDED
    named: Named = NOTHING_NAMED
    promises: Promises = NO_PROMISES
