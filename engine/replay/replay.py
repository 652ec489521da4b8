"""Replays another system's history: its cases are planned through our lifecycle, each once, however often it is run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from engine.actors import IMPORT, known_actor
from engine.commands.case_context import CaseContext, context_of
from engine.commands.check_form import check_named
from engine.commands.load import load_cases
from engine.commands.load_form import load_named, names_a_case
from engine.commands.load_promises import load_promises
from engine.commands.open_case import OPEN, Opening, plan_opening
from engine.commands.plan import Plan, begin, plan_until
from engine.commands.promise_effects import PromiseEffects, effects_of
from engine.commands.write import write
from engine.contention import retrying
from engine.ledger.record import case_by_id
from engine.replay.case_references import CaseReferences
from engine.replay.event_buffer import EventBuffer, LoggedCase
from engine.replay.session import VIA, Bridges, ReplayOptions, ReplaySession
from engine.replay.statistics import ReplayStatistics, keep, kept, key_of
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from models.contact import Contact
from statemachines.form_model import Form
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Move, Refused

TOGETHER = 4_000
"""How many events are committed at once; a longer case is committed piece by piece."""

# History is announced to nobody: reactions get only the last change of state of a case that is still open.
SUPPRESS_EVENTS = """
DELETE FROM outbox_event WHERE case_id = :case_id AND seq <> (
    SELECT max(seq) FROM transition WHERE case_id = :case_id AND (source <> dest OR seq = 1))
"""
SUPPRESS_ALL_EVENTS = "DELETE FROM outbox_event WHERE case_id = :case_id"

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class ReplayLog:
    """A log: its name, the kind and pack of its cases, and the options of its replay."""

    source: str
    kind: str
    pack: str
    options: ReplayOptions


def replay(store: Store, buffer: EventBuffer, log: ReplayLog, at: datetime, progress: Progress | None = None) -> None:
    """Replay every case of a buffered log. Interrupted and begun again it goes on where it stopped.

    Raises ``Refused('unknown_kind' | 'unknown_pack' | 'replayed_otherwise')``, and what refuses an opening
    (a limit that the pack leaves blank): then nothing of that group is written.
    """
    lifecycle_of(log.kind)
    turns, stalled = buffer.turns(), 0
    while True:
        groups = (_group(store, buffer, log, group, at, stalled, progress) for group in _groups(turns))
        done = [(events, waiting) for events, waiting in groups]
        waiting = [turn for _, turns_ in done for turn in turns_]
        if not waiting:
            return
        turns, stalled = iter(waiting), 0 if any(events for events, _ in done) else stalled + 1


def _groups(turns: Iterator[LoggedCase]) -> Iterator[list[LoggedCase]]:
    """Yield the cases that are written together: as many as have ``TOGETHER`` events; a longer one alone."""
    group: list[LoggedCase] = []
    events = 0
    for turn in turns:
        if group and events + turn.events > TOGETHER:
            yield group
            group, events = [], 0
        group.append(turn)
        events += turn.events
    if group:
        yield group


def _group(
    store: Store,
    buffer: EventBuffer,
    log: ReplayLog,
    group: list[LoggedCase],
    at: datetime,
    stalled: int,
    progress: Progress | None,
) -> tuple[int, list[LoggedCase]]:
    """Replay the cases of a group; return how many events were planned, and the cases that wait for others.

    ``stalled`` counts the rounds in which no case went on. See Note [Cases that wait] in ``case_references.py``.
    """
    events = 0
    while True:

        def work() -> list[_Progress]:
            with store.writing() as tx:
                replaying = _GroupReplay(tx, store.secret, buffer, log, to_micros(at), stalled)
                done = [replaying.plan_case(turn) for turn in group]
                replaying.write()
            return done

        done = retrying(work)
        planned = sum(case.events for case in done)
        events += planned
        if progress is not None:
            progress(planned)
        if all(case.whole or case.waits for case in done):
            return events, [turn for turn, case in zip(group, done, strict=True) if case.waits]


@dataclass(frozen=True, slots=True)
class _Progress:
    """What one transaction did for a case: how many events it planned, whether none is left, whether the next waits."""

    events: int
    whole: bool
    waits: bool = False


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is stored with a case that was planned: under which key, and whether something was stored before."""

    key: str
    statistics: ReplayStatistics
    context: CaseContext
    again: bool


