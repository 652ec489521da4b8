"""Reply templates by kind of case and language, from the catalogues, with what is known of the case filled in."""

from collections.abc import Sequence
from datetime import datetime

from apps.timer_views import TimerView
from locales.translation import DEFAULT, catalogue, label, translate, when

SORT, TITLE, TEXT = "reply_template", ".title", ".text"


def templates_for(kind: str, locale: str) -> list[tuple[str, str]]:
    """Return code and title of each template of a kind of case, those of the kind itself first."""
    codes = dict.fromkeys(
        key.removeprefix(prefix).removesuffix(TITLE)
        for prefix in (f"{kind}.{SORT}.", f"{SORT}.")
        for key in catalogue(DEFAULT)
        if key.startswith(prefix) and key.endswith(TITLE)
    )
    return [(code, label(locale, kind, SORT, code + TITLE)) for code in codes]


def filled_template(code: str, kind: str, number: str, promises: Sequence[TimerView], locale: str) -> str | None:
    """Return a template in a language, with the case's number and next promise; None if unknown.

    It greets nobody, as the letter that carries it does. ``promises`` are the timers of the case; the one that is due
    next is promised.
    """
    if code not in dict(templates_for(kind, locale)):
        return None
    running = [(at, each) for each in promises if (at := _due(each)) is not None]
    due = min(running, key=lambda pair: pair[0], default=None)
    return (
        label(locale, kind, SORT, code + TEXT)
        .format(
            number=number,
            kind=label(locale, "", "kind", kind),
            promise=due[1].promise(kind, locale) if due else "",
            due=when(due[0]) if due else translate(locale, f"{SORT}.soon"),
        )
        .strip()
    )


def _due(timer: TimerView) -> datetime | None:
    return timer.due_at if timer.outcome is None else None
