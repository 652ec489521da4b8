"""Check what any door hands to the engine before the database sees it: handles, keys, texts, instants, numbers.

The command line, the acts of the Prefect UI, imports and any later interface get the same refusals, because they all
come by here. What a form or a contact checks by itself (``statemachines.form_model``, ``models.contact``) is not
checked again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from models.columns import LARGEST, TEXT_LIMIT, is_countable
from models.lookalikes import is_confusable
from models.printable_text import is_printable_line
from statemachines.refused import Refused

KEY_LIMIT = 200
HANDLE_LIMIT = 100
WORD_LIMIT = 100
"""The longest name of a move, a kind or a pack that is looked up."""
SHOWN = 40
"""The most of a faulty value that a refusal repeats, in characters."""


def is_word(text: object, limit: int = WORD_LIMIT) -> bool:
    """Return whether a value is one line of printable text, not empty and within the limit."""
    return isinstance(text, str) and 0 < len(text) <= limit and is_printable_line(text)


def check_handle(handle: str) -> None:
    """Raise ``Refused('bad_handle')`` for one with hidden characters or outer blanks, or that is long.

    Raises ``Refused('confusable_handle')`` for one that may be read as another.
    """
    if not is_word(handle, HANDLE_LIMIT) or handle != handle.strip():
        raise Refused("bad_handle", handle=handle[:SHOWN], limit=HANDLE_LIMIT)
    if is_confusable(handle):
        raise Refused("confusable_handle", handle=handle[:SHOWN])


def check_actor(handle: str) -> None:
    """Raise ``Refused('unknown_actor')`` for a handle that nobody can have."""
    if not is_word(handle, HANDLE_LIMIT):
        raise Refused("unknown_actor", handle=handle[:SHOWN])


def check_case_number(number: str) -> None:
    """Raise ``Refused('unknown_case')`` for a number that no case can have."""
    if not is_word(number):
        raise Refused("unknown_case", number=number[:SHOWN])


def check_key(key: str | None) -> None:
    """Raise ``Refused('bad_key')`` for an idempotency key that is empty, too long or not printable."""
    if key is not None and not is_word(key, KEY_LIMIT):
        raise Refused("bad_key", key=key[:SHOWN], limit=KEY_LIMIT)


def check_instant(instant: datetime | None) -> None:
    """Raise ``Refused('bad_instant' | 'impossible_instant')`` for one without an offset or out of range."""
    if instant is None:
        return
    if instant.tzinfo is None:
        raise Refused("bad_instant", value=instant.isoformat())
    if not is_countable(instant):
        raise Refused("impossible_instant", value=instant.isoformat())


def check_text(name: str, text: str) -> None:
    """Raise ``Refused('bad_text')`` for a reason or a remark that cannot be kept: NUL, half a character, too long."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        size = TEXT_LIMIT + 1
    if "\0" in text or size > TEXT_LIMIT:
        raise Refused("bad_text", field=name, limit=TEXT_LIMIT)


def form_refused(move: str, field: str, why: str, text: str) -> Refused:
    """Return the refusal of one field; ``why`` is a code of ``validation``, ``text`` its reason in English."""
    return Refused("form", move=move, fields=[{"field": field, "why": why, "text": text, "limits": dict[str, Any]()}])


def check_form(move: str, form: Mapping[str, Any]) -> None:
    """Raise ``Refused('form')`` for a number that no column holds, before it is written out for its key."""
    for name, value in form.items():
        if isinstance(value, int) and not -LARGEST <= value <= LARGEST:
            raise form_refused(move, str(name)[:SHOWN], "large_number", "the number is too large")
