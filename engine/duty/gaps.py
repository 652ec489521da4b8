"""Finds the times at which nobody is on duty whom a roster wants: nobody is named, or whoever is named is away."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from engine.duty.roster import Post, Roster, changes, on_duty

Present = Callable[[tuple[str, ...], datetime], tuple[str, ...]]
"""Returns who of these people, or of their deputies, can be asked at an instant."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Who is on duty for a post in [``starts_at``, ``ends_at``): ``named`` by the roster, ``people`` in the end.

    ``named`` is None where nobody has to be on duty. A turn without ``people`` whom somebody should hold is a gap.
    """

    department: str
    level: int
    starts_at: datetime
    ends_at: datetime
    named: tuple[str, ...] | None
    people: tuple[str, ...]

    @property
    def gap(self) -> bool:
        """Return whether somebody should be on duty and nobody can be asked."""
        return self.named is not None and not self.people


def turns(
    roster: Roster, since: datetime, until: datetime, present: Present, absences: Iterable[datetime] = ()
) -> Iterator[Turn]:
    """Yield the turns of each post in [since, until), in order; neighbours with the same people are one.

    ``absences`` are the instants at which anybody begins or ends to be away.
    """
    known = list(absences)
    for post in roster.posts():
        last: Turn | None = None
        for turn in _parts(roster, post, since, until, present, known):
            if last is not None and (last.named, last.people) == (turn.named, turn.people):
                last = replace(last, ends_at=turn.ends_at)
                continue
            if last is not None:
                yield last
            last = turn
        if last is not None:
            yield last


def gaps(
    roster: Roster, since: datetime, until: datetime, present: Present, absences: Iterable[datetime] = ()
) -> list[Turn]:
    """Return the turns in which nobody is on duty who should be, the earliest first."""
    found = (turn for turn in turns(roster, since, until, present, absences) if turn.gap)
    return sorted(found, key=lambda turn: (turn.starts_at, turn.department, turn.level))


def _parts(
    roster: Roster, post: Post, since: datetime, until: datetime, present: Present, absences: list[datetime]
) -> Iterator[Turn]:
    department, level = post
    edges = {*changes(roster, post, since, until), *changes(roster, ("", level), since, until)}
    ordered = sorted(edges | {each for each in absences if since < each < until})
    for starts_at, ends_at in zip(ordered, [*ordered[1:], until], strict=True):
        named = on_duty(roster, department, level, starts_at)
        people = () if named is None else present(named, starts_at)
        yield Turn(department, level, starts_at, ends_at, named, people)
