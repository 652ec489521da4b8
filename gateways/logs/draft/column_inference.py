"""Infer what each column of a log holds from its name, its values, and how they change within a case."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gateways.logs.draft.sample import Column, Row, Sample, changes
from gateways.logs.draft.time_formats import TimeFormat, instant, time_format_of
from gateways.logs.draft.word_list import WITHIN, hint, plain, sorts_of, word_list

MOST_WORDS = 300
"""The most different values of a column of activities or states."""
LONGEST_WORD = 80
STANDARD = frozenset(
    {
        *("schedule", "assign", "reassign", "start", "suspend", "resume", "complete", "withdraw", "autoskip"),
        *("manualskip", "ate_abort", "pi_abort", "unknown"),
    }
)
"""The transitions of XES's lifecycle extension: the progress of an activity, not the state of the case."""
FURTHER = (
    *("who", "department", "customer_id", "customer", "subject", "text", "channel", "severity", "category"),
    *("opened", "deadline"),
)

DISTINCT = 0.1
"""The share of different values in a column of case ids whose name does not say that it is one."""
MUST_VARY = frozenset({"severity", "category", "customer_id"})
"""Columns that tell nothing if their value is always the same."""


CLEAR = 0.2
"""A column whose name says so much of what it holds is no doubtful choice."""


class UnknownColumn(Exception):
    """A column that was asked for is not in the log; ``known`` are its columns."""

    def __init__(self, column: str, known: Sequence[str]) -> None:
        super().__init__(column)
        self.column, self.known = column, known


@dataclass(frozen=True, slots=True)
class ChosenColumns:
    """The columns that the operator chose; empty where the draft is to infer them."""

    case: str = ""
    words: tuple[str, ...] = ()
    at: str = ""

    def check(self, sample: Sample) -> None:
        """Raise ``UnknownColumn`` for one that the log does not have, or has twice."""
        for name in filter(None, (self.case, *self.words, self.at)):
            if name not in sample.columns:
                raise UnknownColumn(name, list(sample.columns))


class SlaGuess(NamedTuple):
    """The column in which the log says whether it kept its promise, and its texts for both answers."""

    column: str
    kept: tuple[str, ...]
    broken: tuple[str, ...]


@dataclass(slots=True)
class ColumnGuess:
    """The inferred columns; empty where none was found.

    ``words`` are the columns that make up the word of an event. In a log in which each row is a whole case, ``wide``
    are its columns of times, ``words`` that of its states and ``at`` that of their time; ``told_by_times`` are columns
    of states that say nothing else than the times. ``chosen`` is what the operator chose. ``backwards`` means that the
    newest event comes first, ``lone`` that each case of the sample has one event; ``steps`` is the column of XES's
    lifecycle transitions. ``doubts`` names the choices that nothing but the values speaks for.
    """

    case: str = ""
    words: tuple[str, ...] = ()
    at: str = ""
    chosen: ChosenColumns = ChosenColumns()
    doubts: set[str] = field(default_factory=set[str])
    lone: bool = False
    is_state: bool = False
    backwards: bool = False
    steps: str = ""
    order: str = ""
    told_by_times: tuple[str, ...] = ()
    wide: list[str] = field(default_factory=list[str])
    times: dict[str, TimeFormat] = field(default_factory=dict[str, TimeFormat])
    further: dict[str, str] = field(default_factory=dict[str, str])
    sla: SlaGuess | None = None

    @property
    def word(self) -> str:
        """Return the column of the words, the first of several; empty where there is none."""
        return self.words[0] if self.words else ""

    def word_of(self, row: Row) -> str:
        """Return the word of a record, as a mapping with these columns reads it."""
        return " ".join(" | ".join(filter(None, (row.get(name, "") for name in self.words))).split())

    def used(self) -> set[str]:
        """Return the columns that the draft uses."""
        columns = {self.case, *self.words, self.at, self.order, self.steps, *self.wide}
        return columns | {*self.further.values()} | ({self.sla.column} if self.sla else set[str]())


def guess_columns(sample: Sample, chosen: ChosenColumns) -> ColumnGuess:
    """Return what the columns of a sample hold; the operator's choices stand. Raises ``UnknownColumn``."""
    chosen.check(sample)
    columns = sample.columns
    guess = ColumnGuess(chosen=chosen)
    guess.times = {
        name: format_ for name, column in columns.items() if (format_ := time_format_of(name, list(column.values)))
    }
    guess.case = chosen.case or _case(sample, guess.times)
    pairs = sample.pairs(guess.case) if guess.case else []
    by_rows = _may_be_wide(guess, sample)
    if guess.case and not pairs and by_rows:
        _wide(guess, sample)
    else:
        guess.at = chosen.at or _best(
            guess.times, lambda name: hint(name, "at") + 2 * changes(pairs, name) + _filled(sample, name)
        )
        _words(guess, sample, pairs, chosen.words)
        guess.order = _order(sample, guess, pairs)
        guess.backwards = _backwards(guess, pairs)
        if not guess.word and by_rows:
            _wide(guess, sample)
    guess.lone = not pairs and not guess.wide
    _doubts(guess, chosen)
    _further(guess, sample, pairs)
    guess.sla = _sla(guess, sample)
    return guess


