"""The words of an unknown log, all of them, and where in its cases each one stands."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations, groupby
from pathlib import Path

from gateways.logs.column_inference import Guess
from gateways.logs.sampling import Row, raw
from gateways.logs.times import instant

FOLLOWED = 3_000
"""So many cases are followed from their first event to their last."""
LONGEST = 400
"""So many events of each."""
COUNTED = 1_000_000
"""Up to so many cases are counted."""
MOST_PAIRED = 40
"""Up to so many different words of a case are looked at two by two."""

Turn = tuple[float, int, str]


@dataclass(slots=True)
class Counted:
    """How often each word is there; of the cases that were followed, how often it begins and ends one.

    ``late`` counts the last two words of each, ``holding`` the cases in which a word is, ``before`` those in which the
    first word of a pair comes for the first time before the second one does.
    """

    events: int = 0
    cases: int = 0
    words: Counter[str] = field(default_factory=Counter[str])
    untimed: int = 0
    seen: Counter[str] = field(default_factory=Counter[str])
    begins: Counter[str] = field(default_factory=Counter[str])
    ends: Counter[str] = field(default_factory=Counter[str])
    late: Counter[str] = field(default_factory=Counter[str])
    holding: Counter[str] = field(default_factory=Counter[str])
    before: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    def usually_after(self, word: str, others: Iterable[str]) -> bool:
        """Whether in most of the cases that hold a word one of the others has come before it."""
        earlier = max((self.before[other, word] for other in others), default=0)
        return earlier > 0.5 * self.holding[word]

    def share(self, told: Mapping[str, int], word: str) -> float:
        """In which share of its places a word is one of those that ``told`` counts."""
        return told.get(word, 0) / self.seen[word] if self.seen[word] else 0.0


def counted(path: Path, guess: Guess, missing: Sequence[str]) -> Counted:
    """One pass over the whole log. Raises ``Unreadable``."""
    found = Counted()
    gone = frozenset(missing)
    ids: set[int] = set()
    followed: dict[str, list[Turn]] = {}
    for row in raw(path):
        found.events += 1
        case = row.get(guess.case, "")
        if len(ids) < COUNTED:
            ids.add(hash(case))
        word = " ".join(row.get(guess.word, "").split())
        if word in gone:
            word = ""
        if _is_step(row, guess):
            continue
        found.words[word] += 1
        at = _at(row, guess)
        found.untimed += at is None
        turns = followed.get(case)
        if turns is None and len(followed) < FOLLOWED:
            turns = followed.setdefault(case, [])
        if turns is not None and len(turns) < LONGEST:
            turns.append((at.timestamp() if at else 0.0, -found.events if guess.backwards else found.events, word))
    found.cases = len(ids)
    for turns in followed.values():
        _follow(found, turns)
    return found


def _is_step(row: Row, guess: Guess) -> bool:
    return bool(guess.steps) and row.get(guess.steps, "complete").casefold() != "complete"


def _at(row: Row, guess: Guess) -> datetime | None:
    writing = guess.times.get(guess.at)
    return instant(row.get(guess.at, ""), writing) if writing else None


def _follow(found: Counted, turns: Sequence[Turn]) -> None:
    """Where the words of a case stand; one that is said several times running is said once."""
    words = [word for word, _ in groupby(word for _, _, word in sorted(turns))]
    found.seen.update(words)
    found.begins.update(words[:1])
    found.ends.update(words[-1:])
    found.late.update(words[-2:])
    distinct = list(dict.fromkeys(words))
    found.holding.update(distinct)
    if len(distinct) <= MOST_PAIRED:
        found.before.update(combinations(distinct, 2))
