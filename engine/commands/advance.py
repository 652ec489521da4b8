"""The one verb that moves a case: ``advance``, alone or in a group, idempotent by key.

The way of one move, top to bottom in this file:

    door (``advance``, ``advance_many``, ``advance_in``)
      → load     the case, its timers, the actor and the key, by one question (``load.py``)
      → decide   the lifecycle says whether the move is legal (``case_context.decide``, pure)
      → plan     the rows to be written, timers and due steps included (``plan.py``, pure)
      → write    one statement, or one for each table (``write.py``, ``move_sql.py``)
      → ``Answer``

A lone move, a group, a sweep and a replay differ only in how they load and write.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, TypeVar

from engine.actors import Acting, known_actor, refuse_unavailable
from engine.commands.case_context import CaseContext, decide
from engine.commands.load import Honoured, Loaded, Wanted, context_of, load_many, load_one, lock_cases
from engine.commands.plan import Plan, begin, plan_move, plan_until
from engine.commands.write import write
from engine.databases import Conflict
from engine.departments import check_department
from engine.ledger.chain import keyed
from engine.ledger.record import TransitionDraft, case_by_number
from engine.store import Store
from engine.timers.apply import OccurrenceUnknown
from engine.timers.reschedule import HistoryUnknown
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.form_model import ACTOR, DEPARTMENT, ON_CASE, OPEN_CASE, Form, marked
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle, Refused
from statemachines.roles import Role

T = TypeVar("T")

TRIES = 5
"""How often a move is tried that another transaction keeps overtaking."""

HANDED_ON = """
SELECT t.clause, t.policy, t.calendar, t.amount, t.unit, t.allowance, t.consumed, t.extended, t.opened_at, t.closed_at,
       t.steps_fired, t.level FROM timer t JOIN cases c ON c.id = t.case_id
 WHERE c.number = :number AND t.outcome = 'handed_on' ORDER BY t.id
"""


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
    """Move one case. Raises ``Refused`` with the reason and what is allowed now; then nothing was written.

    It is tried without a lock first: the statement that writes compares what was read. If another transaction was
    faster, it is tried again with the case locked.
    """
    with contextlib.suppress(Conflict), store.writing(optimistic=True) as tx:
        return _advance(tx, store.secret, command, at)
    return retrying(lambda: _locked(store, command, at))


def _locked(store: Store, command: Command, at: datetime) -> Answer:
    with store.writing() as tx:
        return advance_in(tx, store.secret, command, at)


def advance_in(tx: Tx, secret: bytes, command: Command, at: datetime) -> Answer:
    """Move one case within a transaction of the caller's. Raises ``Refused`` or ``Conflict``."""
    lock_cases(tx, [command.number])  # before the key is looked up: whoever holds the case may be honouring it
    return _advance(tx, secret, command, at)


def _advance(tx: Tx, secret: bytes, command: Command, at: datetime) -> Answer:
    result = load_and_plan(tx, secret, command, at)
    if isinstance(result, Answer):
        return result
    write(tx, [result])
    return _answer(result)


def advance_many(store: Store, commands: Sequence[Command], at: datetime) -> list[Answer | Refused]:
    """Move many cases in one transaction; a refused one is refused alone (law 1).

    Raises ``Refused`` where the database can do none of them.
    """
    return retrying(lambda: _together(store, commands, at))


def _together(store: Store, commands: Sequence[Command], at: datetime) -> list[Answer | Refused]:
    with store.writing() as tx:
        group = _Group(tx, store.secret, at)
        loaded = load_many(tx, [_wanted(command) for command in commands], to_micros(at))
        answers = [group.answer(command, one) for command, one in zip(commands, loaded, strict=True)]
        group.write()
        return answers


@dataclass(slots=True)
class _Group:
    """Commands in one transaction, and the plans that are not written yet."""

    tx: Tx
    secret: bytes
    at: datetime
    plans: list[Plan] = field(default_factory=list[Plan])
    touched: set[str] = field(default_factory=set[str])
    """The cases and keys that commands of the group have used: what was loaded of them may have changed."""

    def answer(self, command: Command, loaded: Loaded) -> Answer | Refused:
        """Plan one command. What an earlier one of the group may have changed is written and loaded again."""
        again = bool({command.number, command.key} & self.touched)
        if again:
            self.write()
        self.touched |= {command.number, command.key} if command.key else {command.number}
        try:
            return self._planned(command, None if again else loaded)
        except Refused as refused:
            return refused

    def _planned(self, command: Command, loaded: Loaded | None) -> Answer:
        case = loaded.case if loaded is not None else None
        if case is not None and _names_a_case(lifecycle_of(case.kind), command.move):
            self.write()
        result = load_and_plan(self.tx, self.secret, command, self.at, loaded)
        if isinstance(result, Answer):
            return result
        self.plans.append(result)
        return _answer(result)

    def write(self) -> None:
        """Write what is planned."""
        write(self.tx, self.plans)
        self.plans = []


def retrying(work: Callable[[], T]) -> T:
    """Try again what another transaction overtook. Raises ``Refused('contended')`` in the end."""
    for _ in range(TRIES):
        try:
            return work()
        except Conflict:
            continue
    raise Refused("contended", tries=TRIES)