def _may_be_wide(guess: ColumnGuess, sample: Sample) -> bool:
    """Return whether rows with several times may be whole cases: of one time at least it is known what happened then.

    Where the operator chose both the column of words and that of their time, each row is an event.
    """
    chosen, times = guess.chosen, _times_of_events(guess)
    if chosen.words and chosen.at:
        return False
    if chosen.at and not _status(guess, sample):
        return False
    return len(guess.times) > 1 and any(next(sorts_of(name), None) for name in times)


def _times_of_events(guess: ColumnGuess) -> list[str]:
    return [name for name in guess.times if not hint(name, "deadline")]


def _wide(guess: ColumnGuess, sample: Sample) -> None:
    """Find the times of a log in which each row is a whole case, its column of states, and the time of these."""
    guess.wide = _times_of_events(guess)
    status = _status(guess, sample)
    guess.words = guess.chosen.words or ((status,) if status else ())
    changed = _best(guess.wide, lambda name: hint(name, "status_time")) if guess.words else ""
    guess.at = guess.chosen.at or (changed if changed and hint(changed, "status_time") > CLEAR else "")


def _status(guess: ColumnGuess, sample: Sample) -> str:
    """Return the column of states of a log in which each row is a whole case; empty where none is named like one."""
    states = [name for name, column in sample.columns.items() if _may_be_words(column, guess, len(sample.rows))]
    best = _best(states, lambda name: hint(name, "state"))
    return best if best and hint(best, "state") > CLEAR else ""


def _doubts(guess: ColumnGuess, chosen: ChosenColumns) -> None:
    """Note the choices for which neither the operator nor the column's name speaks; those of states have remarks."""
    if guess.case and not chosen.case and (hint(guess.case, "case") <= CLEAR or guess.lone):
        guess.doubts.add("case")
    if (
        guess.word
        and not guess.wide
        and not chosen.words
        and max(hint(guess.word, "state"), hint(guess.word, "activity")) <= CLEAR
    ):
        guess.doubts.add("word")
    if (
        guess.at
        and not guess.wide
        and not chosen.at
        and max(hint(guess.at, sort) for sort in ("at", "opened")) <= CLEAR
    ):
        guess.doubts.add("at")


def _best(names: Iterable[str], score: Callable[[str], float]) -> str:
    return max(names, key=score, default="")


def _filled(sample: Sample, name: str) -> float:
    return sample.columns[name].filled / len(sample.rows)


def _case(sample: Sample, times: dict[str, TimeFormat]) -> str:
    """Return the column of case ids; one whose values are all different only if its name fits."""
    rows = len(sample.rows)

    def eligible(column: Column) -> bool:
        many = len(column.values) >= max(2, rows / 200) and len(column.values) <= 0.95 * column.filled
        by_name = hint(column.name, "case") > CLEAR
        if column.name in times or column.filled <= 0.9 * rows:
            return False
        if hint(column.name, "never_a_case") >= hint(column.name, "case") and hint(column.name, "never_a_case"):
            return False
        if not by_name and max(hint(column.name, "state"), hint(column.name, "activity")) > CLEAR:
            return False
        return by_name or (
            many and len(column.values) >= DISTINCT * rows and max(map(len, column.values)) < LONGEST_WORD
        )

    def score(name: str) -> float:
        return 2 * hint(name, "case") + _belonging(sample, name)

    return _best([name for name, column in sample.columns.items() if eligible(column)], score)


def _belonging(sample: Sample, case: str) -> float:
    """Return how equal the records of one value are in the other columns, from 0 to 1."""
    pairs = sample.pairs(case)[:3000]
    if not pairs:
        return 0.0
    others = [name for name in sample.columns if name != case]
    same = sum(before.get(name) == after.get(name) for before, after in pairs for name in others)
    return same / (len(pairs) * max(1, len(others)))


