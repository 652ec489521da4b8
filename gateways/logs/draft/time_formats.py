"""Infer the time format of a column: ISO 8601, a strptime format, or seconds or milliseconds since 1970."""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from gateways.cells import instant_in
from gateways.contact_mapping import TableSource
from gateways.logs.draft.word_list import hint, word_list
from gateways.problems import BadCell

VALUES_TRIED = 300
"""The most different values that are tried."""
SHARE_READ = 0.97
"""The share of them that a format must read: a log may have a broken time."""
LEAST_TRIED = 3
"""Of more values than these one may be broken, however few they are."""


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """The format of times: ``pattern`` is empty for ISO 8601; ``rival`` is another pattern that reads them as well."""

    pattern: str = ""
    rival: str = ""
    offset: bool = False
    epoch: str | None = None


def time_format_of(column: str, values: Sequence[str]) -> TimeFormat | None:
    """Return the time format of a column's values; None if they are no times."""
    seen = list(dict.fromkeys(values))[:VALUES_TRIED]
    if not seen or not any(sign.isdigit() for value in seen[:2] for sign in value):
        return None
    if all(value.isdigit() for value in seen):
        return _numbers(column, seen)
    if _reads(seen, ""):
        return TimeFormat(offset=any(_has_offset(value) for value in seen))
    forms = [form for form in word_list().formats if _reads(seen, form)]
    if not forms:  # as people write them, with the year first
        return TimeFormat(offset=any(map(_has_offset, seen))) if _reads(seen, "", written=True) else None
    others = [*forms[1:], *(form for form in (_swapped(forms[0]),) if form != forms[0] and _reads(seen, form))]
    rival = next((form for form in others if _differs(seen, forms[0], form)), "")
    return TimeFormat(forms[0], rival)


def instant(text: str, format_: TimeFormat) -> datetime | None:
    """Return the instant that a text means; None if it cannot be read."""
    try:
        if format_.epoch:
            return datetime.fromtimestamp(int(text) / (1 if format_.epoch == "seconds" else 1000), UTC)
        return instant_in(text, source_of(format_.pattern))
    except (BadCell, ValueError, OverflowError, OSError):
        return None


def _numbers(column: str, values: Sequence[str]) -> TimeFormat | None:
    """Return seconds or milliseconds if the column's name is one of a time; or fourteen digits that are a date."""
    lengths = {len(value) for value in values}
    if lengths == {14} and _reads(values, "%Y%m%d%H%M%S"):
        return TimeFormat("%Y%m%d%H%M%S")
    sounds_like_time = max(hint(column, sort) for sort in ("at", "opened", "deadline"))
    if not sounds_like_time or lengths not in ({10}, {13}):
        return None
    return TimeFormat(epoch="seconds" if lengths == {10} else "milliseconds", offset=True)


def _reads(values: Sequence[str], form: str, *, written: bool = False) -> bool:
    """Return whether most of the values are times in that format, or with ``written`` as people write them."""
    source = source_of(form)
    wrong, allowed = 0, max(int(len(values) * (1 - SHARE_READ)), len(values) > LEAST_TRIED)
    for value in values:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                instant_in(value, source, written=written)
        except BadCell:
            wrong += 1
        if wrong > allowed:
            return False
    return True


@cache
def source_of(form: str) -> TableSource:
    """Return a source with this time format, ISO 8601 if it is empty."""
    return TableSource(name="unmapped", kind="complaint", pack="logistics", zone="UTC", formats=(form,) if form else ())


def _swapped(form: str) -> str:
    """Return the format with day and month exchanged, where both are numbers and nothing tells which is which."""
    if form.startswith("%Y") or "月" in form:
        return form
    return form.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m") if "%m" in form else form


def _differs(values: Sequence[str], one: str, other: str) -> bool:
    """Return whether two formats read some value as different instants."""
    read = ((instant(value, TimeFormat(one)), instant(value, TimeFormat(other))) for value in values)
    return any(first != second for first, second in read if first and second)


def _has_offset(value: str) -> bool:
    return re.search(r"\d(Z|[+-]\d\d:?\d\d)$", value) is not None and len(value) > 10
