"""The texts that a run shows in Prefect: templates of the catalogues, filled with codes, numbers and instants only."""

import re
from datetime import datetime

from locales.translation import label, translate, when

Value = str | int | datetime

LABELLED = frozenset({"clause", "level", "move", "reaction", "role", "state", "work"})
"""The parameters that are codes with a label in the reader's language."""
CODE = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,63}")
NUMBER = re.compile(r"[a-z]{2}-\d{2}-\d{6,}")
"""A case's number."""
CASES = frozenset({"number", "first", "last"})
"""The parameters that are numbers of cases."""
HIDDEN = "–"
"""In place of a value that is neither a number nor a code: it could be a customer's words."""


class Rendered(str):
    """A text that was rendered from our catalogues with codes, handles and instants, as the outcome of an act is."""

    __slots__ = ()


class RunText:
    """A message by its key and parameters. ``kind`` is the kind of case whose labels apply.

    A parameter is a whole number, an instant, a case's number, a code, or ``Rendered``; everything else is left out,
    so that no text of a customer can reach Prefect by mistake.
    """

    __slots__ = ("key", "kind", "values")

    def __init__(self, key: str, kind: str = "", **values: Value) -> None:
        self.key = key
        self.kind = kind
        self.values = values

    def text(self, locale: str) -> str:
        """Return the message in a language."""
        shown = {name: self._shown(locale, name, value) for name, value in self.values.items()}
        return translate(locale, self.key, **shown)

    def _shown(self, locale: str, name: str, value: Value) -> str:
        if isinstance(value, datetime):
            return when(value)
        if isinstance(value, Rendered):
            return value
        if isinstance(value, str) and not (NUMBER if name in CASES else CODE).fullmatch(value):
            return HIDDEN
        return label(locale, self.kind, name, str(value)) if name in LABELLED else str(value)
