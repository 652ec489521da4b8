"""Takes another system's history in: its cases lived through our lifecycle, each once, however often it is replayed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from engine.actors import IMPORT
from engine.commands.advance import retrying
from engine.commands.case_context import take
from engine.commands.open_case import OPEN, Opening, open_in
from engine.ledger.record import CaseRow, head_by_id, head_by_number
from engine.replay.due_steps import fire_until
from engine.replay.event_buffer import EventBuffer, Turn
from engine.replay.session import VIA, ReplayOptions, ReplaySession, Undo
from engine.replay.statistics import ReplayStatistics, keep, kept, key_of, tally_of
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from models.contact import Contact
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Refused

TOGETHER = 4_000
"""So many events are committed at once; a longer case is committed piece by piece."""

# History is told to nobody: of what happened, only how an open case came to stand where it stands is left to react to.
SUPPRESS_EVENTS = """
DELETE FROM outbox_event WHERE case_id = :case_id AND seq <> (
    SELECT max(seq) FROM transition WHERE case_id = :case_id AND (source <> dest OR seq = 1))
"""
SUPPRESS_ALL_EVENTS = "DELETE FROM outbox_event WHERE case_id = :case_id"

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Log:
    """What a log is to us: its name, what its cases become, and the manner in which it is replayed."""

    source: str
    kind: str
    pack: str
    options: ReplayOptions


def replay(store: Store, buffer: EventBuffer, log: Log, at: datetime, progress: Progress | None = None) -> None:
    """Live every case of a spooled log. Broken off and begun again it goes on where it stopped.

    Raises ``Refused('unknown_kind' | 'unknown_pack' | 'replayed_otherwise')``, and what refuses an opening
    (a limit that the pack leaves blank): then nothing of that group is written.
    """
    lifecycle_of(log.kind)
    for group in _groups(buffer.turns()):
        _group(store, buffer, log, group, at, progress)


def _groups(turns: Iterator[Turn]) -> Iterator[list[Turn]]:
    """Cases that are written together: as many as have so many events; a longer one alone."""
    group: list[Turn] = []
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
    store: Store, buffer: EventBuffer, log: Log, group: list[Turn], at: datetime, progress: Progress | None
) -> None:
    whole = False
    while not whole:

        def work() -> tuple[bool, int]:
            with store.writing() as tx:
                done = [_Taking(tx, store.secret, buffer, log, turn, to_micros(at)).take() for turn in group]
            return all(one.whole for one in done), sum(one.took for one in done)

        whole, took = retrying(work)
        if progress is not None:
            progress(took)


@dataclass(frozen=True, slots=True)
class _Done:
    """How a case stands after one transaction: how many events it took now, and whether none is left."""

    took: int
    whole: bool


@dataclass(slots=True)
class _Taking:
    """One case of a log within one transaction."""

    tx: Tx
    secret: bytes
    buffer: EventBuffer
    log: Log
    turn: Turn
    now: int

    def take(self) -> _Done:
        """Take its events, or as many as go into one transaction."""
        key, said = (
            key_of(self.secret, self.log.source, self.turn.case),
            self.buffer.digest(self.secret, self.turn.case),
        )
        before = kept(self.tx, key)
        if before is None:
            return self._careful_if_need_be(key, None, ReplayStatistics(said, self.log.options.bridge))
        case_id, statistics = before
        if statistics.bridge != self.log.options.bridge:
            raise Refused("replayed_otherwise", source=self.log.source, number=head_by_id(self.tx, case_id).number)
        if statistics.digest != said:
            raise Refused("other_history", source=self.log.source, number=head_by_id(self.tx, case_id).number)
        if statistics.events >= self.turn.events:
            return _Done(self.turn.events, whole=True)
        return self._careful_if_need_be(key, case_id, statistics)

    def _careful_if_need_be(self, key: str, case_id: int | None, statistics: ReplayStatistics) -> _Done:
        """Savepoints cost as much as the moves, so they are set only once a case has shown that it needs them."""
        before = statistics.text() if case_id is not None else ""
        try:
            with self.tx.savepoint():
                return self._live(key, case_id, statistics, careful=False)
        except Undo:
            again = tally_of(before) if before else ReplayStatistics(statistics.digest, statistics.bridge)
            return self._live(key, case_id, again, careful=True)

    def _live(self, key: str, case_id: int | None, statistics: ReplayStatistics, careful: bool) -> _Done:
        head = self._opened(statistics) if case_id is None else head_by_id(self.tx, case_id)
        hand = take(self.tx, head, self.now)
        begin = statistics.events
        ReplaySession(hand, statistics, self.log.options, careful).take(
            self.buffer.lines(self.turn.case, begin, TOGETHER)
        )
        whole = statistics.events >= self.turn.events
        if whole:
            fire_until(hand, self.now)
        keep(self.tx, key, statistics, head.id, head.version, again=case_id is not None)
        self.tx.run(SUPPRESS_ALL_EVENTS if head.closed else SUPPRESS_EVENTS, case_id=head.id)
        return _Done(statistics.events - begin, whole)

    def _opened(self, statistics: ReplayStatistics) -> CaseRow:
        """The case, opened by what its first event says, at its first instant at the latest."""
        first = next(iter(self.buffer.lines(self.turn.case, 0, 1)))
        said = self.buffer.opening(self.turn.case) | (dict(first.form) if first.move == OPEN else {})
        contact = _contact(said, self.turn.case, self._opened_at(said, statistics), self.log.options.wordless)
        opening = Opening(contact, self._kind(said), self.log.pack, actor=IMPORT, via=VIA, source=self.log.source)
        number = open_in(self.tx, self.secret, opening, from_micros(self.now)).number
        return head_by_number(self.tx, number)

    def _opened_at(self, said: Mapping[str, Any], statistics: ReplayStatistics) -> datetime:
        """When it was opened: an opening after the first event is a contradiction, and the event stands."""
        first = self.now if self.turn.first is None else min(self.turn.first, self.now)
        told = to_micros(datetime.fromisoformat(said["at"])) if said.get("at") else first
        if told > first:
            statistics.flag("opened_after_first_event", 0)
        return from_micros(min(told, first))

    def _kind(self, said: Mapping[str, Any]) -> str:
        """The nature of the contact where the log tells one of this lifecycle's, else the lifecycle's own name."""
        nature = str(said.get("nature"))
        return nature if nature in lifecycle_of(self.log.kind).natures else self.log.kind


def _contact(said: Mapping[str, Any], case: str, at: datetime, wordless: str) -> Contact:
    """The first contact as far as the log tells it; what no contact can hold is left out."""
    told = {name: said[name] for name in Contact.model_fields if said.get(name) is not None}
    told |= {"row_id": case, "at": at, "text": told.get("text", wordless)}
    try:
        return Contact.model_validate(told)
    except ValidationError as error:
        bad = {str(fault["loc"][0]) for fault in error.errors(include_input=False, include_url=False)}
        good = {name: value for name, value in told.items() if name not in bad}
        return Contact.model_validate({"row_id": case[:500], "at": at, "text": wordless} | good)
