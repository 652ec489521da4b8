"""How a column of a log writes its times: ISO 8601, a text format, or seconds since 1970; and how sure that is."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from gateways.cells import instant_in
from gateways.logs.words import hint, word_list
from gateways.mapping import Source
from gateways.problems import BadCell

LOOK = 300
"""So many different values are read."""
ENOUGH = 0.97
"""In this share of them a format must succeed: a log may have a broken time."""


@dataclass(frozen=True, slots=True)
class Writing:
    """How times are written: ``form`` is empty for ISO 8601, ``rival`` another format that reads them all as well."""

    form: str = ""
    rival: str = ""
    offset: bool = False
    epoch: str | None = None


def writing_of(column: str, values: Sequence[str]) -> Writing | None:
    """How the values of a column are written as times; None if they are none."""
    seen = list(dict.fromkeys(values))[:LOOK]
    if not seen or not any(sign.isdigit() for sign in seen[0]):
        return None
    if all(value.isdigit() for value in seen):
        return _numbers(column, seen)
    if _reads(seen, ""):
        return Writing(offset=any(_has_offset(value) for value in seen))
    forms = [form for form in word_list().formats if _reads(seen, form)]
    if not forms:
        return None
    rival = next((form for form in forms[1:] if _swapped(form) == forms[0]), "")
    return Writing(forms[0], rival)


def instant(text: str, writing: Writing) -> datetime | None:
    """A time as it is written; None if it cannot be read."""
    try:
        if writing.epoch:
            return datetime.fromtimestamp(int(text) / (1 if writing.epoch == "seconds" else 1000), UTC)
        return instant_in(text, source_of(writing.form))
    except (BadCell, ValueError, OverflowError, OSError):
        return None


def _numbers(column: str, values: Sequence[str]) -> Writing | None:
    """Seconds or milliseconds, where the column's name speaks of time; or fourteen digits that are a date."""
    lengths = {len(value) for value in values}
    if lengths == {14} and _reads(values, "%Y%m%d%H%M%S"):
        return Writing("%Y%m%d%H%M%S")
    spoken = max(hint(column, sort) for sort in ("at", "opened", "deadline"))
    if not spoken or lengths not in ({10}, {13}):
        return None
    return Writing(epoch="seconds" if lengths == {10} else "milliseconds", offset=True)


def _reads(values: Sequence[str], form: str) -> bool:
    source = source_of(form)
    wrong, allowed = 0, int(len(values) * (1 - ENOUGH))
    for value in values:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                instant_in(value, source)
        except BadCell:
            wrong += 1
            if wrong > allowed:
                return False
    return True


@cache
def source_of(form: str) -> Source:
    """A source whose times are written so; empty for ISO 8601."""
    return Source(name="unmapped", kind="complaint", pack="logistics", zone="UTC", formats=(form,) if form else ())


def _swapped(form: str) -> str:
    """The format with day and month exchanged."""
    return form.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")


def _has_offset(value: str) -> bool:
    return datetime.fromisoformat(value).tzinfo is not None if value[:4].isdigit() and len(value) > 10 else False
