"""What the house offers for the fields of a case's form: its people, departments, categories, files, open promises."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from apps.web.form_fields import Choices
from engine.attachments.reading import AttachmentView
from engine.categories import categories
from engine.departments import departments
from engine.rules.in_force import rules_in
from engine.store import Store
from engine.transaction import Tx
from locales.translation import label
from locales.zone import reader_zone
from models.columns import to_micros
from models.contact import CustomerType
from reports.indicators.indicator_text import label_of
from reports.indicators.periods import last_over
from reports.staff import MACHINES, Staff
from statemachines.roles import TOP_LEVEL

MOST_PEOPLE = 500
"""Of more people no list is offered: their handles are typed."""
PERIODS = ((1, 6), (3, 4), (12, 2))
"""How many months a period has that is proposed, and how many such periods."""


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
        people = people_of(tx, locale, at)
        codes = sorted(departments(tx))
        tree = categories(tx)
        indicators = rules_in(tx).indicators(to_micros(at))
    open_timers = [timer for timer in timers if timer.outcome is None]
    clauses = {timer.clause: label(locale, kind, "clause", timer.clause) for timer in open_timers}
    return Choices(
        people=people,
        departments=[(code, label(locale, "", "department", code)) for code in codes],
        categories=[(code, _category(locale, kind, code, name)) for code, name in tree.items()],
        attachments=[(each.id, each.name or "") for each in attachments if each.erased_at is None],
        by_name={
            "clause": list(clauses.items()),
            "level": _levels_above(level, locale),
            "indicator": [(name, label_of(each, locale)) for name, each in indicators.items()],
            "customer_type": [(sort.value, label(locale, "", "customer_type", sort.value)) for sort in CustomerType],
        },
        proposed=dict.fromkeys(("period", "measured_period"), periods_before(at)),
    )


def periods_before(at: datetime) -> list[tuple[str, str]]:
    """Return the newest months, quarters and years by their names, those that still run first of their length."""
    today: date = at.astimezone(reader_zone()).date()
    spans = [(last_over(today, months), count) for months, count in PERIODS]
    return [(name, name) for last, count in spans for name in (last.before(back - 1).name for back in range(count))]


def _levels_above(level: int, locale: str) -> list[tuple[str, str]]:
    return [(str(above), label(locale, "", "level", str(above))) for above in range(level + 1, TOP_LEVEL + 1)]


def people_of(tx: Tx, locale: str, at: datetime, *, absent: bool = False) -> list[tuple[str, str]]:
    """Return who can be asked at the instant, each with his roles; none where they are too many for a list.

    ``absent`` adds those who are away and those who left, for questions about what they did.
    """
    people = [
        (row.handle, f"{row.handle} · {', '.join(label(locale, '', 'role', role) for role in row.roles.split())}")
        for row in Staff.read(tx, at).rows
        if (absent or row.available(at)) and not MACHINES & set(row.roles.split())
    ]
    return people if len(people) <= MOST_PEOPLE else []


def _category(locale: str, kind: str, code: str, name: str) -> str:
    """Return the category's label, else its name in the tree."""
    shown = label(locale, kind, "category", code)
    return name if shown == code else shown
