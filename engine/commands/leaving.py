"""Disables an actor and hands on the open cases that he owns, so that nothing waits for somebody who left."""

import contextlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.actors import COLUMNS, SYSTEM, Acting, acting, acting_of
from engine.commands.advance_many import advance_many
from engine.commands.command import Answer, Command
from engine.commands.staffing import person_of, refuse_without_administrator
from engine.contention import retrying
from engine.ledger.journal import journal_row
from engine.saved_filters import erase_filters
from engine.store import Store
from engine.transaction import Tx
from statemachines.refused import Refused
from statemachines.roles import Role

VIA = "staffing"
"""The ``via`` of the moves that hand on the cases of somebody who leaves."""
GROUP = 100
"""Cases handed on in one transaction, so that other writers get their turn."""

OWNED = "SELECT number, version, department FROM cases WHERE owner = :handle AND NOT closed ORDER BY id"
STAFF = f"SELECT {COLUMNS} FROM actor WHERE disabled_at IS NULL ORDER BY handle"
LOAD = "SELECT owner, count(*) AS n FROM cases WHERE NOT closed AND owner IS NOT NULL GROUP BY owner"
FREE_CALLBACKS = (
    "UPDATE callback SET owner = NULL WHERE owner = :handle AND done_at IS NULL RETURNING case_id, cycle, attempt"
)


@dataclass(frozen=True, slots=True)
class HandedOn:
    """What became of the open cases of somebody who left: (case, new owner), and (case, why it could not be)."""

    cases: tuple[tuple[str, str], ...] = ()
    left: tuple[tuple[str, str], ...] = ()


def disable(store: Store, handle: str, by: str, at: datetime, to: str | None = None, reason: str = "") -> HandedOn:
    """Disable an actor and hand on his open cases; called again, it goes on where it was interrupted.

    A case goes to ``to`` if he is named, and with him to his department; else to the actor's deputy, else to the least
    busy handler of its department, else to the actor's boss, of whom the first is asked who may own its cases. Each is
    an ordinary ``assign`` of the case, made as the system under a key; a case whose lifecycle has none in its state, or
    for which nobody is there, is named in ``left``, and asks whoever holds the role that it awaits. Raises what
    ``change_actor`` raises.
    """
    successors = retrying(lambda: _disable(store, handle, by, at, to))
    with store.looking() as tx:
        owned = tx.rows(OWNED, handle=handle)
    commands, left = list[Command](), list[tuple[str, str]]()
    for row in owned:
        owner, department = successors.of(row.department)
        if owner and department:
            commands.append(_assign(row, department, owner, reason))
        else:
            left.append((row.number, "nobody_there"))
    handed = list[tuple[str, str]]()
    for begin in range(0, len(commands), GROUP):
        group = commands[begin : begin + GROUP]
        for command, answer in zip(group, advance_many(store, group, at), strict=True):
            if isinstance(answer, Answer):
                handed.append((command.number, command.form["owner"]))
            else:
                left.append((command.number, answer.code))
    return HandedOn(tuple(handed), tuple(left))


def enable(store: Store, handle: str, by: str, at: datetime) -> list[str]:
    """Let a disabled actor act again; return what changed. His former cases stay where they are."""
    with store.writing() as tx:
        person = person_of(tx, handle, by, at)
        person.put("disabled_at", None)
        return person.changes


@dataclass(slots=True)
class _Successors:
    """Who gets the cases of somebody who leaves: one person, or the handlers of each department by their load."""

    named: Acting | None
    deputy: Acting | None
    boss: Acting | None
    handlers: dict[str, list[str]]
    load: Counter[str]

    def of(self, department: str | None) -> tuple[str | None, str | None]:
        """Return the next owner of a case of that department, and the department under which he gets it."""
        if self.named is not None:
            return self.named.handle, self.named.department or department
        if deputy := _serving(self.deputy, department):
            return deputy.handle, department or deputy.department
        if handlers := self.handlers.get(department or ""):
            owner = min(handlers, key=lambda handle: (self.load[handle], handle))
            self.load[owner] += 1
            return owner, department
        if boss := _serving(self.boss, department):
            return boss.handle, department or boss.department
        return None, department


def _serving(actor: Acting | None, department: str | None) -> Acting | None:
    """Return the actor if he may own the cases of a department: he belongs to it, or to none."""
    serves = actor is not None and (department is None or actor.department in {None, department})
    return actor if serves else None


def _disable(store: Store, handle: str, by: str, at: datetime, to: str | None) -> _Successors:
    with store.writing() as tx:
        person = person_of(tx, handle, by, at)
        row, now = person.row, person.at
        named = None if to is None else acting(tx, to, now)
        if to == handle:
            raise Refused("own_deputy", handle=handle)
        person.put("disabled_at", row.disabled_at or now)
        refuse_without_administrator(tx, handle)
        erase_filters(tx, row.id)
        for freed in tx.rows(FREE_CALLBACKS, handle=handle):
            journal_row(tx, "callback", freed, by, now)
        deputy, boss = _there(tx, row.deputy, now), _there(tx, row.boss, now)
        handlers: dict[str, list[str]] = {}
        for actor in map(acting_of, tx.rows(STAFF)):
            if actor.department and Role.HANDLER in actor.roles and not actor.away(now):
                handlers.setdefault(actor.department, []).append(actor.handle)
        load = Counter({counted.owner: counted.n for counted in tx.rows(LOAD)})
        return _Successors(named, deputy, boss, handlers, load)


def _there(tx: Tx, handle: str | None, at: int) -> Acting | None:
    with contextlib.suppress(Refused):
        return None if handle is None else acting(tx, handle, at)
    return None


def _assign(row: Any, department: str, owner: str, reason: str) -> Command:
    form = {"department": department, "owner": owner} | ({"reason": reason} if reason else {})
    return Command(row.number, "assign", form, SYSTEM, VIA, f"{VIA}:{row.number}:{row.version}:{owner}")
