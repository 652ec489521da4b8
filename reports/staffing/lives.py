"""Lives of past cases, step by step, as a simulation lives them again; those not over yet are continued (K3).

Note [Redistribution to the right]: of a case that still stands in a state nobody knows when it will leave it. To leave
such cases out would keep the quick ones; to end them there would lose their rest. Its rest is drawn from the cases that
stood in the same state, in the same round, at least as long: the rule by which Efron (1967) explains the estimator of
Kaplan and Meier. Where the drawn case has not left the state either, the case stays in it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple

NOBODY: Final = ""
"""The desk of a step that needs nobody of the staff: a customer's, a timer's, or one outside the usual hours."""


class Move(NamedTuple):
    """A recorded move, with the fields of ``reports/whatif/record.py``; instants in microseconds."""

    case_id: int
    seq: int
    move: str
    source: str
    dest: str
    cycle: int
    via: str
    occurred_at: int
    lifecycle: str
    form: str
    actor_id: int
    person: bool
    desk: str


class CaseStart(NamedTuple):
    """How a case came in, with the fields of ``reports/whatif/record.py``."""

    id: int
    number: str
    kind: str
    pack: str
    channel: str
    opened_at: int


class Step(NamedTuple):
    """A move with what comes before it: ``delay`` while nobody works on the case, then ``work`` of a desk.

    Both in microseconds; the delay is elapsed time, the work is time in which the desk is staffed.
    """

    move: Move
    desk: str
    delay: int
    work: int


@dataclass(frozen=True, slots=True)
class Life:
    """A case: how it came in, and its steps after the opening; ``stay`` is how long it is known to stand in its last
    state.

    ``ended`` says that the last state is final: then nothing is to follow.
    """

    case: CaseStart
    opening: Move
    steps: tuple[Step, ...]
    stay: int
    ended: bool


class _Stay(NamedTuple):
    """A stay in a state: how long it is known to have lasted, and how many steps of the life precede it.

    ``leaving`` is the place of the step that ended it; None where none did.
    """

    length: int
    life: Life
    begun: int
    leaving: int | None


class Rests:
    """Draws the rest of lives that are not over. See Note [Redistribution to the right]."""

    def __init__(self, lives: Iterable[Life]) -> None:
        self._stays: dict[tuple[str, str, int], list[_Stay]] = {}
        for life in lives:
            for stay in _stays(life):
                self._stays.setdefault(_stands(life, stay.begun), []).append(stay)
        for stays in self._stays.values():
            stays.sort(key=lambda stay: stay.length)

    def continued(self, life: Life, random: Random) -> Life:
        """Return the life with a drawn rest; an ended one as it is."""
        if life.ended:
            return life
        stays = self._stays.get(_stands(life, len(life.steps)), [])
        first = bisect_left(stays, life.stay, key=lambda stay: stay.length)
        if first == len(stays):
            return life
        drawn = stays[random.randrange(first, len(stays))]
        if drawn.leaving is None:
            return life
        *_, own = _stays(life)
        spent = _at(life, len(life.steps)) - _at(life, own.begun)
        left = drawn.life.steps[drawn.leaving]
        attended = left.move.occurred_at - _at(drawn.life, drawn.leaving) - left.delay
        leaving = left._replace(delay=max(drawn.length - attended - spent, 0))
        steps = (*life.steps, leaving, *drawn.life.steps[drawn.leaving + 1 :])
        return Life(life.case, life.opening, steps, drawn.life.stay, drawn.life.ended)


def _at(life: Life, place: int) -> int:
    """Return when the step before a place was made, in the record."""
    return life.steps[place - 1].move.occurred_at if place else life.opening.occurred_at


def _stands(life: Life, place: int) -> tuple[str, str, int]:
    """Return the kind, and the state and the round that the step before a place led to."""
    last = life.steps[place - 1].move if place else life.opening
    return life.case.kind, last.dest, last.cycle


def _stays(life: Life) -> Iterator[_Stay]:
    begun = 0
    for place, step in enumerate(life.steps):
        if step.move.source != step.move.dest:
            yield _Stay(step.move.occurred_at - _at(life, begun), life, begun, place)
            begun = place + 1
    if not life.ended:
        yield _Stay(life.stay, life, begun, None)
