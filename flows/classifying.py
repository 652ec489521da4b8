"""Proposes what a complaint is about, from the words in it: rules only, and a person overrules (A3)."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated
from unicodedata import normalize

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from statemachines.asks import Code
from statemachines.forms import Severity
from statemachines.lifecycle import Refused

CATEGORIES = Path(__file__).resolve().parent.parent / "policies" / "categories.toml"
UNCLASSIFIED = "unclassified"
ENOUGH = 3
"""The weight of one word that names the matter by itself: less than that is never fully trusted."""

Word = Annotated[str, Field(min_length=1)]
Weight = Annotated[int, Field(gt=0, le=9)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Category(_Row):
    """A nature of complaint: who answers for it, how grave it is in itself, its words by weight."""

    code: Code
    department: Code
    severity: Severity
    words: dict[Word, Weight]


class Raise(_Row):
    """Words that make a complaint at least this grave, whatever it is about."""

    code: Severity
    words: tuple[Word, ...]


class Rules(_Row):
    """The file of categories. ``threshold`` is the confidence in percent from which the system decides."""

    threshold: Annotated[int, Field(gt=0, le=100)]
    category: Annotated[tuple[Category, ...], Field(min_length=1)]
    severity: tuple[Raise, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the rules make of a text; ``confidence`` is in whole percent, 0 for what they cannot tell."""

    category: str
    department: str | None
    severity: Severity
    confidence: int


def classify(text: str) -> Proposal:
    """What the text is about. See Note [How sure]; where two categories lead alike, nothing is proposed."""
    said = _plain(text)
    scores = {category.code: _weight(category.words, said) for category in rules().category}
    best = max(rules().category, key=lambda category: scores[category.code])
    confidence = _confidence(list(scores.values()))
    if confidence == 0:
        return Proposal(UNCLASSIFIED, None, _severity(Severity.NORMAL, said), 0)
    return Proposal(best.code, best.department, _severity(best.severity, said), confidence)


def threshold() -> int:
    """The confidence in percent below which a person decides."""
    return rules().threshold


@cache
def rules() -> Rules:
    """The rules as shipped, read once."""
    return load_rules(CATEGORIES)


def load_rules(path: Path) -> Rules:
    """Read and check a file of categories. Raises ``Refused('bad_pack')``; nothing of a bad one is taken."""
    try:
        return Rules.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused("bad_pack", file=path.name, faults=[{"field": "", "why": str(error)}]) from None
    except ValidationError as error:
        told = error.errors(include_url=False)
        faults = [{"field": ".".join(map(str, fault["loc"])), "why": fault["msg"]} for fault in told]
        raise Refused("bad_pack", file=path.name, faults=faults) from None


# Note [How sure]
# A category's score is the sum of the weights of those of its words that occur. The confidence is how far the
# best score leads over the next one, in percent of the best, rounded down:
#
#     100 · (best − next) // max(best, ENOUGH)
#
# So 3 against 0 gives 100, 5 against 2 gives 60, 3 against 3 gives 0; and because of ENOUGH a lone hint of
# weight 1 gives 33 and not 100.


def _confidence(scores: list[int]) -> int:
    following, best = sorted([0, *scores])[-2:]
    return 100 * (best - following) // max(best, ENOUGH)


def _weight(words: Mapping[str, int], said: str) -> int:
    return sum(weight for word, weight in words.items() if _occurs(word, said))


def _occurs(word: str, said: str) -> bool:
    """A Chinese word anywhere, for nothing parts the words; an English one whole."""
    plain, whole = _sought(word)
    return plain in said and (whole is None or whole.search(said) is not None)


@cache
def _sought(word: str) -> tuple[str, re.Pattern[str] | None]:
    plain = _plain(word)
    return plain, re.compile(rf"(?<![a-z0-9]){re.escape(plain)}(?![a-z0-9])") if plain.isascii() else None


def _severity(least: Severity, said: str) -> Severity:
    order = list(Severity)
    raised = [row.code for row in rules().severity if any(_occurs(word, said) for word in row.words)]
    return max(least, *raised, key=order.index) if raised else least


def _plain(text: str) -> str:
    """Without case, wide letters and the breaks of lines."""
    return " ".join(normalize("NFKC", text).casefold().split())