def load_and_plan(tx: Tx, secret: bytes, command: Command, at: datetime, loaded: Loaded | None = None) -> Plan | Answer:
    """Load what a command needs, unless it was loaded with others, and plan it. Nothing is written.

    All of the case is loaded only if the move turns out to need it. Raises ``Refused``.
    """
    wanted, now = _wanted(command), to_micros(at)
    try:
        return plan_command(tx, secret, command, at, loaded or load_one(tx, wanted, now))
    except (HistoryUnknown, OccurrenceUnknown):
        return plan_command(tx, secret, command, at, load_one(tx, wanted, now, complete=True))


def plan_command(tx: Tx, secret: bytes, command: Command, at: datetime, loaded: Loaded) -> Plan | Answer:
    """Decide and plan a command; its first answer if its key was honoured. Nothing is written. Raises ``Refused``.

    ``tx`` is asked only for people and cases that the form names.
    """
    request_hash = _request_hash(secret, command) if command.key else ""
    if loaded.honoured is not None:
        return answered_before(loaded.honoured, command.key, request_hash)
    if loaded.actor is None:
        raise Refused("unknown_actor", handle=command.actor)
    refuse_unavailable(loaded.actor, to_micros(at))
    occurred_at = _occurred_at(command, at, loaded.actor)
    if loaded.case is None:
        raise Refused("unknown_case", number=command.number)
    context = context_of(loaded)
    plan, case = begin(context), context.case
    if command.if_seq is not None and command.if_seq != case.version:
        raise Refused("stale", number=command.number, expected=command.if_seq, seq=case.version)
    form = context.table.checked(command.move, command.form)
    historic = Role.IMPORT in loaded.actor.roles
    handed_on = check_named(tx, context, command.move, form, None if historic else to_micros(at))
    instant = context.now if occurred_at is None else occurred_at
    plan_until(context, plan, instant - 1)  # a step due at this very instant comes after the move (以内)
    row, actor = decide(context, command.move, form, loaded.actor).row, loaded.actor
    dest, now = row.dest or case.state, context.now
    draft = TransitionDraft(
        row.name, dest, form, actor.id, command.via, instant, now, inferred=command.inferred, row=row
    )
    plan_move(context, plan, draft, handed_on)
    if command.key:
        plan.key = {"key": command.key, "request_hash": request_hash, "case_id": case.id, "seq": case.version}
    return plan


def check_named(tx: Tx, context: CaseContext, move: str, form: Form, at: int | None) -> Sequence[Any]:
    """Check people, departments and cases that the form names; return the timers that the case it names handed on.

    Whoever is to have the work must be there at ``at``, in microseconds; None for history, whose owners may have left.
    Raises ``Refused('unknown_actor' | 'actor_disabled' | 'actor_absent' | 'unknown_department' | 'unknown_case' |
    'not_mergeable')``.
    """
    case, owners = context.case, marked(type(form), ON_CASE)
    for name in marked(type(form), ACTOR):
        if (handle := getattr(form, name)) is not None:
            person = known_actor(tx, handle)
            if at is not None and name in owners:
                refuse_unavailable(person, at)
    for name in marked(type(form), DEPARTMENT):
        check_department(tx, getattr(form, name))
    for name in marked(type(form), OPEN_CASE):
        other = case_by_number(tx, getattr(form, name))
        if other.closed or other.id == case.id or other.kind != case.kind:
            raise Refused("not_mergeable", number=other.number, kind=case.kind)
    if any(row.inherits_timers for row in context.table.rows[move]):
        return tx.rows(HANDED_ON, number=getattr(form, "case", ""))
    return ()


def _names_a_case(table: Lifecycle, move: str) -> bool:
    rows = table.rows.get(move, ())
    return any(row.inherits_timers or marked(row.form, OPEN_CASE) for row in rows)


def _wanted(command: Command) -> Wanted:
    return Wanted(command.number, command.move, command.actor, command.key)


def _occurred_at(command: Command, at: datetime, actor: Acting) -> int | None:
    """Return when the move occurred, in microseconds, if the command gives it and its actor may."""
    if command.occurred_at is None:
        return None
    occurred_at = to_micros(command.occurred_at)
    if occurred_at > to_micros(at):
        raise Refused("in_the_future", move=command.move)
    if Role.IMPORT not in actor.roles:
        raise Refused("no_backdating", actor=actor.handle)
    return occurred_at


def _request_hash(secret: bytes, command: Command) -> str:
    form = ", ".join(f"{quoted(name)}: {quoted(str(value))}" for name, value in sorted(command.form.items()))
    return keyed(secret, command.number, command.move, command.actor, f"{{{form}}}")  # as json.dumps spells it


def answered_before(honoured: Honoured, key: str | None, request_hash: str) -> Answer:
    """Return the first answer that a key was given. Raises ``Refused('key_reused')`` for another request."""
    if honoured.request_hash != request_hash:
        raise Refused("key_reused", key=key)
    return Answer(honoured.number, honoured.seq, honoured.state, honoured.level, again=True)


def _answer(plan: Plan) -> Answer:
    case = plan.case
    return Answer(case.number, case.version, case.state, case.level)
