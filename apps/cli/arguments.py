"""Check the arguments of every command: a text that is not UTF-8 or cannot be seen is refused at once."""

from collections.abc import Sequence

from models.visible_text import is_seen
from statemachines.refused import Refused


def check_arguments(arguments: Sequence[str]) -> None:
    """Raise ``Refused('bad_argument' | 'unseen_argument')`` for the first argument that is no text to be read.

    Python decodes a byte that is not UTF-8 as half a surrogate pair, which no file and no database takes.
    """
    for place, argument in enumerate(arguments, 1):
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise Refused("bad_argument", place=place) from None
        option, sign, value = argument.partition("=")
        if _is_unseen(argument) or (sign and _is_unseen(value)) or _is_unseen(option):
            raise Refused("unseen_argument", place=place)


def _is_unseen(text: str) -> bool:
    """Return whether a text has characters, not all of them blanks, and none that can be seen."""
    return bool(text.strip()) and not any(map(is_seen, text))
