"""How a value is spelled in a log, and what no spreadsheet may take for a formula."""

import re
from datetime import datetime

from models.event_log import Value

FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""A text that begins with one of these would be worked out by a spreadsheet; so would their full-width sisters."""

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
_QUOTED = _MARKUP | {ord(sign): f"&#{ord(sign)};" for sign in "\t\n\r"}
_SPECIAL = re.compile('[&<>"\x00-\x1f\ud800-\udfff\ufffe\uffff]')
"""Whatever the three above look for: most texts have none of it, and one look is cheaper than two."""


def spelled(value: Value) -> str:
    """The value as text: instants in ISO 8601 with microseconds and offset, true and false in small letters."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    return str(value)


def is_formula(text: str) -> bool:
    """Whether a spreadsheet might work it out instead of showing it."""
    return text.startswith(FORMULA)


def in_xml(text: str) -> str:
    """The text between two tags; what XML cannot hold at all becomes U+FFFD."""
    return _NO_XML.sub("\ufffd", text).translate(_MARKUP) if _SPECIAL.search(text) else text


def in_quotes(text: str) -> str:
    """The text as an attribute of an element, its line breaks and tabs kept."""
    return _NO_XML.sub("\ufffd", text).translate(_QUOTED) if _SPECIAL.search(text) else text
