"""Classifies a complaint by weighted keywords from ``policies/categories.toml``; a person may overrule (A3).

Note [Confidence of the rules]: a category's score is the sum of the weights of those of its keywords that occur. The
confidence is the lead of the best score over the next one, in percent of the best, rounded down::

    100 · (best − next) // max(best, FULL_WEIGHT)

So 3 against 0 gives 100, 5 against 2 gives 60, 3 against 3 gives 0; and because of ``FULL_WEIGHT`` a single keyword of
weight 1 gives 33 and not 100.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated
from unicodedata import normalize

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.toml_text import BadToml, parsed_toml
from statemachines.form_faults import file_faults
from statemachines.form_model import Code
from statemachines.forms import Severity
from statemachines.lifecycle import Refused
from statemachines.rule_faults import unreadable_fault

CATEGORIES = Path(__file__).resolve().parent.parent / "policies" / "categories.toml"
UNCLASSIFIED = "unclassified"
NEVER = 101
"""The threshold that no confidence reaches: every case goes to a person."""
FULL_WEIGHT = 3
"""The weight of a keyword that determines the category by itself; a smaller best score lowers the confidence."""

Keyword = Annotated[str, Field(min_length=1)]
Weight = Annotated[int, Field(gt=0, le=9)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CategoryRule(_Row):
    """A category: the department that answers for it, its own severity, its keywords by weight."""

    code: Code
    department: Code
    severity: Severity
    words: dict[Keyword, Weight]


class SeverityRule(_Row):
    """Keywords that make a complaint at least this severe, whatever its category."""

    code: Severity
    words: tuple[Keyword, ...]


class KeywordRules(_Row):
    """The file of rules. ``threshold`` is the confidence in percent from which the system decides by itself."""

    threshold: Annotated[int, Field(gt=0, le=100)]
    category: Annotated[tuple[CategoryRule, ...], Field(min_length=1)]
    severity: tuple[SeverityRule, ...] = ()


def threshold() -> int:
    """Return the confidence in percent below which a person decides."""
    return rules().threshold


@dataclass(frozen=True, slots=True)
class CategoryProposal:
    """The category proposed for a text; ``confidence`` is in whole percent, 0 where none can be proposed.

    ``needed`` is the confidence from which the system may decide by itself.
    """

    category: str
    department: str | None
    severity: Severity
    confidence: int
    needed: int = field(default_factory=threshold)

    @property
    def sure(self) -> bool:
        """Return whether no person is needed: the category has a department, and the confidence is high enough."""
        return self.department is not None and self.confidence >= self.needed


def classify(text: str) -> CategoryProposal:
    """Propose a category by the rules, or none if two lead alike. See Note [Confidence of the rules]."""
    plain = _normalised(text)
    scores = {category.code: _score(category.words, plain) for category in rules().category}
    best = max(rules().category, key=lambda category: scores[category.code])
    confidence = _confidence(list(scores.values()))
    if confidence == 0:
        return CategoryProposal(UNCLASSIFIED, None, _at_least(Severity.NORMAL, plain), 0)
    return CategoryProposal(best.code, best.department, _at_least(best.severity, plain), confidence)


def matched_keywords(text: str) -> dict[str, dict[str, int]]:
    """Return the keywords that occur in the text with their weights, by category; categories without any are absent."""
    plain = _normalised(text)
    matched = {
        category.code: {word: weight for word, weight in category.words.items() if _occurs(word, plain)}
        for category in rules().category
    }
    return {code: words for code, words in matched.items() if words}


def severity_of(text: str, least: Severity) -> Severity:
    """Return ``least``, or the higher severity that keywords of the text demand."""
    return _at_least(least, _normalised(text))


@cache
def rules() -> KeywordRules:
    """Return the shipped rules; the file is read once."""
    return load_rules(CATEGORIES)


def load_rules(path: Path) -> KeywordRules:
    """Read and validate a file of rules. Raises ``Refused('bad_pack')``."""
    try:
        return KeywordRules.model_validate(parsed_toml(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, BadToml) as error:
        raise Refused("bad_pack", file=path.name, faults=[unreadable_fault(error)]) from None
    except ValidationError as error:
        raise Refused("bad_pack", file=path.name, faults=file_faults(error)) from None


def _confidence(scores: list[int]) -> int:
    following, best = sorted([0, *scores])[-2:]
    return 100 * (best - following) // max(best, FULL_WEIGHT)


def _score(words: Mapping[str, int], plain: str) -> int:
    return sum(weight for word, weight in words.items() if _occurs(word, plain))


def _occurs(word: str, plain: str) -> bool:
    """Return whether a keyword occurs: a Chinese one anywhere in the text, a Latin one as a whole word."""
    keyword, whole = _pattern(word)
    return keyword in plain and (whole is None or whole.search(plain) is not None)


@cache
def _pattern(word: str) -> tuple[str, re.Pattern[str] | None]:
    plain = _normalised(word)
    return plain, re.compile(rf"(?<![a-z0-9]){re.escape(plain)}(?![a-z0-9])") if plain.isascii() else None


def _at_least(least: Severity, plain: str) -> Severity:
    order = list(Severity)
    raised = [row.code for row in rules().severity if any(_occurs(word, plain) for word in row.words)]
    return max(least, *raised, key=order.index) if raised else least


def _normalised(text: str) -> str:
    """Return the text in NFKC form and lower case, with single spaces for any white space."""
    return " ".join(normalize("NFKC", text).casefold().split())
