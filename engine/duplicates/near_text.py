"""Measures how near two texts are, and finds the keyed numbers by which an index finds near texts (A6)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Any
from unicodedata import normalize

MOST_SIGNS = 2_000
"""How many characters of a text are compared: the matter stands at the beginning, and the cost is bounded."""
IN_ROW = 3
"""A shingle is this many words in a row; each Chinese character is a word."""
FEWEST = 20
"""Texts with fewer different shingles are not compared: strangers write the same ("when does it come?")."""
LANES, DEPTH = 4, 6
"""A stored text keeps the first number of each lane; a text that is searched for is looked up by its first six.

The search fails only where more than five words that the stored text lacks come before the first that both have.
"""
BITS = 27
"""Bits of a number: few enough to share a BIGINT with a case's id, enough that few of a million meet by chance."""

WORD = re.compile("[\u3400-\u9fff]|[^\\W\u3400-\u9fff_]+")
CHINESE = re.compile("[\u3400-\u9fff]+")
SERIAL = re.compile(r"(?=(?:\D*\d){6}).{9,}")
"""The form of waybill, container and telephone numbers; dates and sums do not have it."""


@dataclass(frozen=True, slots=True)
class ComparableText:
    """A text as it is compared: its shingles, and the numbers of waybills and telephones that it names."""

    shingles: frozenset[str]
    serials: frozenset[str]


def comparable_text(text: str) -> ComparableText:
    """Return a text for comparison: spaces, case, punctuation and traditional characters make no difference."""
    words = _words(text)
    in_row = zip(*(words[at:] for at in range(IN_ROW)), strict=False)
    return ComparableText(frozenset(map(" ".join, in_row)), frozenset(word for word in words if SERIAL.fullmatch(word)))


def likeness(first: ComparableText, second: ComparableText) -> float:
    """Return how much of the shorter text the other one contains, 0 … 1: a text that was cut off is all in the whole.

    Texts that both name numbers and none in common are about different things, so their likeness is 0.
    """
    shorter = min(len(first.shingles), len(second.shingles))
    if shorter < FEWEST or (first.serials and second.serials and first.serials.isdisjoint(second.serials)):
        return 0.0
    return len(first.shingles & second.shingles) / shorter


def lanes(secret: bytes, text: ComparableText) -> Sequence[Sequence[int]] | None:
    """Return the keyed numbers of a text's first ``DEPTH`` shingles in each lane, in order; a lane may be empty.

    Different bits of one hash decide on the lane and on the order, so near texts share most first numbers.
    None for a text that is too short. Without the secret nobody can try which words a number stands for (law 8).
    """
    if len(text.shingles) < FEWEST:
        return None
    key = blake2b(secret, digest_size=32, person=b"near text").digest()
    hashes = sorted(blake2b(shingle.encode(), digest_size=8, key=key).digest() for shingle in text.shingles)
    numbers: list[list[int]] = [[] for _ in range(LANES)]
    for digest in hashes:
        number = int.from_bytes(digest[4:], "big")
        if len(lane := numbers[number % LANES]) < DEPTH:
            lane.append(number >> (32 - BITS))
    return numbers


def _words(text: str) -> list[str]:
    plain = normalize("NFKC", text[:MOST_SIGNS]).casefold()
    return WORD.findall(plain if _simplified(plain) else _to_simplified().convert(plain))


def _simplified(text: str) -> bool:
    """Return whether its Chinese is simplified: GB 2312 has hardly any traditional character."""
    try:
        "".join(CHINESE.findall(text)).encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


@cache
def _to_simplified() -> Any:
    from opencc import OpenCC  # 30 ms, and only where a text has traditional characters

    return OpenCC("t2s")  # pyright: ignore[reportUnknownVariableType] - opencc has no type stubs