def _words(guess: ColumnGuess, sample: Sample, pairs: Sequence[tuple[Row, Row]], chosen: tuple[str, ...] = ()) -> None:
    """Find the column of activities or states, and the column of XES's lifecycle transitions."""
    steps = next((name for name in sample.columns if name == "lifecycle:transition"), "")
    if steps and {value.casefold() for value in sample.columns[steps].values} <= STANDARD:
        guess.steps = steps
    best = _best(
        [name for name, column in sample.columns.items() if _may_be_words(column, guess, len(sample.rows))],
        lambda name: (
            max(hint(name, "activity"), hint(name, "state"))
            + 1.5 * _listed_share(sample.columns[name])
            + 0.1 * _sorts(sample.columns[name])
            + min(1.0, 5 * changes(pairs, name))
            - hint(name, "never_a_word")
        ),
    )
    guess.words = chosen or ((best,) if best else ())
    stays = 1 - changes(pairs, guess.word) if guess.word else 0.0
    by_name = hint(guess.word, "state") > hint(guess.word, "activity")
    guess.is_state = by_name or (stays > 0.4 and hint(guess.word, "activity") < 0.5)


def _may_be_words(column: Column, guess: ColumnGuess, rows: int) -> bool:
    values = column.values
    return (
        column.name not in guess.times
        and column.name not in {guess.case, guess.steps}
        and not column.name.startswith("case:")
        and 1 <= len(values) <= MOST_WORDS
        and column.filled > 0.3 * rows
        and max(map(len, values)) <= LONGEST_WORD
        and not all(value.casefold() in {"true", "false", "yes", "no", "0", "1", "是", "否"} for value in values)
        and not all(_is_number(value) for value in values)
    )


def _listed_share(column: Column) -> float:
    """Return the share of the cells with words of the word list."""
    listed = sum(count for value, count in column.values.items() if next(sorts_of(value), None))
    return listed / column.filled


def _sorts(column: Column) -> int:
    """Return the number of sorts of words in the column: activities and states are of several sorts."""
    return len({sort.name for value in column.values if (sort := next(sorts_of(value), None))})


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _order(sample: Sample, guess: ColumnGuess, pairs: Sequence[tuple[Row, Row]]) -> str:
    """Return a column of numbers that grow within a case."""

    def grows(name: str) -> float:
        values = [(before[name], after[name]) for before, after in pairs if name in before and name in after]
        return sum(float(after) > float(before) for before, after in values) / len(values) if len(values) > 10 else 0.0

    numbers = [
        name
        for name, column in sample.columns.items()
        if name not in guess.times and name != guess.case and all(_is_number(value) for value in column.values)
    ]
    growing = [name for name in numbers if grows(name) >= 0.97]
    return _best(growing, lambda name: hint(name, "order") + 0.1 * grows(name))


def _backwards(guess: ColumnGuess, pairs: Sequence[tuple[Row, Row]]) -> bool:
    """Return whether the newest event of a case comes first in the file."""
    format_ = guess.times.get(guess.at)
    if format_ is None:
        return False
    values = [
        (before[guess.at], after[guess.at])
        for before, after in pairs[:2000]
        if guess.at in before and guess.at in after
    ]
    read = [(instant(before, format_), instant(after, format_)) for before, after in values if before != after]
    backward = [after < before for before, after in read if before and after]
    return len(backward) > 3 and sum(backward) / len(backward) > 0.9


def _best_hint(name: str) -> float:
    """Return how well a column's name fits the sort of column that it fits best."""
    return max(hint(name, sort) for sort in FURTHER)


def _further(guess: ColumnGuess, sample: Sample, pairs: Sequence[tuple[Row, Row]]) -> None:
    """Find the other columns of a mapping; each column is used once."""
    used = guess.used()
    for sort in FURTHER:
        wants_time = sort in {"opened", "deadline"}
        free = [name for name in sample.columns if name not in used and (name in guess.times) == wants_time]
        if sort == "opened":
            free = [name for name in free if changes(pairs, name) == 0]
        elif sort in MUST_VARY:
            free = [name for name in free if len(sample.columns[name].values) > 1]
        fitting = [name for name in free if hint(name, sort) > CLEAR and hint(name, sort) >= _best_hint(name)]
        best = _best(fitting, lambda name: hint(name, sort))  # noqa: B023
        if best:
            guess.further[sort] = best
            if hint(best, sort) <= WITHIN:
                guess.doubts.add(sort)
            used.add(best)


def _sla(guess: ColumnGuess, sample: Sample) -> SlaGuess | None:
    """Return the column that answers whether the log kept its promise; None where no column has both answers."""
    answers = word_list().answers
    for name in (name for name in sample.columns if name not in guess.used() and name not in guess.times):
        kept, broken = hint(name, "sla"), hint(name, "sla_broken")
        if max(kept, broken) <= CLEAR:
            continue
        values = sample.columns[name].values
        texts = {answer: tuple(v for v in values if plain(v) in known) for answer, known in answers.items()}
        if texts["yes"] and texts["no"]:
            positive = kept >= broken
            return SlaGuess(name, texts["yes" if positive else "no"], texts["no" if positive else "yes"])
    return None
