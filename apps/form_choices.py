"""What the house offers for the fields of a case's form: its people, departments, categories, files, open promises."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from apps.web.form_fields import Choices
from engine.attachments.reading import AttachmentView
from engine.categories import categories
from engine.departments import departments
from engine.store import Store
from engine.transaction import Tx
from locales.translation import label
from reports.staff import MACHINES, Staff
from statemachines.roles import TOP_LEVEL

MOST_PEOPLE = 500
"""Of more people no list is offered: their handles are typed."""


def choices_of(
    store: Store,
    locale: str,
    kind: str,
    at: datetime,
    attachments: Iterable[AttachmentView] = (),
    timers: Iterable[Any] = (),
    level: int = 0,
) -> Choices:
    """Return the choices for the forms of a case; ``timers`` are its ``TimerView``s, ``level`` is its own level."""
    with store.looking() as tx:
        people = _people(tx, locale, at)
        codes = sorted(departments(tx))
        tree = categories(tx)
    open_timers = [timer for timer in timers if timer.outcome is None]
    clauses = {timer.clause: label(locale, kind, "clause", timer.clause) for timer in open_timers}
    return Choices(
        people=people if len(people) <= MOST_PEOPLE else (),
        departments=[(code, label(locale, "", "department", code)) for code in codes],
        categories=[(code, _category(locale, kind, code, name)) for code, name in tree.items()],
        attachments=[(each.id, each.name or "") for each in attachments if each.erased_at is None],
        by_name={"clause": list(clauses.items()), "level": _levels_above(level, locale)},
    )


def _levels_above(level: int, locale: str) -> list[tuple[str, str]]:
    return [(str(above), label(locale, "", "level", str(above))) for above in range(level + 1, TOP_LEVEL + 1)]


def _people(tx: Tx, locale: str, at: datetime) -> list[tuple[str, str]]:
    """Return who can be asked at the instant, each with his roles."""
    return [
        (row.handle, f"{row.handle} · {', '.join(label(locale, '', 'role', role) for role in row.roles.split())}")
        for row in Staff.read(tx, at).rows
        if row.available(at) and not MACHINES & set(row.roles.split())
    ]


def _category(locale: str, kind: str, code: str, name: str) -> str:
    """Return the category's label, else its name in the tree."""
    shown = label(locale, kind, "category", code)
    return name if shown == code else shown
