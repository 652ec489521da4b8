"""What the house offers in the forms of the console: its people, departments, categories, roles and languages."""

from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from zoneinfo import available_timezones

from apps.form_choices import people_of
from apps.web.form_fields import Choices
from apps.web.language_choice import OWN_NAMES
from engine.categories import categories
from engine.departments import departments
from engine.store import Store
from locales.translation import label
from statemachines.roles import Role

ZONES = ("Africa/", "America/", "Asia/", "Australia/", "Europe/", "Pacific/")
GRANTED = tuple(role for role in Role if role not in (Role.SYSTEM, Role.IMPORT, Role.CUSTOMER))
"""The roles that people of the house can have."""


def house_choices(store: Store, locale: str, attachments: Iterable[tuple[str, str]] = ()) -> Choices:
    """Return the choices of the house as the store knows them now; people are those who are there."""
    with store.looking() as tx:
        people = people_of(tx, locale, store.now())
        codes, named = sorted(departments(tx)), categories(tx)
    return Choices(
        people=people,
        departments=[(code, label(locale, "", "department", code)) for code in codes],
        categories=sorted(named.items()),
        attachments=list(attachments),
        by_name={
            "roles": [(role.value, label(locale, "", "role", role.value)) for role in GRANTED],
            "locale": list(OWN_NAMES.items()),
        },
        proposed={"zone": _zones()},
    )


@cache
def _zones() -> list[tuple[str, str]]:
    """Return the time zones of cities."""
    return [(zone, zone) for zone in sorted(available_timezones()) if zone.startswith(ZONES)]


def named_codes(locale: str, sort: str, codes: Iterable[StrEnum]) -> list[tuple[str, str]]:
    """Return codes that programs use, each with what it means and itself: "read cases · cases:read"."""
    return [(code.value, f"{label(locale, '', sort, code.value)} · {code.value}") for code in codes]
