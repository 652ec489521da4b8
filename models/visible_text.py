"""Trim a text, and tell whether it holds anything that can be seen, and nothing that hides or controls."""

from unicodedata import category

from pydantic_core import PydanticCustomError

from models.printable_text import is_printable_line, without_hidden

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


def plain_line(text: str) -> str:
    """Return a name or a code as it is. Raises ``PydanticCustomError('control_character')`` where it hides anything."""
    if not is_printable_line(text):
        raise PydanticCustomError("control_character", "the text holds a control character or a hidden one")
    return text


def clean_line(text: str) -> str:
    """Return one line of a contact without hidden characters, its line ends and tabs as blanks.

    Telephones write direction marks around a number, spreadsheets line ends into a title. Raises
    ``PydanticCustomError('control_character')`` for any other control character.
    """
    return text if text.isprintable() else plain_line(" ".join(without_hidden(text).split()))
