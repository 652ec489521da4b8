"""Write TOML with remarks in the reader's language."""

from typing import Any, Protocol, cast

import tomlkit
from tomlkit.items import InlineTable, Item, KeyType, SingleKey

UNSURE = "? "
"""Begins each remark on a guess."""


class Translate(Protocol):
    """Return a message in the reader's language; the keys are ``draft.*``."""

    def __call__(self, key: str, /, **params: Any) -> str: ...


class Remarks:
    """The remarks of a draft, in one language."""

    def __init__(self, translate: Translate) -> None:
        self._translate = translate

    def text(self, key: str, **params: Any) -> str:
        """Return a message as it is; its key is ``draft.`` and this one."""
        return self._translate(f"draft.{key}", **params)

    def line(self, key: str, **params: Any) -> str:
        """Return a message on one line, as a comment needs it."""
        return " ".join(self.text(key, **params).split())

    def noted(self, value: Any, key: str, **params: Any) -> Item:
        """Return a value with a remark that it is a guess."""
        item = cast("Item", tomlkit.item(value))
        return item.comment(UNSURE + self.line(key, **params))


def quoted(word: str) -> SingleKey:
    """Return a word of a log as a key, always between quotation marks."""
    return SingleKey(word, KeyType.Basic)


def inline(**values: Any) -> InlineTable:
    """Return an inline table of these values."""
    table = tomlkit.inline_table()
    for key, value in values.items():
        table.add(key, value)
    return table
