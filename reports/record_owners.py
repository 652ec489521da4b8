"""Finds the person who answers for what records of a department lack (F1): who owned them when they were closed.

Of several it is the one with the most of them. Whoever left, is away or is of another department now is replaced by
his supervisor, and by the supervisor above him; where nobody is found so, by the department's own.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from engine.transaction import Tx
from reports.staff import Staff, StaffRow
from statemachines.roles import INVESTIGATORS, Role

# A case that nobody was given is that of the last of its department who worked on it.
OWNERS = """
SELECT o.person, count(*) AS n
  FROM (SELECT coalesce(c.owner, (SELECT a.handle FROM transition t JOIN actor a ON a.id = t.actor_id
                                   WHERE t.case_id = c.id AND a.department = c.department
                                   ORDER BY t.seq DESC LIMIT 1)) AS person
          FROM cases c WHERE c.number = ANY(:numbers)) o
 WHERE o.person IS NOT NULL GROUP BY o.person ORDER BY n DESC, o.person
"""
BOSS = "SELECT boss FROM actor WHERE handle = :handle"
MOST_ABOVE: Final = 5
"""How many supervisors above somebody are looked at."""


def person_answering(tx: Tx, numbers: Iterable[str], department: str, at: datetime) -> str | None:
    """Return the handle of who answers for these cases of a department; None where it has nobody who could."""
    staff = Staff.read(tx, at)
    for row in tx.rows_among(OWNERS, numbers=sorted(set(numbers))):
        if (handle := _who_can(tx, staff, row.person, department)) is not None:
            return handle
    found = staff.holders(Role.TEAM_SUPERVISOR, department, None)
    return found[0] if found else None


def _who_can(tx: Tx, staff: Staff, handle: str | None, department: str) -> str | None:
    """Return the person, or the first of those above him who can be given work of the department."""
    for _ in range(MOST_ABOVE):
        person = staff.by_handle.get(handle or "")
        if person is None or _can(person, department, staff.at):
            return None if person is None else person.handle
        handle = tx.row(BOSS, handle=person.handle).boss
    return None


def _can(person: StaffRow, department: str, at: datetime) -> bool:
    of_department = person.department in {None, department}
    return of_department and person.available(at) and bool(person.actor.roles & set(INVESTIGATORS))
