"""Faults of rule files: field, code and English reason with its parameters, so that any language can say them.

The catalogues hold the reason of each code under ``validation`` (``locales/*/rule_faults.toml``).
"""

import re
from collections.abc import Iterable
from typing import Any, cast

from models.toml_text import BadToml
from statemachines.refused import Refused

Fault = dict[str, Any]
"""``field`` and ``why`` are what programs read; ``type`` and ``limits`` are what a message is made of."""
BEYOND_LIMITS = {"too_long": "file.too_long", "too_deep": "file.too_deep", "large_number": "file.large_number"}
"""The fault of each code of ``BadToml``."""
TOML_PLACE = re.compile(r"at line (?P<line>\d+), column (?P<column>\d+)")


def rule_fault(field: str, code: str, why: str, **limits: object) -> Fault:
    """Return a fault; ``why`` is the English reason with a placeholder for each of ``limits``."""
    shown = {name: _shown(value) for name, value in limits.items()}
    return {"field": field, "why": why.format_map(shown), "type": code, "limits": shown}


def refused_fault(field: str, why: str, refused: Refused) -> Fault:
    """Return a fault of a field whose use is refused; the message is that of the refusal."""
    return {"field": field, "why": why, "type": f"refused.{refused.code}", "limits": refused.params}


def unreadable_fault(error: OSError | ValueError) -> Fault:
    """Return the fault of a file that cannot be read, is no UTF-8 text, or is no TOML."""
    code, limits = "file.unreadable", dict[str, str]()
    if isinstance(error, UnicodeDecodeError):
        code = "file.not_utf8"
    elif isinstance(error, BadToml) and error.code:
        code = BEYOND_LIMITS[error.code]
    elif isinstance(error, ValueError):
        place = TOML_PLACE.search(str(error))
        code, limits = ("file.not_toml", place.groupdict()) if place else ("file.cut_off", {})
    return {"field": "", "why": str(error), "type": code, "limits": limits}


def _shown(value: object) -> str:
    if isinstance(value, str) or not isinstance(value, Iterable):
        return str(value)
    return ", ".join(map(str, cast(Iterable[Any], value)))
