"""What the house offers in the forms of the console: its people, departments, categories, roles and languages."""

from collections.abc import Iterable
from enum import StrEnum

from apps.web.form_fields import Choices
from apps.web.language_choice import OWN_NAMES
from engine.actors import NOBODY
from engine.categories import categories
from engine.departments import departments
from engine.store import Store
from locales.translation import label
from models.columns import to_micros
from statemachines.roles import Role

MOST_PEOPLE = 300
"""With more people than this a list helps nobody: handles are typed."""
THERE = """
SELECT handle FROM actor WHERE disabled_at IS NULL
   AND NOT (absent_from IS NOT NULL AND absent_from <= :at AND (absent_until IS NULL OR absent_until > :at))
 ORDER BY handle LIMIT :most
"""
GRANTED = tuple(role for role in Role if role not in (Role.SYSTEM, Role.IMPORT, Role.CUSTOMER))
"""The roles that people of the house can have."""


def house_choices(store: Store, locale: str, attachments: Iterable[tuple[str, str]] = ()) -> Choices:
    """Return the choices of the house as the store knows them now; people are those who are there."""
    with store.looking() as tx:
        rows = tx.rows(THERE, at=to_micros(store.now()), most=MOST_PEOPLE + len(NOBODY) + 1)
        codes, named = sorted(departments(tx)), categories(tx)
    handles = [row.handle for row in rows if row.handle not in NOBODY]
    return Choices(
        people=[(handle, handle) for handle in handles] if len(handles) <= MOST_PEOPLE else (),
        departments=[(code, label(locale, "", "department", code)) for code in codes],
        categories=sorted(named.items()),
        attachments=list(attachments),
        by_name={
            "roles": [(role.value, label(locale, "", "role", role.value)) for role in GRANTED],
            "locale": list(OWN_NAMES.items()),
        },
    )


def named_codes(locale: str, sort: str, codes: Iterable[StrEnum]) -> list[tuple[str, str]]:
    """Return codes that programs use, each with what it means and itself: "read cases · cases:read"."""
    return [(code.value, f"{label(locale, '', sort, code.value)} · {code.value}") for code in codes]
