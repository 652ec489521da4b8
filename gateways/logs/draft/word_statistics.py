"""Count the words of a log, and their positions in its cases."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import combinations, groupby, pairwise, takewhile
from pathlib import Path

from gateways.logs.draft.column_guess import ColumnGuess
from gateways.logs.draft.sample import Row, raw_rows
from gateways.logs.draft.time_formats import instant
from gateways.logs.draft.word_list import sorts_of
from gateways.problems import AddNote, ignore

FOLLOWED = 3_000
"""The number of cases whose events are ordered and compared."""
LONGEST = 400
"""The most events of such a case."""
COUNTED = 1_000_000
"""The most cases that are counted."""
MOST_PAIRED = 40
"""The most different words of a case of which pairs are counted."""
REMARKS = frozenset({"noted", "replied", "surveyed", "satisfied", "dissatisfied"})
"""The sorts of words that may follow the end of a case."""

Position = tuple[float, int, str]


@dataclass(slots=True)
class WordStatistics:
    """The number of occurrences of each word; for the followed cases, how often it begins and ends one.

    ``late`` counts the last two words of each case, ``holding`` the cases that hold a word, ``before`` the cases in
    which the first word of a pair comes before the second, ``followed_by`` how often it stands right before it.
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
    followed_by: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    def ever_after(self, word: str, others: Iterable[str]) -> bool:
        """Return whether in some case one of the others comes before a word."""
        return any(self.before[other, word] for other in others)

    def ever_again(self, word: str, others: Iterable[str]) -> bool:
        """Return whether in some case a word stands right after one of the others."""
        return any(self.followed_by[other, word] for other in others)

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
            before = positions[-1][0] if positions else 0.0  # one without a time stands beside the one before it
            place = -statistics.events if guess.backwards else statistics.events
            positions.append((at.timestamp() if at else before, place, word))
    statistics.cases = len(ids)
    for positions in followed.values():
        _follow(statistics, positions)
    return statistics


def _is_step(row: Row, guess: ColumnGuess) -> bool:
    return bool(guess.steps) and row.get(guess.steps, "complete").casefold() != "complete"


def _at(row: Row, guess: ColumnGuess) -> datetime | None:
    format_ = guess.times.get(guess.at)
    return instant(row.get(guess.at, ""), format_) if format_ else None


@cache
def _is_remark(word: str) -> bool:
    sort = next(sorts_of(word), None)
    return sort is not None and sort.name in REMARKS


def _follow(statistics: WordStatistics, positions: Sequence[Position]) -> None:
    """Count the positions of a case's words; a word repeated at once counts once.

    Remarks and surveys at the end are no end: the words before them are late as well.
    """
    words = [word for word, _ in groupby(word for _, _, word in sorted(positions))]
    statistics.seen.update(words)
    statistics.begins.update(words[:1])
    statistics.ends.update(words[-1:])
    remarks = sum(1 for _ in takewhile(_is_remark, reversed(words)))
    statistics.late.update(words[-2 - remarks :])
    if len(set(words)) <= MOST_PAIRED:
        statistics.followed_by.update(pairwise(words))
    distinct = list(dict.fromkeys(words))
    statistics.holding.update(distinct)
    if len(distinct) <= MOST_PAIRED:
        statistics.before.update(combinations(distinct, 2))
