"""What is offered for a field that holds a cause, or who answers for it: the codes that have a label."""

from collections.abc import Mapping
from typing import Any, Final

from locales.translation import catalogue, label

CATALOGUED: Final = frozenset({"cause", "responsible"})
"""The sorts of codes that are open to a house of its own, and of which the catalogue names the common ones."""


def catalogued(locale: str, kind: str, sort: str, variables: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the codes of a sort with their labels, in the catalogue's order.

    What the case's variable of that name holds is among them, so that a code of the house can be confirmed.
    """
    known = [key.partition(".")[2] for key in catalogue(locale) if key.startswith(f"{sort}.") and key.count(".") == 1]
    held = [code for code in (variables.get(sort),) if code and code not in known]
    return tuple((code, label(locale, kind, sort, code)) for code in (*known, *held))
