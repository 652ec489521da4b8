"""Count the words of a log, and their positions in its cases."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations, groupby
from pathlib import Path

from gateways.logs.draft.column_inference import ColumnGuess
from gateways.logs.draft.sample import Row, raw_rows
from gateways.logs.draft.time_formats import instant
from gateways.problems import AddNote, ignore

FOLLOWED = 3_000
"""The number of cases whose events are ordered and compared."""
LONGEST = 400
"""The most events of such a case."""
COUNTED = 1_000_000
"""The most cases that are counted."""
MOST_PAIRED = 40
"""The most different words of a case of which pairs are counted."""

Position = tuple[float, int, str]


@dataclass(slots=True)
class WordStatistics:
    """The number of occurrences of each word; for the followed cases, how often it begins and ends one.

    ``late`` counts the last two words of each case, ``holding`` the cases that hold a word, ``before`` the cases in
    which the first word of a pair comes before the second.
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

    def ever_after(self, word: str, others: Iterable[str]) -> bool:
        """Return whether in some case one of the others comes before a word."""
        return any(self.before[other, word] for other in others)

    def share(self, counts: Mapping[str, int], word: str) -> float:
        """Return the share of a word's positions that ``counts`` counts."""
        return counts.get(word, 0) / self.seen[word] if self.seen[word] else 0.0


def count_words(
    path: Path, guess: ColumnGuess, missing: Sequence[str], encoding: str | None = None, note: AddNote = ignore
) -> WordStatistics:
    """Count the words in one pass over the log, with its remarks to ``note``. Raises ``Unreadable``."""
    statistics = WordStatistics()
    ignored = frozenset(missing)
    ids: set[int] = set()
    followed: dict[str, list[Position]] = {}
    for row in raw_rows(path, encoding, note):
        statistics.events += 1
        case = row.get(guess.case, "")
        if len(ids) < COUNTED:
            ids.add(hash(case))
        word = guess.word_of({name: "" if row.get(name) in ignored else row.get(name, "") for name in guess.words})
        if _is_step(row, guess):
            continue
        statistics.words[word] += 1
        at = _at(row, guess)
        statistics.untimed += at is None
        positions = followed.get(case)
        if positions is None and len(followed) < FOLLOWED:
            positions = followed.setdefault(case, [])
        if positions is not None and len(positions) < LONGEST:
            positions.append(
                (at.timestamp() if at else 0.0, -statistics.events if guess.backwards else statistics.events, word)
            )
    statistics.cases = len(ids)
    for positions in followed.values():
        _follow(statistics, positions)
    return statistics


def _is_step(row: Row, guess: ColumnGuess) -> bool:
    return bool(guess.steps) and row.get(guess.steps, "complete").casefold() != "complete"


def _at(row: Row, guess: ColumnGuess) -> datetime | None:
    format_ = guess.times.get(guess.at)
    return instant(row.get(guess.at, ""), format_) if format_ else None


def _follow(statistics: WordStatistics, positions: Sequence[Position]) -> None:
    """Count the positions of a case's words; a word repeated at once counts once."""
    words = [word for word, _ in groupby(word for _, _, word in sorted(positions))]
    statistics.seen.update(words)
    statistics.begins.update(words[:1])
    statistics.ends.update(words[-1:])
    statistics.late.update(words[-2:])
    distinct = list(dict.fromkeys(words))
    statistics.holding.update(distinct)
    if len(distinct) <= MOST_PAIRED:
        statistics.before.update(combinations(distinct, 2))
