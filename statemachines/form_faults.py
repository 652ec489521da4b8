"""Names the faults that pydantic finds in a form or a file by their types, so that any language can say them."""

from typing import Any

from pydantic import ValidationError

LIMITS = ("ge", "gt", "le", "lt", "expected", "min_length", "max_length")
"""What a fault may say of the bounds of its field; none of it is what was entered."""


def form_faults(error: ValidationError) -> list[dict[str, Any]]:
    """Return field and type of each fault of a form, without the value: it may be personal."""
    return [
        {
            "field": ".".join(map(str, fault["loc"])),
            "why": fault["type"],
            "text": fault["msg"],
            "limits": {name: value for name, value in fault.get("ctx", {}).items() if name in LIMITS},
        }
        for fault in error.errors(include_input=False, include_url=False)
    ]


def file_faults(error: ValidationError) -> list[dict[str, Any]]:
    """Return field and reason of each fault of a file of ours, and its type under ``type``."""
    return [
        {
            "field": fault["field"],
            "why": fault["text"].removeprefix("Value error, "),
            "type": fault["why"],
            "limits": fault["limits"],
        }
        for fault in form_faults(error)
    ]
