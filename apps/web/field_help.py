"""What a form says beside a field: what the catalogue says about it, else how its sort of field is filled in."""

from collections.abc import Mapping
from typing import Any, Final

from locales.translation import catalogue

CODE: Final = "^[a-z][a-z0-9_]{0,39}"
NUMBER: Final = "^[a-z]{2}-"
"""How the patterns of codes and of numbers of cases begin."""


def typed_code(schema: Mapping[str, Any]) -> str:
    """Return what is typed into a field by its schema: a code, codes, the number of a case, numbers, or a text."""
    pattern = str(schema.get("pattern", ""))
    sort = "case_number" if pattern.startswith(NUMBER) else "code" if pattern.startswith(CODE) else "text"
    return f"{sort}s" if sort != "text" and "(" in pattern else sort


def help_of(locale: str, kind: str, name: str, sort: str) -> str:
    """Return the help of a field of a kind's form; ``sort`` is that of the field. Empty where there is none."""
    messages = catalogue(locale)
    keys = (f"{kind}.hint.{name}", f"hint.{name}", f"web.hint.{sort}")
    return next((messages[key] for key in keys if key in messages), "")
