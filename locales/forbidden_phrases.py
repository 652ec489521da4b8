"""Finds expressions that are not to be used towards customers (服务禁语), and says what to write instead.

The catalogues list them by code: ``forbidden_phrase.CODE.phrases``, separated by ``|``, and ``instead``. Texts are
searched for those of every language, because a letter is written in the customer's.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from locales.translation import catalogue, locales

PREFIX, PHRASES = "forbidden_phrase.", ".phrases"


@dataclass(frozen=True, slots=True)
class FoundPhrase:
    """An expression in a text, from ``start`` to ``end``, and what to write instead."""

    start: int
    end: int
    phrase: str
    instead: str


def forbidden_phrases(text: str) -> list[FoundPhrase]:
    """Return the expressions in a text that are not to be used, in order; none overlaps the one before it."""
    found = sorted(_found(text), key=lambda each: (each.start, -each.end))
    kept = list[FoundPhrase]()
    for each in found:
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
    return kept


def marked_parts(text: str) -> list[tuple[str, bool]]:
    """Return a text in parts, each with whether it is an expression that is not to be used."""
    parts, place = list[tuple[str, bool]](), 0
    for each in forbidden_phrases(text):
        parts += [(text[place : each.start], False), (each.phrase, True)]
        place = each.end
    return [part for part in (*parts, (text[place:], False)) if part[0]]


def _found(text: str) -> Iterator[FoundPhrase]:
    for pattern, instead in _patterns():
        for match in pattern.finditer(text):
            yield FoundPhrase(match.start(), match.end(), match[0], instead)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return what to search for; words of Latin letters are found as whole words, in any case."""
    found = dict[str, str]()
    for locale in locales():
        messages = catalogue(locale)
        for key in messages:
            if key.startswith(PREFIX) and key.endswith(PHRASES):
                instead = messages[key.removesuffix(PHRASES) + ".instead"]
                found |= {phrase: instead for phrase in messages[key].split("|") if phrase not in found}
    return tuple((_pattern(phrase), instead) for phrase, instead in found.items())


def _pattern(phrase: str) -> re.Pattern[str]:
    blanks = r"\s+".join(map(re.escape, phrase.split()))
    return re.compile(rf"\b{blanks}\b" if phrase.isascii() else blanks, re.IGNORECASE)
