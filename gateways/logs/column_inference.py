"""Which column of an unknown log holds what: by its name, by what it holds, and by how it changes within a case."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from gateways.logs.sampling import Column, Row, Sample, changes
from gateways.logs.times import Writing, instant, writing_of
from gateways.logs.words import hint, sorts_of

MOST_WORDS = 300
"""A column with more values than this holds no words of a process."""
LONGEST_WORD = 80
STANDARD = frozenset(
    {
        *("schedule", "assign", "reassign", "start", "suspend", "resume", "complete", "withdraw", "autoskip"),
        *("manualskip", "ate_abort", "pi_abort", "unknown"),
    }
)
"""The transitions of XES's own lifecycle extension: how far an activity is, not where the case stands."""
FURTHER = ("who", "department", "customer", "subject", "text", "channel", "severity", "category", "opened", "deadline")

TOLD_APART = frozenset({"severity", "category"})
"""What says the same of every case says nothing."""


@dataclass(slots=True)
class Guess:
    """What is thought to be where.

    ``wide`` are the time columns of a log in which each row is a whole case; ``backwards`` says that the newest event
    stands first; ``steps`` is the column of XES's own transitions.
    """

    case: str = ""
    word: str = ""
    at: str = ""
    is_state: bool = False
    backwards: bool = False
    steps: str = ""
    order: str = ""
    wide: list[str] = field(default_factory=list[str])
    times: dict[str, Writing] = field(default_factory=dict[str, Writing])
    further: dict[str, str] = field(default_factory=dict[str, str])


def guess(sample: Sample) -> Guess:
    """What the columns of a sample hold; what cannot be guessed is empty."""
    columns = sample.columns
    found = Guess()
    found.times = {
        name: writing for name, column in columns.items() if (writing := writing_of(name, list(column.values)))
    }
    found.case = _case(sample, found.times)
    pairs = sample.pairs(found.case) if found.case else []
    if found.case and not pairs and len(found.times) > 1:
        found.wide = [name for name in found.times if not hint(name, "deadline")]
    else:
        found.at = _best(found.times, lambda name: hint(name, "at") + 2 * changes(pairs, name) + _filled(sample, name))
        _words(found, sample, pairs)
        found.order = _order(sample, found, pairs)
        found.backwards = _backwards(found, pairs)
        if not found.word and len(found.times) > 1:
            found.wide, found.at = [name for name in found.times if not hint(name, "deadline")], ""
    _further(found, sample, pairs)
    return found


def _best(names: Iterable[str], score: Callable[[str], float]) -> str:
    return max(names, key=score, default="")


def _filled(sample: Sample, name: str) -> float:
    return sample.columns[name].filled / len(sample.rows)


def _case(sample: Sample, times: dict[str, Writing]) -> str:
    """The column that most says which records belong together; one that is never twice the same only by its name."""
    rows = len(sample.rows)

    def eligible(column: Column) -> bool:
        many = len(column.values) >= max(2, rows / 200) and len(column.values) <= 0.95 * column.filled
        return column.name not in times and column.filled > 0.9 * rows and (many or hint(column.name, "case") > 0.3)

    def score(name: str) -> float:
        return 2 * hint(name, "case") + _belonging(sample, name)

    return _best([name for name, column in sample.columns.items() if eligible(column)], score)


def _belonging(sample: Sample, case: str) -> float:
    """How alike records of one value are in the other columns, from 0 to 1."""
    pairs = sample.pairs(case)[:3000]
    if not pairs:
        return 0.0
    others = [name for name in sample.columns if name != case]
    same = sum(before.get(name) == after.get(name) for before, after in pairs for name in others)
    return same / (len(pairs) * max(1, len(others)))


def _words(found: Guess, sample: Sample, pairs: Sequence[tuple[Row, Row]]) -> None:
    """The column of activities or states, and whether XES's own transitions stand beside it."""
    steps = next((name for name in sample.columns if name == "lifecycle:transition"), "")
    if steps and {value.casefold() for value in sample.columns[steps].values} <= STANDARD:
        found.steps = steps
    found.word = _best(
        [name for name, column in sample.columns.items() if _may_be_words(column, found, len(sample.rows))],
        lambda name: (
            max(hint(name, "activity"), hint(name, "state"))
            + 1.5 * _known(sample.columns[name])
            + 0.1 * _sorts(sample.columns[name])
            + min(1.0, 5 * changes(pairs, name))
            - hint(name, "never_a_word")
        ),
    )
    stays = 1 - changes(pairs, found.word) if found.word else 0.0
    by_name = hint(found.word, "state") > hint(found.word, "activity")
    found.is_state = by_name or (stays > 0.4 and hint(found.word, "activity") < 0.5)


def _may_be_words(column: Column, found: Guess, rows: int) -> bool:
    values = column.values
    return (
        column.name not in found.times
        and column.name not in {found.case, found.steps}
        and not column.name.startswith("case:")
        and 1 <= len(values) <= MOST_WORDS
        and column.filled > 0.3 * rows
        and max(map(len, values)) <= LONGEST_WORD
        and not all(value.casefold() in {"true", "false", "yes", "no", "0", "1", "是", "否"} for value in values)
        and not all(_is_number(value) for value in values)
    )


def _known(column: Column) -> float:
    """Which share of the cells holds words of the list."""
    known = sum(count for value, count in column.values.items() if next(sorts_of(value), None))
    return known / column.filled


def _sorts(column: Column) -> int:
    """How many sorts of words the column holds: what tells the life of a case tells of several."""
    return len({sort.name for value in column.values if (sort := next(sorts_of(value), None))})


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _order(sample: Sample, found: Guess, pairs: Sequence[tuple[Row, Row]]) -> str:
    """A column of numbers that only ever grows within a case."""

    def grows(name: str) -> float:
        told = [(before[name], after[name]) for before, after in pairs if name in before and name in after]
        return sum(float(after) > float(before) for before, after in told) / len(told) if len(told) > 10 else 0.0

    numbers = [
        name
        for name, column in sample.columns.items()
        if name not in found.times and name != found.case and all(_is_number(value) for value in column.values)
    ]
    growing = [name for name in numbers if grows(name) >= 0.97]
    return _best(growing, lambda name: hint(name, "order") + 0.1 * grows(name))


def _backwards(found: Guess, pairs: Sequence[tuple[Row, Row]]) -> bool:
    """Whether the newest event of a case stands first in the file."""
    writing = found.times.get(found.at)
    if writing is None:
        return False
    told = [
        (before[found.at], after[found.at])
        for before, after in pairs[:2000]
        if found.at in before and found.at in after
    ]
    read = [(instant(before, writing), instant(after, writing)) for before, after in told if before != after]
    falls = [after < before for before, after in read if before and after]
    return len(falls) > 3 and sum(falls) / len(falls) > 0.9


def _further(found: Guess, sample: Sample, pairs: Sequence[tuple[Row, Row]]) -> None:
    """The other columns that a mapping may use, each for one thing."""
    taken = {found.case, found.word, found.at, found.order, *found.wide}
    for sort in FURTHER:
        wants_time = sort in {"opened", "deadline"}
        free = [name for name in sample.columns if name not in taken and (name in found.times) == wants_time]
        if sort == "opened":
            free = [name for name in free if changes(pairs, name) == 0]
        elif sort in TOLD_APART:
            free = [name for name in free if len(sample.columns[name].values) > 1]
        best = _best([name for name in free if hint(name, sort) > 0.2], lambda name: hint(name, sort))  # noqa: B023
        if best:
            found.further[sort] = best
            taken.add(best)
