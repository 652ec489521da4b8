"""Infer what each column of a log holds from its name, its values, and how they change within a case."""

from collections.abc import Sequence

from gateways.logs.draft.column_guess import ChosenColumns, ColumnGuess, SlaGuess
from gateways.logs.draft.sample import Column, Row, Sample, changes
from gateways.logs.draft.time_formats import TimeFormat, instant, time_format_of
from gateways.logs.draft.word_columns import CLEAR, LONGEST_WORD, best, guess_words, is_number, status_column
from gateways.logs.draft.word_list import WITHIN, hint, plain, sorts_of, word_list

FURTHER = (
    *("who", "department", "customer_id", "customer", "subject", "text", "channel", "severity", "category"),
    *("opened", "deadline"),
)

DISTINCT = 0.1
"""The share of different values in a column of case ids whose name does not say that it is one."""
MUST_VARY = frozenset({"severity", "category", "customer_id"})
"""Columns that tell nothing if their value is always the same."""


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
        guess.at = chosen.at or best(
            guess.times, lambda name: hint(name, "at") + 2 * changes(pairs, name) + _filled(sample, name)
        )
        guess_words(guess, sample, pairs, chosen.words)
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
    if chosen.at and not status_column(guess, sample):
        return False
    return len(guess.times) > 1 and any(next(sorts_of(name), None) for name in times)


def _times_of_events(guess: ColumnGuess) -> list[str]:
    return [name for name in guess.times if not hint(name, "deadline")]


def _wide(guess: ColumnGuess, sample: Sample) -> None:
    """Find the times of a log in which each row is a whole case, its column of states, and the time of these."""
    guess.wide = _times_of_events(guess)
    status = status_column(guess, sample)
    guess.words = guess.chosen.words or ((status,) if status else ())
    changed = best(guess.wide, lambda name: hint(name, "status_time")) if guess.words else ""
    guess.at = guess.chosen.at or (changed if changed and hint(changed, "status_time") > CLEAR else "")


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

    return best([name for name, column in sample.columns.items() if eligible(column)], score)


def _belonging(sample: Sample, case: str) -> float:
    """Return how equal the records of one value are in the other columns, from 0 to 1."""
    pairs = sample.pairs(case)[:3000]
    if not pairs:
        return 0.0
    others = [name for name in sample.columns if name != case]
    same = sum(before.get(name) == after.get(name) for before, after in pairs for name in others)
    return same / (len(pairs) * max(1, len(others)))


def _order(sample: Sample, guess: ColumnGuess, pairs: Sequence[tuple[Row, Row]]) -> str:
    """Return a column of numbers that grow within a case."""

    def grows(name: str) -> float:
        values = [(before[name], after[name]) for before, after in pairs if name in before and name in after]
        return sum(float(after) > float(before) for before, after in values) / len(values) if len(values) > 10 else 0.0

    numbers = [
        name
        for name, column in sample.columns.items()
        if name not in guess.times and name != guess.case and all(is_number(value) for value in column.values)
    ]
    growing = [name for name in numbers if grows(name) >= 0.97]
    return best(growing, lambda name: hint(name, "order") + 0.1 * grows(name))


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
        found = best(fitting, lambda name: hint(name, sort))  # noqa: B023
        if found:
            guess.further[sort] = found
            if hint(found, sort) <= WITHIN:
                guess.doubts.add(sort)
            used.add(found)


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
