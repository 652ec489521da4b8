"""Changes of actors, each with a row in the journal: who is added, and particulars, absence and deputy of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from engine.actor_particulars import check_email, check_locale, check_zone, staff_phone
from engine.actors import (
    NOBODY,
    SYSTEM,
    NewActor,
    acting,
    add_actor,
    administrator,
    known_actor,
    refuse_nobody,
    refuse_roles_of_nobody,
    roles_of,
    system_actor,
)
from engine.departments import add_departments, check_department
from engine.entry_checks import check_actor, check_instant
from engine.ledger.journal import journal_row
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from models.mail_addresses import mail_address
from models.person_names import person_name
from statemachines.refused import Refused
from statemachines.roles import Role

FIELDS = (
    "roles", "department", "boss", "locale", "name", "email", "phone", "zone", "absent_from", "absent_until", "deputy",
)  # fmt: skip
"""The fields that ``change_actor`` sets; in this order they stand in the journal."""
INSTANTS = frozenset({"absent_from", "absent_until", "disabled_at"})
ADDED, CODE_ISSUED = "handle", "code"
"""What the journal calls an actor's addition, and a one-time code that an administrator made for him."""

ENABLED = "SELECT roles FROM actor WHERE disabled_at IS NULL"
PARTICULARS = f"SELECT id, handle, disabled_at, {', '.join(FIELDS)} FROM actor WHERE handle = :handle"
SET = "UPDATE actor SET {name} = :value WHERE id = :id"
HANDLE = "SELECT handle FROM actor WHERE id = :id"
NOTE = """
INSERT INTO actor_change (actor_id, changed_by, at, field, before, after)
VALUES (:actor_id, :changed_by, :at, :field, :before, :after) RETURNING id
"""
JOURNAL = """
SELECT c.at, b.handle AS changed_by, c.field, c.before, c.after FROM actor_change c JOIN actor a ON a.id = c.actor_id
  JOIN actor b ON b.id = c.changed_by WHERE a.handle = :handle ORDER BY c.id
"""
STANDS_IN_FOR = "SELECT handle, roles FROM actor WHERE deputy = :handle AND disabled_at IS NULL ORDER BY handle"


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the journal: who changed which field when, and its values as text."""

    at: datetime
    by: str
    field: str
    before: str | None
    after: str | None


@dataclass(slots=True)
class Person:
    """The row of an actor who is being changed, and who changes him when."""

    tx: Tx
    row: Any
    by: int
    at: int
    changes: list[str] = field(default_factory=list[str])

    def put(self, name: str, value: Any) -> None:
        """Set a field and note the change; an equal value changes nothing."""
        before = getattr(self.row, name)
        if before == value:
            return
        self.tx.run(SET.format(name=name), value=value, id=self.row.id)
        note(self.tx, self.row.id, self.by, self.at, name, _text(name, before), _text(name, value))
        self.changes.append(name)


def note(tx: Tx, actor_id: int, by: int, at: int, name: str, before: str | None, after: str | None) -> None:
    """Write one row of the journal."""
    values = {"actor_id": actor_id, "changed_by": by, "at": at, "field": name, "before": before, "after": after}
    row, maker = tx.row(NOTE, **values), tx.row(HANDLE, id=by).handle
    journal_row(tx, "actor_change", (row.id,), maker, at)
    journal_row(tx, "actor", (tx.row(HANDLE, id=actor_id).handle,), maker, at)


def journal(tx: Tx, handle: str) -> list[Change]:
    """Return the changes of an actor, oldest first. Raises ``Refused('unknown_actor')``."""
    known_actor(tx, handle)
    rows = tx.rows(JOURNAL, handle=handle)
    return [Change(from_micros(row.at), row.changed_by, row.field, row.before, row.after) for row in rows]


def engage(store: Store, actor: NewActor, by: str, at: datetime) -> bool:
    """Add an actor; return False if exactly this one exists already.

    Without an administrator in the store anybody may, and the journal names the system; from then on only an
    administrator. Raises ``Refused('not_in_charge' | 'no_actor')`` and what ``acting`` and ``add_actor`` raise.
    """
    refuse_nobody(by)
    with store.writing() as tx:
        now = to_micros(at)
        changed_by = _changes_staff(tx, by, now)
        _check_boss(actor.boss, actor.handle)
        if not add_actor(tx, actor, by or SYSTEM, now):
            return False
        note(tx, known_actor(tx, actor.handle).id, changed_by, now, ADDED, None, actor.handle)
        return True


def _changes_staff(tx: Tx, by: str, at: int) -> int:
    if not has_administrator(tx):
        return acting(tx, by, at).id if by else system_actor(tx).id
    if not by:
        raise Refused("no_actor")
    return administrator(tx, by).id


def found_departments(store: Store, codes: Sequence[str], by: str, at: datetime) -> list[str]:
    """Add departments under the rule of ``engage``; return those that are new."""
    refuse_nobody(by)
    with store.writing() as tx:
        now = to_micros(at)
        _changes_staff(tx, by, now)
        return add_departments(tx, codes, by or SYSTEM, now)


def change_actor(store: Store, handle: str, values: Mapping[str, Any], by: str, at: datetime) -> list[str]:
    """Set some of ``FIELDS``; return which changed. ``roles`` are a tuple, instants are aware, None empties a field.

    Raises ``Refused('unknown_actor' | 'not_in_charge' | 'not_a_person' | 'actor_disabled' | 'no_roles' |
    'last_administrator' | 'unknown_department' | 'unknown_zone' | 'bad_address' | 'bad_staff_phone' | 'bad_absence' |
    'bad_deputy')``.
    """
    with store.writing() as tx:
        person = person_of(tx, handle, by, at)
        if person.row.disabled_at is not None:
            raise Refused("actor_disabled", handle=handle)
        for name in INSTANTS & values.keys():
            check_instant(values[name])
        wanted = {name: _stored(values[name]) for name in FIELDS if name in values}
        _check(tx, person.row, wanted)
        if wanted.get("email") is not None:
            wanted["email"] = mail_address(wanted["email"]).written
        if wanted.get("name") is not None:
            wanted["name"] = person_name(wanted["name"]) or None
        if "phone" in wanted:
            wanted["phone"] = staff_phone(wanted["phone"])
        for name, value in wanted.items():
            person.put(name, value)
        refuse_without_administrator(tx, handle)
        return person.changes


def refuse_without_administrator(tx: Tx, handle: str) -> None:
    """Raise ``Refused('last_administrator')`` if nobody could change actors any more."""
    if not has_administrator(tx):
        raise Refused("last_administrator", handle=handle)


def has_administrator(tx: Tx) -> bool:
    """Return whether anybody who is not disabled may change actors."""
    return any(Role.ADMINISTRATOR in roles_of(row.roles) for row in tx.rows(ENABLED))


def person_of(tx: Tx, handle: str, by: str, at: datetime) -> Person:
    """Return the row of a person whom ``by`` may change. Raises as ``change_actor``."""
    check_actor(handle)
    now = to_micros(at)
    changed_by = administrator(tx, by)
    row = tx.row(PARTICULARS, handle=handle)
    if row is None:
        raise Refused("unknown_actor", handle=handle)
    if handle in NOBODY:
        raise Refused("not_a_person", handle=handle)
    return Person(tx, row, changed_by.id, now)


def _check(tx: Tx, row: Any, wanted: Mapping[str, Any]) -> None:
    """Refuse values that would leave the actor, or whoever he stands in for, in a state that cannot work."""
    after = {name: wanted.get(name, getattr(row, name)) for name in FIELDS}
    refuse_roles_of_nobody(row.handle, after["roles"].split())
    if not after["roles"]:
        raise Refused("no_roles", handle=row.handle)
    check_department(tx, wanted.get("department"))
    check_zone(wanted.get("zone"))
    check_locale(wanted.get("locale"))
    check_email(wanted.get("email"))
    _check_boss(wanted.get("boss"), row.handle)
    if wanted.get("boss") is not None:
        known_actor(tx, wanted["boss"])
    begins, ends = after["absent_from"], after["absent_until"]
    if ends is not None and (begins is None or ends <= begins):
        raise Refused("bad_absence", handle=row.handle)
    if {"deputy", "roles"} & set(wanted):
        if after["deputy"] is not None:
            _check_deputy(tx, row.handle, after["roles"], after["deputy"])
        for other in tx.rows(STANDS_IN_FOR, handle=row.handle):
            if missing := sorted(set(other.roles.split()) - set(after["roles"].split())):
                raise Refused("bad_deputy", handle=other.handle, deputy=row.handle, wanted=missing)


def _check_boss(boss: str | None, handle: str) -> None:
    if boss == handle:
        raise Refused("own_boss", handle=handle)


def _check_deputy(tx: Tx, handle: str, roles: str, deputy: str) -> None:
    """A deputy decides under his own name: so he needs the roles of whom he stands in for."""
    if deputy == handle:
        raise Refused("own_deputy", handle=handle)
    actor = known_actor(tx, deputy)
    if actor.disabled_at is not None:
        raise Refused("actor_disabled", handle=deputy)
    if missing := sorted(set(roles.split()) - {role.value for role in actor.roles}):
        raise Refused("bad_deputy", handle=handle, deputy=deputy, wanted=missing)


def _stored(value: Any) -> Any:
    """Return a value as its column holds it."""
    if isinstance(value, datetime):
        return to_micros(value)
    return " ".join(cast(tuple[Role, ...], value)) if isinstance(value, tuple) else value


def _text(name: str, value: Any) -> str | None:
    """Return a column's value as the journal shows it."""
    if value is None:
        return None
    return from_micros(value).isoformat() if name in INSTANTS else str(value)
