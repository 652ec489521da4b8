"""The n-grams of a text: pieces of one to three Chinese characters, and of three to five Latin letters."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from unicodedata import normalize

EDITION = 1
"""Which way of cutting this is: a model that was made with another one is not read."""
MOST = 2000
"""So many characters of a text count; what a complaint is about is said before."""
SUBJECT_COUNTS = 3
"""A subject names the matter, so what stands in it counts as if it were said so often."""
CHINESE, LATIN = (1, 2, 3), (3, 4, 5)

RUNS = re.compile("[\u3400-\u9fff]+|[a-z0]+")


def grams(text: str, subject: str = "") -> list[str]:
    """The n-grams in the order of the text, repeated as they occur; those of the subject first, and more often."""
    said = _cut(plain(text[:MOST]))
    return [*SUBJECT_COUNTS * _cut(plain(subject[:MOST])), *said] if subject else said


def plain(text: str) -> str:
    """The text in simplified characters and small letters, every digit a 0: a number tells who, not what about."""
    simplified = _to_simplified().convert(normalize("NFKC", text).casefold())
    return re.sub(r"\d", "0", simplified)


def _cut(said: str) -> list[str]:
    return [gram for run in RUNS.findall(said) for gram in _pieces(run)]


def _pieces(run: str) -> Iterator[str]:
    """Nothing parts Chinese words, so every piece counts; of a Latin word also where it begins and ends."""
    chinese = run[0] >= "\u3400"
    whole, lengths = (run, CHINESE) if chinese else (f" {run} ", LATIN)
    for length in lengths:
        for start in range(len(whole) - length + 1):
            yield whole[start : start + length]


@cache
def _to_simplified() -> Any:
    from opencc import OpenCC  # a tenth of a second, and only where something was learned

    return OpenCC("t2s")
