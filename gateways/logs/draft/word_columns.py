"""Find the column whose texts are the words of a log: the activities of its events, or the states of its cases."""

from collections.abc import Callable, Iterable, Sequence

from gateways.logs.draft.column_guess import ColumnGuess
from gateways.logs.draft.sample import Column, Row, Sample, changes
from gateways.logs.draft.word_list import hint, sorts_of

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
CLEAR = 0.2
"""A column whose name says so much of what it holds is no doubtful choice."""


def status_column(guess: ColumnGuess, sample: Sample) -> str:
    """Return the column of states of a log in which each row is a whole case; empty where none is named like one."""
    states = [name for name, column in sample.columns.items() if _may_be_words(column, guess, len(sample.rows))]
    found = best(states, lambda name: hint(name, "state"))
    return found if found and hint(found, "state") > CLEAR else ""


def guess_words(
    guess: ColumnGuess, sample: Sample, pairs: Sequence[tuple[Row, Row]], chosen: tuple[str, ...] = ()
) -> None:
    """Find the column of activities or states, and the column of XES's lifecycle transitions."""
    steps = next((name for name in sample.columns if name == "lifecycle:transition"), "")
    if steps and {value.casefold() for value in sample.columns[steps].values} <= STANDARD:
        guess.steps = steps
    found = best(
        [name for name, column in sample.columns.items() if _may_be_words(column, guess, len(sample.rows))],
        lambda name: (
            max(hint(name, "activity"), hint(name, "state"))
            + 1.5 * _listed_share(sample.columns[name])
            + 0.1 * _sorts(sample.columns[name])
            + min(1.0, 5 * changes(pairs, name))
            - hint(name, "never_a_word")
        ),
    )
    guess.words = chosen or ((found,) if found else ())
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
        and not all(is_number(value) for value in values)
    )


def _listed_share(column: Column) -> float:
    """Return the share of the cells with words of the word list."""
    listed = sum(count for value, count in column.values.items() if next(sorts_of(value), None))
    return listed / column.filled


def _sorts(column: Column) -> int:
    """Return the number of sorts of words in the column: activities and states are of several sorts."""
    return len({sort.name for value in column.values if (sort := next(sorts_of(value), None))})


def is_number(text: str) -> bool:
    """Return whether a text is a number as Python writes one."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def best(names: Iterable[str], score: Callable[[str], float]) -> str:
    """Return the column with the highest score; empty where there is no column."""
    return max(names, key=score, default="")
