"""The one verb that moves a case: ``advance``, alone or in a group, idempotent by key."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, TypeVar

from engine.actors import Acting, acting
from engine.commands import prefetch as ahead
from engine.commands.case_context import CaseContext, take
from engine.commands.prefetch import KEY, KNOWN
from engine.databases import Conflict
from engine.ledger.chain import keyed
from engine.ledger.record import TransitionDraft, head_by_number, lock_cases
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.form_model import ACTOR, OPEN_CASE, Form, marked
from statemachines.lifecycle import Refused
from statemachines.roles import Role

T = TypeVar("T")

TRIES = 5
"""How often a move is tried that another transaction keeps overtaking."""

KEEP = "INSERT INTO idempotency_key (key, request_hash, case_id, seq) VALUES (:key, :request_hash, :case_id, :seq)"


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody wants a case to do.

    ``key`` makes it idempotent; ``if_seq`` refuses it if the case has moved since; ``occurred_at``
    may be given by an import alone (law 4).
    """

    number: str
    move: str
    form: Mapping[str, Any] = field(default_factory=dict[str, Any])
    actor: str = "system"
    via: str = "cli"
    key: str | None = None
    if_seq: int | None = None
    occurred_at: datetime | None = None
    inferred: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a command. ``again`` says that its key had been honoured before."""

    number: str
    seq: int
    state: str
    level: int
    again: bool = False


def advance(store: Store, command: Command, at: datetime) -> Answer:
    """Move one case. Raises ``Refused`` with the reason and what is allowed now; then nothing was written."""
    with contextlib.suppress(Conflict):
        return _optimistically(store, command, at)
    return retrying(lambda: _alone(store, command, at))


def _optimistically(store: Store, command: Command, at: datetime) -> Answer:
    """One question and, on Postgres, one statement without a lock: if another was faster, nothing is written."""
    with store.writing(optimistic=True) as tx:
        ahead.for_one(tx, command.number, command.move, command.actor, command.key)
        return advance_in(tx, store.secret, command, at)


def _alone(store: Store, command: Command, at: datetime) -> Answer:
    with store.writing() as tx:
        return advance_in(tx, store.secret, command, at)


def advance_many(store: Store, commands: Sequence[Command], at: datetime) -> list[Answer | Refused]:
    """Move many cases in one transaction; a refused one is refused alone (law 1).

    Raises ``Refused`` where the database can do none of them.
    """
    return retrying(lambda: _together(store, commands, at))


def _together(store: Store, commands: Sequence[Command], at: datetime) -> list[Answer | Refused]:
    with store.writing() as tx:
        ahead.for_many(tx, [(one.number, one.move) for one in commands], [one.key for one in commands if one.key])
        return [_or_refused(tx, store.secret, command, at) for command in commands]


def _or_refused(tx: Tx, secret: bytes, command: Command, at: datetime) -> Answer | Refused:
    try:
        with tx.savepoint():
            return advance_in(tx, secret, command, at)
    except Refused as refused:
        return refused


def retrying(work: Callable[[], T]) -> T:
    """Try again what another transaction overtook. Raises ``Refused('contended')`` in the end."""
    for _ in range(TRIES):
        try:
            return work()
        except Conflict:
            continue
    raise Refused("contended", tries=TRIES)


def advance_in(tx: Tx, secret: bytes, command: Command, at: datetime) -> Answer:
    """Move one case within a transaction of the caller's. Raises ``Refused`` or ``Conflict``."""
    body = _body(secret, command) if command.key else ""
    lock_cases(tx, [command.number])  # before the key is looked for: who has the case may be honouring it
    if command.key and (answer := answered_before(tx, command.key, body)):
        return answer
    actor = acting(tx, command.actor)
    told = _told(command, at, actor)
    hand = take(tx, head_by_number(tx, command.number), to_micros(at))
    occurred = hand.now if told is None else told
    if command.if_seq is not None and command.if_seq != hand.head.version:
        raise Refused("stale", number=command.number, expected=command.if_seq, seq=hand.head.version)
    form = hand.table.checked(command.move, command.form)
    _check_named(tx, hand, form)
    hand.fire_until(occurred - 1)  # what falls due at this very instant, the move may still keep (以内)
    decision = hand.decide(command.move, form, actor)
    row = decision.row
    hand.make(
        TransitionDraft(
            row.name, decision.dest, form, actor.id, command.via, occurred, hand.now, command.inferred, row=row
        )
    )
    if command.key:
        tx.put(KEEP, key=command.key, request_hash=body, case_id=hand.head.id, seq=hand.head.version)
    return Answer(hand.head.number, hand.head.version, hand.head.state, hand.head.level)


def _told(command: Command, at: datetime, actor: Acting) -> int | None:
    """When it happened, if somebody tells who may; in microseconds."""
    if command.occurred_at is None:
        return None
    occurred = to_micros(command.occurred_at)
    if occurred > to_micros(at):
        raise Refused("in_the_future", move=command.move)
    if Role.IMPORT not in actor.roles:
        raise Refused("no_backdating", actor=actor.handle)
    return occurred


def _check_named(tx: Tx, hand: CaseContext, form: Form) -> None:
    """People and cases that the form names are refused here, not found missing when they are wanted."""
    for name in marked(type(form), ACTOR):
        if (handle := getattr(form, name)) is not None:
            acting(tx, handle)
    for name in marked(type(form), OPEN_CASE):
        other = head_by_number(tx, getattr(form, name))
        if other.closed or other.id == hand.head.id or other.kind != hand.head.kind:
            raise Refused("not_mergeable", number=other.number, kind=hand.head.kind)


def _body(secret: bytes, command: Command) -> str:
    said = ", ".join(f"{quoted(name)}: {quoted(str(value))}" for name, value in sorted(command.form.items()))
    return keyed(secret, command.number, command.move, command.actor, f"{{{said}}}")  # as json.dumps spells it


def answered_before(tx: Tx, key: str, body: str) -> Answer | None:
    """The first answer that this key was given, if it was. Raises ``Refused('key_reused')`` for another body."""
    known = tx.ahead.pop((KEY, key)) if (KEY, key) in tx.ahead else tx.row(KNOWN, key=key)
    if known is None:
        return None
    if known.request_hash != body:
        raise Refused("key_reused", key=key)
    return Answer(known.number, known.seq, known.dest, known.level, again=True)
