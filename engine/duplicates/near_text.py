"""Says how near two texts are, and by which few keyed numbers an index finds one near to another (A6)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Any
from unicodedata import normalize

MOST_SIGNS = 2_000
"""So much of a text counts: what it is about is said before, and a longer one must not cost more."""
IN_ROW = 3
"""A shingle is so many words in a row; of Chinese each sign is a word."""
FEWEST = 20
"""Of fewer different shingles strangers write the same: "when will it come, please hurry"."""
LANES, DEPTH = 4, 6
"""Of each lane a text keeps the number of its first shingle; one that is looked for asks after its own first six.

Words that are new to it may stand before the one that both have; they would have to be more than five.
"""
BITS = 27
"""Of each number: so few that it and a case's id go into one BIGINT, and few enough meet by chance among a million."""

WORD = re.compile("[\u3400-\u9fff]|[^\\W\u3400-\u9fff_]+")
CHINESE = re.compile("[\u3400-\u9fff]+")
SERIAL = re.compile(r"(?=(?:\D*\d){6}).{9,}")
"""What a waybill's, a container's, a telephone's number looks like, and no date and no sum."""


@dataclass(frozen=True, slots=True)
class ComparableText:
    """A text as it is compared: its shingles, and the numbers of waybills and telephones that it names."""

    shingles: frozenset[str]
    serials: frozenset[str]


def comparable_text(text: str) -> ComparableText:
    """What a text says however it is spaced, cased, punctuated, in simplified or in traditional characters."""
    words = _words(text)
    in_row = zip(*(words[at:] for at in range(IN_ROW)), strict=False)
    return ComparableText(frozenset(map(" ".join, in_row)), frozenset(word for word in words if SERIAL.fullmatch(word)))


def likeness(one: ComparableText, other: ComparableText) -> float:
    """How much of the shorter text the other one says, too, 0 … 1: one that was cut off is all in the whole one.

    Texts that both name numbers and none in common are about different things, however alike they are.
    """
    shorter = min(len(one.shingles), len(other.shingles))
    if shorter < FEWEST or (one.serials and other.serials and one.serials.isdisjoint(other.serials)):
        return 0.0
    return len(one.shingles & other.shingles) / shorter


def lanes(secret: bytes, text: ComparableText) -> Sequence[Sequence[int]] | None:
    """The keyed numbers of a text's first ``DEPTH`` shingles in each lane, the first first; a lane may be empty.

    Lane and order are by the same hash, other bits of it: near texts have the same first ones, or nearly. None for a
    text that says too little. Without the secret nobody can try which words a number stands for (law 8).
    """
    if len(text.shingles) < FEWEST:
        return None
    key = blake2b(secret, digest_size=32, person=b"near text").digest()
    hashes = sorted(blake2b(one.encode(), digest_size=8, key=key).digest() for one in text.shingles)
    found: list[list[int]] = [[] for _ in range(LANES)]
    for one in hashes:
        number = int.from_bytes(one[4:], "big")
        if len(lane := found[number % LANES]) < DEPTH:
            lane.append(number >> (32 - BITS))
    return found


def _words(text: str) -> list[str]:
    plain = normalize("NFKC", text[:MOST_SIGNS]).casefold()
    found: list[str] = WORD.findall(plain if _simplified(plain) else _to_simplified().convert(plain))
    return found


def _simplified(text: str) -> bool:
    """Whether its Chinese is simplified already: GB 2312 has hardly a traditional character."""
    try:
        "".join(CHINESE.findall(text)).encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


@cache
def _to_simplified() -> Any:
    from opencc import OpenCC  # 30 ms, and only where somebody writes traditional characters

    return OpenCC("t2s")  # pyright: ignore[reportUnknownVariableType] - it says nothing of its types
