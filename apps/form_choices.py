"""What the house offers in the forms of moves: its departments, the people who are there, the categories in force."""

from datetime import datetime

from apps.web.form_fields import Choices
from engine.categories import categories
from engine.departments import departments
from engine.store import Store
from locales.translation import label
from reports.staff import MACHINES, Staff

MOST_PEOPLE = 300
"""With more people than this a list helps nobody: handles are typed."""


def form_choices(store: Store, at: datetime, locale: str) -> Choices:
    """Return the choices as the store knows them now, each a pair of code and label."""
    with store.looking() as tx:
        codes, names = sorted(departments(tx)), categories(tx)
        staff = Staff.read(tx, at)
    there = [row.handle for row in staff.rows if row.available(at) and not MACHINES & {*row.roles.split()}]
    return Choices(
        people=[(handle, handle) for handle in there] if len(there) <= MOST_PEOPLE else (),
        departments=[(code, label(locale, "", "department", code)) for code in codes],
        categories=[(code, label(locale, "", "category", code)) for code in sorted(names)],
    )
