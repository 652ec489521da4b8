"""Tells whole histories for a log that leaves the house: cases and moves under the names that logs have for them.

Note [Whole histories]: ``since`` chooses the cases that have moved since then and tells each from its beginning. Half a
history fits no lifecycle; and who keeps a log up to date replaces the cases that he is given.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import orjson

from engine.calendars.calendar import Calendar
from engine.commands.open_case import OPEN
from engine.rules.in_force import Rules, rules_in
from engine.transaction import Tx
from models.columns import from_micros
from models.event_log import AT, CASE, LIFECYCLE, MOVE, WHO, History, TraceEvent, Value
from reports import durations
from reports.current_names import state_of
from reports.durations import Stopwatch, calendar_of
from reports.event_log_pages import CLOCKS, RUNGS, Page, Wanted, pages, said
from reports.lookups import customer_kinds
from reports.pseudonymisation import Field, Pseudonymisation, fields_of
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.lifecycle import Lifecycle

ACTORS = "SELECT id, handle, roles, department FROM actor ORDER BY id"
PARTY = "SELECT name AS customer, phone, email FROM party WHERE id = :id"

OF_CASE = (
    CASE, "kind", "pack", "channel", "customer_type", "party", "shipment", "category", "severity", "department",
    "owner", "state", "level", "cycle", "closed", "opened_at", "calendar",
)  # fmt: skip
OF_PARTY = ("customer", "phone", "email")
OF_MOVE = (
    MOVE, AT, LIFECYCLE, WHO, "org:role", "org:group", "seq", "source", "dest", "cycle", "level", "via", "inferred",
    "recorded_at", "lifecycle_version", *durations.KEYS,
)  # fmt: skip
FORM, SAYS = "form:", "said:"
"""What stands before the name of a form's field, and before one whose content is a statement."""
COMPLETE = "complete"
"""A move is made at one instant: of the phases that the lifecycle extension knows it has this one."""
PLAIN_COLUMNS = (
    "kind", "pack", "channel", "customer_type", "category", "severity", "department", "state", "level", "cycle",
)  # fmt: skip


def timer_id(number: str, row: Any) -> str:
    """By what a clock is known outside: its case, clause, cycle and turn."""
    return f"{number}/{row.clause}/{row.cycle}/{row.occurrence}"


def department_id(code: str) -> str:
    """By what a department is known among the objects of a log."""
    return f"d-{code}"


