"""Reads the histories of cases for an exported log, with the attribute names of the standards.

Note [Whole histories]: ``since`` selects the cases changed since then and exports each from its beginning. Part of a
history fits no lifecycle, and whoever updates a log replaces the whole cases.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import orjson

from engine.access.doors import door_of
from engine.calendars.calendar import Calendar
from engine.commands.open_case import OPEN
from engine.rules.in_force import Rules, rules_in
from engine.transaction import Tx
from models.columns import from_micros
from models.event_log import AT, CASE, LIFECYCLE, MOVE, WHO, History, TraceEvent, Value
from reports import throughput_times
from reports.current_names import state_of
from reports.event_log_queries import STEPS, TIMERS, CaseBatch, CaseFilter, case_batches, statements_of
from reports.pseudonymisation import Disclosure, Pseudonymisation, fields_of
from reports.throughput_times import Stopwatch, calendar_of
from statemachines.kinds import customer_kinds, lifecycle_of, lifecycles
from statemachines.lifecycle import Lifecycle

ACTORS = "SELECT id, handle, roles, department FROM actor ORDER BY id"
PARTY = "SELECT name AS customer, phone, email FROM party WHERE id = :id"

WORDS_TO_CUSTOMER = "words_to_customer"
"""The attribute of moves whose form held words to the customer, which no pseudonymised log contains (A5)."""
OF_CASE = (
    CASE, "kind", "pack", "channel", "customer_type", "party", "shipment", "category", "severity", "department",
    "owner", "state", "level", "cycle", "closed", "opened_at", "calendar",
)  # fmt: skip
OF_PARTY = ("customer", "phone", "email")
OF_MOVE = (
    MOVE, AT, LIFECYCLE, WHO, "org:role", "org:group", "seq", "source", "dest", "cycle", "level", "via", "inferred",
    "recorded_at", "lifecycle_version", WORDS_TO_CUSTOMER, *throughput_times.KEYS,
)  # fmt: skip
FORM, SAYS = "form:", "said:"
"""The prefixes of the attributes for a form's fields, and for those whose content is a statement."""
COMPLETE = "complete"
"""The lifecycle phase of every move: a move has no duration."""
PLAIN_COLUMNS = (
    "kind", "pack", "channel", "customer_type", "category", "severity", "department", "state", "level", "cycle",
)  # fmt: skip


def timer_id(number: str, row: Any) -> str:
    """Return the id of a timer in a log: case, clause, cycle and occurrence."""
    return f"{number}/{row.clause}/{row.cycle}/{row.occurrence}"


def department_id(code: str) -> str:
    """Return the id of a department in a log."""
    return f"d-{code}"


