"""Labelled texts to learn from, and the character n-grams that represent a text."""

import hmac
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any
from unicodedata import normalize

NGRAM_VERSION = 1
"""The version of this n-gram extraction; a model trained with another one is not loaded."""
MAX_CHARACTERS = 2000
"""How many characters of a text are used; a complaint states its matter at the beginning."""
SUBJECT_WEIGHT = 3
"""How many times an n-gram of the subject is counted, because the subject names the matter."""
CHINESE_LENGTHS, LATIN_LENGTHS = (1, 2, 3), (3, 4, 5)

RUNS = re.compile("[\u3400-\u9fff]+|[a-z0]+")
"""Runs of Chinese characters, or of Latin letters and digits, in a normalised text."""


@dataclass(frozen=True)
class Example:
    """A text with its label. ``gold`` labels are a person's; silver ones are for training only, not for evaluation."""

    subject: str
    text: str
    label: str
    gold: bool = True

    @cached_property
    def trace(self) -> str:
        """Return the normalised letters of the text: equal for two spellings of the same text."""
        return re.sub(r"[\W_]+", "", normalised(f"{self.subject}{self.text}"))

    @cached_property
    def ngrams(self) -> list[str]:
        """Return the n-grams of the text and its subject."""
        return ngrams(self.text, self.subject)

    def with_label(self, label: str) -> "Example":
        """Return the example under another label."""
        return self if label == self.label else replace(self, label=label)


def distinct(examples: Iterable[Example]) -> list[Example]:
    """Keep each text once: a person's label before a machine's, otherwise the later one, which corrects the former."""
    by_trace: dict[str, Example] = {}
    for example in examples:
        previous = by_trace.get(example.trace)
        if previous is None or example.gold >= previous.gold:
            by_trace[example.trace] = example
    return list(by_trace.values())


def marks(examples: Sequence[Example], secret: bytes) -> list[int]:
    """Return a keyed hash of each text, to recognise it again; without the secret it reveals nothing (law 8)."""
    return [_mark(example.trace, secret) for example in examples]


def _mark(trace: str, secret: bytes) -> int:
    digest = hmac.digest(secret, b"classifier:" + trace.encode("utf-8", "replace"), "sha256")
    return int.from_bytes(digest[:8], "big", signed=True)


def ngrams(text: str, subject: str = "") -> list[str]:
    """Return the n-grams in text order, repeated as they occur; first the subject's, ``SUBJECT_WEIGHT`` times."""
    of_text = _ngrams(normalised(text[:MAX_CHARACTERS]))
    return [*SUBJECT_WEIGHT * _ngrams(normalised(subject[:MAX_CHARACTERS])), *of_text] if subject else of_text


def normalised(text: str) -> str:
    """Return the text in simplified characters and lower case, with each digit as 0: numbers do not classify."""
    simplified = _to_simplified().convert(normalize("NFKC", text).casefold())
    return re.sub(r"\d", "0", simplified)


def _ngrams(plain: str) -> list[str]:
    return [ngram for run in RUNS.findall(plain) for ngram in _ngrams_of_run(run)]


def _ngrams_of_run(run: str) -> Iterator[str]:
    """Cut a run to pieces: any piece of a Chinese run; of a Latin word also those at its beginning and end."""
    chinese = run[0] >= "\u3400"
    whole, lengths = (run, CHINESE_LENGTHS) if chinese else (f" {run} ", LATIN_LENGTHS)
    for length in lengths:
        for start in range(len(whole) - length + 1):
            yield whole[start : start + length]


@cache
def _to_simplified() -> Any:
    from opencc import OpenCC  # takes 0.1 s to load; needed only where a model or a tree exists

    return OpenCC("t2s")