@dataclass
class Telling:
    """One moment of a store as it is told. ``cases`` and ``moves`` count what was told so far.

    ``linked`` moves name the objects they touch, for an object-centric log.
    """

    tx: Tx
    pseudonymisation: Pseudonymisation
    wanted: Wanted
    linked: bool = False
    cases: int = 0
    moves: int = 0
    rules: Rules = field(init=False)
    actors: dict[int, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.rules = rules_in(self.tx)
        self.actors = {row.id: row for row in self.tx.rows(ACTORS)}

    def histories(self) -> Iterator[History]:
        """The cases by id, each with its moves by sequence. Each history's moves are read before the next history."""
        for page in pages(self.tx, self.wanted):
            clocks = page.by_case(CLOCKS)
            rungs = page.by_case(RUNGS) if self.linked else {}
            told = groupby(self._moves(page), key=lambda one: one[0].case_id)
            ahead = next(told, None)
            for case in page.cases:
                place = self.calendar(case, clocks.get(case.id, ()))
                found = ahead[1] if ahead is not None and ahead[0] == case.id else iter(())
                watch = Stopwatch(place, case.opened_at)
                fired = {row.seq: timer_id(case.number, row) for row in rungs.get(case.id, ())}
                self.cases += 1
                yield History(self.of_case(case, place.name), self._deeds(case, found, watch, fired))
                if ahead is not None and ahead[0] == case.id:
                    ahead = next(told, None)

    def calendar(self, case: Any, clocks: Sequence[Any]) -> Calendar:
        """By which calendar the case's working time is counted."""
        return calendar_of(self.rules, case.pack, case.opened_at, clocks)

    def of_case(self, case: Any, calendar: str) -> dict[str, Value]:
        """The attributes of a case; what is not known is not told."""
        told: dict[str, Any] = {CASE: case.number} | {name: getattr(case, name) for name in PLAIN_COLUMNS}
        told["state"] = state_of(case.kind, case.state)
        told |= {"party": self.party(case), "shipment": self.shipment(case)}
        told["owner"] = self.pseudonymisation.actor(case.owner) if case.owner else None
        told |= {"closed": bool(case.closed), "opened_at": from_micros(case.opened_at), "calendar": calendar}
        if self.pseudonymisation.whole and case.party_id is not None:
            told |= self.tx.row(PARTY, id=case.party_id)._asdict()
        return {name: value for name, value in told.items() if value is not None}

    def party(self, case: Any) -> str | None:
        """The customer, where he may be told of."""
        return self.pseudonymisation.party(case.party_id) if case.party_id is not None and self._open(case) else None

    def shipment(self, case: Any) -> str | None:
        """The shipment, where it may be told of."""
        return self.pseudonymisation.shipment(case.shipment) if case.shipment and self._open(case) else None

    def _open(self, case: Any) -> bool:
        """Work among ourselves: who reported it is not even told by a pseudonym that his complaints bear, too (F2)."""
        return self.pseudonymisation.whole or case.kind in customer_kinds()

    def _moves(self, page: Page) -> Iterator[tuple[Any, dict[str, str]]]:
        """Each move with what was said with it, where that may be told."""
        for found in page.moves():
            texts = said(self.tx, found) if self.pseudonymisation.whole else {}
            for row in found:
                yield row, texts.get((row.case_id, row.seq), {})

    def _deeds(
        self, case: Any, found: Iterator[tuple[Any, dict[str, str]]], watch: Stopwatch, fired: dict[int, str]
    ) -> Iterator[TraceEvent]:
        table = lifecycle_of(case.kind)
        for recorded, recorded_texts in found:
            self.moves += 1
            row, texts = _current(table, recorded), table.resolved_form(recorded.move, recorded_texts)
            told = self._of_move(row) | watch.at(row.occurred_at).told()
            form = self.pseudonymisation.form(case.kind, row.move, orjson.loads(row.form))
            told |= {FORM + name: value for name, value in form.items()}
            told |= {SAYS + name: text for name, text in texts.items()}
            yield TraceEvent(row.seq, told, self._concerns(case, row, fired) if self.linked else ())

    def _of_move(self, row: Any) -> dict[str, Value]:
        actor = self.actors[row.actor_id]
        told: dict[str, Value] = {
            MOVE: row.move,
            AT: from_micros(row.occurred_at),
            LIFECYCLE: COMPLETE,
            WHO: self.pseudonymisation.actor(actor.handle),
            "org:role": actor.roles,
            "org:group": actor.department,
            "seq": row.seq,
            "source": row.source,
            "dest": row.dest,
            "cycle": row.cycle,
            "level": row.level,
            "via": row.via,
            "inferred": bool(row.inferred),
            "recorded_at": from_micros(row.recorded_at),
            "lifecycle_version": row.lifecycle,
        }
        if not actor.department:
            del told["org:group"]
        return told

    def _concerns(self, case: Any, row: Any, fired: dict[int, str]) -> tuple[tuple[str, str], ...]:
        """Who made it and where he works, the clock that fired; with the opening, whose case it is and about what."""
        actor = self.actors[row.actor_id]
        found = [(self.pseudonymisation.actor(actor.handle), "made_by")]
        if actor.department:
            found.append((department_id(actor.department), "made_in"))
        if row.seq in fired:
            found.append((fired[row.seq], "fired_by"))
        return (*found, *self.company(case)) if row.move == OPEN else tuple(found)

    def company(self, case: Any) -> Iterator[tuple[str, str]]:
        """Whose case it is, and whose goods it is about."""
        if (party := self.party(case)) is not None:
            yield party, "of_party"
        if (shipment := self.shipment(case)) is not None:
            yield shipment, "about_shipment"


def _current(table: Lifecycle, row: Any) -> Any:
    """A transition under the names of today, so that one log speaks one language."""
    if not table.retired:
        return row
    resolver = table.resolver
    form = orjson.dumps(table.resolved_form(row.move, orjson.loads(row.form)))
    return row._replace(
        move=resolver.move(row.move), source=resolver.state(row.source), dest=resolver.state(row.dest), form=form
    )


def case_keys(pseudonymisation: Pseudonymisation) -> tuple[str, ...]:
    """The names of all that may be told of a case."""
    return OF_CASE + (OF_PARTY if pseudonymisation.whole else ())


def move_keys(pseudonymisation: Pseudonymisation, wanted: Wanted) -> tuple[str, ...]:
    """The names of all that may be told of a move of the kinds that are wanted."""
    kinds = [lifecycle_of(wanted.kind)] if wanted.kind else list(lifecycles().values())
    found: dict[str, None] = {}
    for table in kinds:
        for move in (OPEN, *table.rows):
            found |= dict.fromkeys(_names(pseudonymisation, fields_of(table.kind, move)))
    return (*OF_MOVE, *found)


def _names(pseudonymisation: Pseudonymisation, fields: dict[str, Field]) -> Iterator[str]:
    for name, sort in fields.items():
        if sort is Field.WORDS:
            yield from [SAYS + name] if pseudonymisation.whole else []
        elif sort is not Field.FREE or pseudonymisation.whole:
            yield FORM + name