@dataclass
class EventLogReader:
    """Reads one snapshot of a store for a log. ``cases`` and ``moves`` count what was read so far.

    With ``linked`` each move names the objects it refers to, for an object-centric log.
    """

    tx: Tx
    pseudonymisation: Pseudonymisation
    case_filter: CaseFilter
    linked: bool = False
    cases: int = 0
    moves: int = 0
    rules: Rules = field(init=False)
    actors: dict[int, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.rules = rules_in(self.tx)
        self.actors = {row.id: row for row in self.tx.rows(ACTORS)}

    def histories(self) -> Iterator[History]:
        """Yield the cases by id, each with its moves by sequence. Consume a history's moves before the next history."""
        for batch in case_batches(self.tx, self.case_filter):
            timers = batch.by_case(TIMERS)
            steps = batch.by_case(STEPS) if self.linked else {}
            by_case = groupby(self._moves(batch), key=lambda move: move[0].case_id)
            next_case = next(by_case, None)
            for case in batch.cases:
                calendar = self.calendar(case, timers.get(case.id, ()))
                moves = next_case[1] if next_case is not None and next_case[0] == case.id else iter(())
                stopwatch = Stopwatch(calendar, case.opened_at)
                fired = {row.seq: timer_id(case.number, row) for row in steps.get(case.id, ())}
                self.cases += 1
                yield History(self.of_case(case, calendar.name), self._events(case, moves, stopwatch, fired))
                if next_case is not None and next_case[0] == case.id:
                    next_case = next(by_case, None)

    def calendar(self, case: Any, timers: Sequence[Any]) -> Calendar:
        """Return the calendar of the case's working time."""
        return calendar_of(self.rules, case.pack, case.opened_at, timers)

    def of_case(self, case: Any, calendar: str) -> dict[str, Value]:
        """Return the attributes of a case, without those that have no value."""
        values: dict[str, Any] = {CASE: case.number} | {name: getattr(case, name) for name in PLAIN_COLUMNS}
        values["state"] = state_of(case.kind, case.state)
        values |= {"party": self.party(case), "shipment": self.shipment(case)}
        values["owner"] = self.pseudonymisation.actor(case.owner) if case.owner else None
        values |= {"closed": bool(case.closed), "opened_at": from_micros(case.opened_at), "calendar": calendar}
        if self.pseudonymisation.whole and case.party_id is not None:
            values |= self.tx.row(PARTY, id=case.party_id)._asdict()
        return {name: value for name, value in values.items() if value is not None}

    def party(self, case: Any) -> str | None:
        """Return the pseudonym of the customer if it may be exported."""
        return (
            self.pseudonymisation.party(case.person)
            if case.person is not None and self._exports_parties(case)
            else None
        )

    def shipment(self, case: Any) -> str | None:
        """Return the pseudonym of the shipment if it may be exported."""
        return self.pseudonymisation.shipment(case.shipment) if case.shipment and self._exports_parties(case) else None

    def _exports_parties(self, case: Any) -> bool:
        """Whether party and shipment may be exported: not for internal kinds, or pseudonyms would link reports (F2)."""
        return self.pseudonymisation.whole or case.kind in customer_kinds()

    def _moves(self, batch: CaseBatch) -> Iterator[tuple[Any, dict[str, str]]]:
        """Yield each move with its statements, if they may be exported."""
        for rows in batch.moves():
            texts = statements_of(self.tx, rows) if self.pseudonymisation.whole else {}
            for row in rows:
                yield row, texts.get((row.case_id, row.seq), {})

    def _events(
        self, case: Any, moves: Iterator[tuple[Any, dict[str, str]]], stopwatch: Stopwatch, fired: dict[int, str]
    ) -> Iterator[TraceEvent]:
        table = lifecycle_of(case.kind)
        for recorded, recorded_texts in moves:
            self.moves += 1
            row, texts = _current(table, recorded), table.resolved_form(recorded.move, recorded_texts)
            values = self._of_move(row) | stopwatch.at(row.occurred_at).attributes()
            recorded_form = orjson.loads(row.form)
            if _speaks(table, row.move, recorded_form):
                values[WORDS_TO_CUSTOMER] = True
            form = self.pseudonymisation.form(case.kind, row.move, recorded_form)
            values |= {FORM + name: value for name, value in form.items()}
            values |= {SAYS + name: text for name, text in texts.items()}
            yield TraceEvent(row.seq, values, self._objects_of(case, row, fired) if self.linked else ())

    def _of_move(self, row: Any) -> dict[str, Value]:
        actor = self.actors[row.actor_id]
        values: dict[str, Value] = {
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
            "via": door_of(row.via),
            "inferred": bool(row.inferred),
            "recorded_at": from_micros(row.recorded_at),
            "lifecycle_version": row.lifecycle,
        }
        if not actor.department:
            del values["org:group"]
        return values

    def _objects_of(self, case: Any, row: Any, fired: dict[int, str]) -> tuple[tuple[str, str], ...]:
        """Return the actor and department of a move, the timer that fired; for the opening also party and shipment."""
        actor = self.actors[row.actor_id]
        objects = [(self.pseudonymisation.actor(actor.handle), "made_by")]
        if actor.department:
            objects.append((department_id(actor.department), "made_in"))
        if row.seq in fired:
            objects.append((fired[row.seq], "fired_by"))
        return (*objects, *self.parties_of(case)) if row.move == OPEN else tuple(objects)

    def parties_of(self, case: Any) -> Iterator[tuple[str, str]]:
        """Yield the customer and the shipment of a case."""
        if (party := self.party(case)) is not None:
            yield party, "of_party"
        if (shipment := self.shipment(case)) is not None:
            yield shipment, "about_shipment"


def _speaks(table: Lifecycle, move: str, form: Mapping[str, Any]) -> bool:
    """Return whether the form of a recorded move holds words to the customer."""
    return any(name in form for row in table.rows.get(move, ()) if row.speaks for name in row.speaks.fields)


def _current(table: Lifecycle, row: Any) -> Any:
    """Return a transition under the names of today, so that a log has one name for one thing."""
    if not table.retired:
        return row
    resolver = table.resolver
    form = orjson.dumps(table.resolved_form(row.move, orjson.loads(row.form)))
    return row._replace(
        move=resolver.move(row.move), source=resolver.state(row.source), dest=resolver.state(row.dest), form=form
    )


def case_keys(pseudonymisation: Pseudonymisation) -> tuple[str, ...]:
    """Return the names of all attributes of a case."""
    return OF_CASE + (OF_PARTY if pseudonymisation.whole else ())


def move_keys(pseudonymisation: Pseudonymisation, case_filter: CaseFilter) -> tuple[str, ...]:
    """Return the names of all attributes of a move of the selected kinds."""
    kinds = [lifecycle_of(case_filter.kind)] if case_filter.kind else list(lifecycles().values())
    names: dict[str, None] = {}
    for table in kinds:
        for move in (OPEN, *table.rows):
            names |= dict.fromkeys(_names(pseudonymisation, fields_of(table.kind, move)))
    return (*OF_MOVE, *names)


def _names(pseudonymisation: Pseudonymisation, fields: dict[str, Disclosure]) -> Iterator[str]:
    for name, sort in fields.items():
        if sort is Disclosure.WORDS:
            yield from [SAYS + name] if pseudonymisation.whole else []
        elif sort is not Disclosure.FREE or pseudonymisation.whole:
            yield FORM + name
