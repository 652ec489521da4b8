"""Convert attribute values of an event log to text, the same in every output format."""

import re
from datetime import datetime

from models.event_log import Value

_FORBIDDEN_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def text_of(value: Value) -> str:
    """Return the value as text: instants in ISO 8601 with microseconds and offset, booleans in small letters."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    return str(value)


def valid_in_xml(text: str) -> str:
    """Replace each character that XML 1.0 cannot hold, even escaped, by U+FFFD. XML writers do not check for them."""
    return text if text.isprintable() else _FORBIDDEN_IN_XML.sub("\ufffd", text)
