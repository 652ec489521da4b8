"""An example to learn from: a text and what somebody said it is about."""

import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from classifier.grams import grams, plain


@dataclass(frozen=True)
class Example:
    """A text with its label. ``gold`` is a person's label; silver ones are only learned from, never judged by."""

    subject: str
    text: str
    label: str
    gold: bool = True

    @cached_property
    def trace(self) -> str:
        """What two tellings of the same text have in common."""
        return re.sub(r"[\W_]+", "", plain(f"{self.subject}{self.text}"))

    @cached_property
    def grams(self) -> list[str]:
        """Its n-grams."""
        return grams(self.text, self.subject)

    def named(self, label: str) -> "Example":
        """The same under another name of its label."""
        return self if label == self.label else replace(self, label=label)


def distinct(examples: Iterable[Example]) -> list[Example]:
    """Each text once: the label of a person before a machine's, else the later one, for it corrects the former."""
    found: dict[str, Example] = {}
    for one in examples:
        known = found.get(one.trace)
        if known is None or one.gold >= known.gold:
            found[one.trace] = one
    return list(found.values())


def marks(examples: Sequence[Example], secret: bytes) -> list[int]:
    """A mark of each text by which it is known again; without the secret it tells nothing of the text (law 8)."""
    return [_mark(one.trace, secret) for one in examples]


def _mark(trace: str, secret: bytes) -> int:
    digest = hmac.digest(secret, b"classifier:" + trace.encode("utf-8", "replace"), "sha256")
    return int.from_bytes(digest[:8], "big", signed=True)
