"""Look names of other systems' logs up in the word list ``policies/logs/words.toml``."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

WORDS = Path(__file__).resolve().parents[3] / "policies" / "logs" / "words.toml"
EXACT, WITHIN = 1.0, 0.5
_BREAKS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^\w]+|_+")
_STEP = 0.004
"""The score that each name of a list loses against the name before it."""


class Sense(BaseModel):
    """The meaning of a word in one lifecycle: states in a log of states, moves in a log of activities, or ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: tuple[str, ...] = ()
    move: tuple[str, ...] = ()
    form: dict[str, str | int | bool] = Field(default_factory=dict[str, str | int | bool])
    ignored: bool = False


class WordGroup(BaseModel):
    """Words that mean the same. ``unsure`` is the key of the remark that a draft puts beside them.

    A word is of the sort only if it begins cases (``first``), ends them (``last``), or makes up ``share`` of the name.
    ``over`` lets it win over the words of other sorts beside it; a word with a qualifier is never of an ``end``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    words: tuple[str, ...]
    first: bool = False
    last: bool = False
    over: bool = False
    end: bool = False
    unsure: str = ""
    share: float = 0
    complaint: Sense
    service_order: Sense


class WordList(BaseModel):
    """The whole list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    missing: frozenset[str]
    negations: frozenset[str]
    negations_zh: str
    qualifiers: tuple[str, ...]
    formats: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    answers: Mapping[str, tuple[str, ...]]
    channels: Mapping[str, tuple[str, ...]]
    severities: Mapping[str, tuple[str, ...]]
    meaning: tuple[WordGroup, ...]


@cache
def word_list() -> WordList:
    """Return the list, read once."""
    return WordList.model_validate(tomllib.loads(WORDS.read_text("utf-8")))


@cache
def plain(name: str) -> str:
    """Return a name in small letters with its words separated: ``sys_updatedAt`` becomes ``sys updated at``."""
    return " ".join(_BREAKS.sub(" ", name).casefold().split())


def hint(column: str, sort: str) -> float:
    """Return how well a column's name fits a sort of column, from 0 to 1."""
    name = plain(column)
    scores = (
        (EXACT if name == known else WITHIN if _within(known, name) is not None else 0.0) - place * _STEP
        for place, known in enumerate(word_list().columns[sort])
        if name == known or _within(known, name) is not None
    )
    return max(scores, default=0.0)


def sorts_of(word: str) -> Iterator[WordGroup]:
    """Yield the sorts that a word of a log may be of: those over others first, then the longest match."""
    name = plain(word)
    sorts = word_list().meaning
    if any(_within(qualifier, name) is not None for qualifier in word_list().qualifiers):
        sorts = tuple(sort for sort in sorts if not sort.end)
    matches = [(len(known), sort) for sort in sorts for known in sort.words if _meant(known, name, sort.share)]
    matches.sort(key=lambda match: (not match[1].over, -match[0]))
    seen: set[str] = set()
    for _, sort in matches:
        if sort.name not in seen:
            seen.add(sort.name)
            yield sort


def key_of(value: str, table: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return the key of the table whose words a value holds: ``high`` for "2 - High"; None if there is none."""
    name = plain(value)
    matches = [(len(known), key) for key, words in table.items() for known in words if _within(known, name) is not None]
    return max(matches)[1] if matches else None


def _meant(known: str, name: str, share: float) -> bool:
    at = _within(known, name)
    if at is None or len(known) < share * len(name):
        return False
    before = name[:at]
    return not before.endswith(tuple(word_list().negations_zh)) and not (
        set(before.split()[-1:]) & word_list().negations
    )


def _within(known: str, name: str) -> int | None:
    """Return the position of listed words in a name, as whole words or in Chinese anywhere; None if absent."""
    if not known.isascii():
        return at if (at := name.find(known)) >= 0 else None
    at = f" {name} ".find(f" {known} ")
    return at if at >= 0 else None
