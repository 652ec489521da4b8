"""The rules by which a complaint's words tell what it is about; a person overrules (A3)."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated
from unicodedata import normalize

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from statemachines.form_model import Code
from statemachines.forms import Severity
from statemachines.lifecycle import Refused

CATEGORIES = Path(__file__).resolve().parent.parent / "policies" / "categories.toml"
UNCLASSIFIED = "unclassified"
NEVER = 101
"""The threshold of what is never sure enough: all of it goes to a person."""
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


def threshold() -> int:
    """The confidence in percent below which a person decides."""
    return rules().threshold


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is made of a text; ``confidence`` is in whole percent, 0 for what cannot be told.

    ``needed`` is the confidence from which on the system may decide by itself.
    """

    category: str
    department: str | None
    severity: Severity
    confidence: int
    needed: int = field(default_factory=threshold)

    @property
    def sure(self) -> bool:
        """Whether no person is needed: somebody is known to answer for it, and the confidence is high enough."""
        return self.department is not None and self.confidence >= self.needed


def classify(text: str) -> Proposal:
    """What the text is about. See Note [How sure]; where two categories lead alike, nothing is proposed."""
    said = _plain(text)
    scores = {category.code: _weight(category.words, said) for category in rules().category}
    best = max(rules().category, key=lambda category: scores[category.code])
    confidence = _confidence(list(scores.values()))
    if confidence == 0:
        return Proposal(UNCLASSIFIED, None, _graver(Severity.NORMAL, said), 0)
    return Proposal(best.code, best.department, _graver(best.severity, said), confidence)


def heard(text: str) -> dict[str, dict[str, int]]:
    """The words of the rules that occur in the text, by category, with their weights; only where there are any."""
    said = _plain(text)
    found = {one.code: {word: n for word, n in one.words.items() if _occurs(word, said)} for one in rules().category}
    return {code: words for code, words in found.items() if words}


def graver(least: Severity, text: str) -> Severity:
    """At least that severity, and more where words of the text raise it."""
    return _graver(least, _plain(text))


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


def _graver(least: Severity, said: str) -> Severity:
    order = list(Severity)
    raised = [row.code for row in rules().severity if any(_occurs(word, said) for word in row.words)]
    return max(least, *raised, key=order.index) if raised else least


def _plain(text: str) -> str:
    """Without case, wide letters and the breaks of lines."""
    return " ".join(normalize("NFKC", text).casefold().split())
