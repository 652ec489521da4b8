"""Names the faults that pydantic finds in a form or a file by their types, so that any language can say them."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

LIMITS = ("ge", "gt", "le", "lt", "expected", "min_length", "max_length")
"""What a fault may say of the bounds of its field; none of it is what was entered."""


def form_faults(error: ValidationError) -> list[dict[str, Any]]:
    """Return field and type of each fault of a form, without the value: it may be personal."""
    return [
        {
            "field": _field(fault),
            "why": fault["type"],
            "text": fault["msg"],
            "limits": _bounds(fault),
        }
        for fault in error.errors(include_input=False, include_url=False)
    ]


def file_faults(error: ValidationError) -> list[dict[str, Any]]:
    """Return field and reason of each fault of a file of ours, and its type under ``type``.

    A code of ours (``pack.ambiguous``) keeps all its parameters: nothing in such a file is personal.
    """
    return [
        {
            "field": _field(fault),
            "why": fault["msg"],
            "type": fault["type"],
            "limits": fault.get("ctx", {}) if "." in fault["type"] else _bounds(fault),
        }
        for fault in error.errors(include_input=False, include_url=False)
    ]


def _field(fault: ErrorDetails) -> str:
    return ".".join(map(str, fault["loc"]))


def _bounds(fault: ErrorDetails) -> dict[str, Any]:
    return {name: value for name, value in fault.get("ctx", {}).items() if name in LIMITS}
