"""Trim a text, and tell whether it holds anything that can be seen: zero-width characters alone are no text."""

from unicodedata import category

from pydantic_core import PydanticCustomError

_UNSEEN = frozenset({"Cf", "Cc", "Zs", "Zl", "Zp"})
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u2800\u3164\uffa0")
"""Characters that are letters or symbols by their category, and blank."""


def is_seen(character: str) -> bool:
    """Return whether a character can be seen."""
    if character.isascii():
        return character > " " and character != "\x7f"
    blank = character in _FILLERS or category(character) in _UNSEEN or "\ufe00" <= character <= "\ufe0f"
    return not blank


def trimmed(text: str) -> str:
    """Return the text without unseen characters at its ends; empty if it has no other."""
    text = text.strip()
    if not text or (is_seen(text[0]) and is_seen(text[-1])):
        return text
    first = next((place for place, character in enumerate(text) if is_seen(character)), None)
    if first is None:
        return ""
    last = next(place for place in range(len(text), 0, -1) if is_seen(text[place - 1]) or _joins(text, place - 1))
    return text[first:last]


def _joins(text: str, place: int) -> bool:
    """Return whether the character is a variation selector after a seen one, as in ❤️."""
    return "\ufe00" <= text[place] <= "\ufe0f" and place > 0 and is_seen(text[place - 1])


def seen(text: str) -> str:
    """Return the text if anything of it can be seen. Raises ``PydanticCustomError('unseen_text')``."""
    if not any(map(is_seen, text)):
        raise PydanticCustomError("unseen_text", "the text consists of characters that cannot be seen")
    return text