@dataclass(slots=True)
class _GroupReplay:
    """The cases of a group within one transaction: planned one by one and written together."""

    tx: Tx
    secret: bytes
    buffer: EventBuffer
    log: ReplayLog
    now: int
    stalled: int
    plans: list[Plan] = field(default_factory=list[Plan])
    kept: list[_Kept] = field(default_factory=list[_Kept])
    bridges: Bridges = field(default_factory=Bridges)

    def plan_case(self, turn: LoggedCase) -> _Progress:
        """Plan the events of a case, or as many as go into one transaction."""
        key, digest = key_of(self.secret, self.log.source, turn.case), self.buffer.digest(self.secret, turn.case)
        before = kept(self.tx, key)
        if before is None:
            statistics = ReplayStatistics(digest, self.log.options.bridge)
            return self._plan(turn, key, None, statistics)
        case_id, statistics = before
        if statistics.bridge != self.log.options.bridge:
            raise Refused("replayed_otherwise", source=self.log.source, number=case_by_id(self.tx, case_id).number)
        if statistics.digest != digest:
            raise Refused("other_history", source=self.log.source, number=case_by_id(self.tx, case_id).number)
        if statistics.events >= turn.events:
            return _Progress(turn.events, whole=True)
        return self._plan(turn, key, case_id, statistics)

    def _plan(self, turn: LoggedCase, key: str, case_id: int | None, statistics: ReplayStatistics) -> _Progress:
        context, plan = self._opened(turn, statistics) if case_id is None else self._loaded(case_id)
        self.plans.append(plan)
        begun, options = statistics.events, self.log.options
        actor = known_actor(self.tx, IMPORT)
        opened = {entry.key: entry.context.case.id for entry in self.kept} | {key: context.case.id}
        references = CaseReferences(self.tx, self.secret, self.log.source, opened, self._write_plans, self.stalled)
        session = ReplaySession(
            *(context, plan, actor, statistics, options),
            *(self._check_named, self._read_effects, references, self.bridges),
        )
        waits = session.plan_events(self.buffer.lines(turn.case, begun, TOGETHER))
        whole = statistics.events >= turn.events
        if whole:
            plan_until(context, plan, self.now)
        self.kept.append(_Kept(key, statistics, context, again=case_id is not None))
        return _Progress(statistics.events - begun, whole, waits)

    def _loaded(self, case_id: int) -> tuple[CaseContext, Plan]:
        [loaded] = load_cases(self.tx, [case_id], self.now, complete=True)
        context = context_of(loaded)
        return context, begin(context)

    def _check_named(self, context: CaseContext, move: str, form: Form) -> Sequence[Any]:
        """Check people and cases that a form names, as for any other move; a case is read after it is written."""
        if names_a_case(context.table, move):
            self._write_plans()
        named = load_named(self.tx, context, move, form, history=True)
        check_named(context, form, named, history=True)
        return named.handed_on

    def _read_effects(self, context: CaseContext, row: Move, form: Form, at: int) -> PromiseEffects:
        """Read from the record what a move does to promises that have ended."""
        self._write_plans()
        promises = load_promises(self.tx, context, row.name, form, history=True, until=at)
        return effects_of(context, row, form, promises)

    def _write_plans(self) -> None:
        write(self.tx, self.plans, goes_on=True)

    def write(self) -> None:
        """Write what was planned, and what is kept beside each case."""
        self._write_plans()
        for entry in self.kept:
            case = entry.context.case
            keep(self.tx, entry.key, entry.statistics, case.id, case.version, again=entry.again)
        for closed, sql in ((True, SUPPRESS_ALL_EVENTS), (False, SUPPRESS_EVENTS)):
            cases = [entry.context.case for entry in self.kept if bool(entry.context.case.closed) == closed]
            self.tx.run_all(sql, [{"case_id": case.id} for case in cases])

    def _opened(self, turn: LoggedCase, statistics: ReplayStatistics) -> tuple[CaseContext, Plan]:
        """Open the case with what its first event says, at its first instant at the latest."""
        first = next(iter(self.buffer.lines(turn.case, 0, 1)))
        contents = self.buffer.opening(turn.case) | (dict(first.form) if first.move == OPEN else {})
        opened_at = self._opened_at(turn, contents, statistics)
        contact = _contact(contents, turn.case, opened_at, self.log.options.wordless)
        opening = Opening(
            *(contact, self._kind(contents), self.log.pack),
            actor=IMPORT,
            via=VIA,
            source=self.log.source,
            customer_id=contents.get("customer_id"),
        )
        return plan_opening(self.tx, self.secret, opening, from_micros(self.now))

    def _opened_at(self, turn: LoggedCase, contents: Mapping[str, Any], statistics: ReplayStatistics) -> datetime:
        """Return when it was opened: an opening after the first event is a contradiction, and the event stands."""
        first = self.now if turn.first is None else min(turn.first, self.now)
        opened_at = to_micros(datetime.fromisoformat(contents["at"])) if contents.get("at") else first
        if opened_at > first:
            statistics.flag("opened_after_first_event", 0)
        return from_micros(min(opened_at, first))

    def _kind(self, contents: Mapping[str, Any]) -> str:
        """Return the nature of the contact where the log names one of this lifecycle's, else the lifecycle's name."""
        nature = str(contents.get("nature"))
        return nature if nature in lifecycle_of(self.log.kind).natures else self.log.kind


def _contact(contents: Mapping[str, Any], case: str, at: datetime, wordless: str) -> Contact:
    """Return the first contact as far as the log has it; values that no contact can hold are left out."""
    values = {name: contents[name] for name in Contact.model_fields if contents.get(name) is not None}
    values |= {"row_id": case, "at": at, "text": values.get("text", wordless)}
    try:
        return Contact.model_validate(values)
    except ValidationError as error:
        bad = {str(fault["loc"][0]) for fault in error.errors(include_input=False, include_url=False)}
        good = {name: value for name, value in values.items() if name not in bad}
        return Contact.model_validate({"row_id": case[:500], "at": at, "text": wordless} | good)
