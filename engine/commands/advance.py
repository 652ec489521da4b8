"""The one verb that moves a case: ``advance``, idempotent by key; of a group ``advance_many.py``.

The way of one move, top to bottom in this file:

    door (``advance``, ``advance_in``)
      → check    the command by itself (``command.py``)
      → load     the case, its timers, the actor and the key, by one question (``load.py``)
      → begin    who acts when on which case, by which form
      → load     what the form names and the record answers; for most forms nothing (``load_form.py``)
      → check    the form completed (``complete_form.py``) and against what was read (``check_form.py``)
      → decide   what is due first, then whether the move is legal (``check_move.py``, ``decide.py``)
      → plan     the rows to be written, timers and promises included (``plan.py``, ``promise_effects.py``)
      → write    one statement, or one for each table (``write.py``, ``move_sql.py``)
      → ``Answer``

Only what loads and writes has a transaction; every other step is a function of values. A lone move, a group, a sweep
and a replay differ only in how they load and write.
"""

import contextlib
from datetime import datetime
from typing import NamedTuple

from engine.actors import Acting, refuse_unavailable
from engine.commands.case_context import CaseContext, Loaded, context_of
from engine.commands.check_form import check_form
from engine.commands.check_move import allowed_row
from engine.commands.command import Answer, Command, answered_before, check_command, request_hash
from engine.commands.complete_form import completed
from engine.commands.form_facts import FormFacts
from engine.commands.load import load_one, lock_cases
from engine.commands.load_form import load_facts
from engine.commands.plan import Plan, begin, plan_move, plan_until
from engine.commands.promise_effects import effects_of
from engine.commands.refused_attempts import Attempt, keep_attempts
from engine.commands.write import write
from engine.contention import in_transaction
from engine.databases import Conflict
from engine.ledger.record import TransitionDraft
from engine.store import Store
from engine.timers.apply import OccurrenceUnknown, SpentPartsUnknown
from engine.timers.set_back import HistoryUnknown
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.customer_messages import reaches_customer
from statemachines.form_model import Form
from statemachines.lifecycle import Refused
from statemachines.roles import Role


def advance(store: Store, command: Command, at: datetime) -> Answer:
    """Move one case. Raises ``Refused`` with the reason and what is allowed now; then nothing was written.

    It is tried without a lock first: the statement that writes compares what was read. If another transaction was
    faster, it is tried again with the case locked. A refusal is kept beside the record (``refused_attempts``).
    """
    check_command(command)
    try:
        with contextlib.suppress(Conflict), store.writing(optimistic=True) as tx:
            return _advance(tx, store.secret, command, at)
        return in_transaction(store, lambda tx: advance_in(tx, store.secret, command, at))
    except Refused as refused:
        keep_attempts(store, [attempt_of(command, refused)], at)
        raise


def advance_in(tx: Tx, secret: bytes, command: Command, at: datetime) -> Answer:
    """Move one case within a transaction of the caller's. Raises ``Refused`` or ``Conflict``."""
    check_command(command)
    lock_cases(tx, [command.number])  # before the key is looked up: whoever holds the case may be honouring it
    return _advance(tx, secret, command, at)


def _advance(tx: Tx, secret: bytes, command: Command, at: datetime) -> Answer:
    result = load_and_plan(tx, secret, command, at)
    if isinstance(result, Answer):
        return result
    write(tx, [result])
    return answer_of(result)


def attempt_of(command: Command, refused: Refused) -> Attempt:
    """Return what is kept of a command that was refused."""
    return Attempt(command.number, command.move, command.actor, command.via, refused)


def load_and_plan(tx: Tx, secret: bytes, command: Command, at: datetime, loaded: Loaded | None = None) -> Plan | Answer:
    """Load what a command needs, unless it was loaded with others, and plan it. Nothing is written.

    All of the case is loaded only if the move turns out to need it. Raises ``Refused``.
    """
    try:
        return _load_and_plan(tx, secret, command, loaded or load_one(tx, command.wanted, to_micros(at)))
    except (HistoryUnknown, OccurrenceUnknown, SpentPartsUnknown):
        return _load_and_plan(tx, secret, command, load_one(tx, command.wanted, to_micros(at), complete=True))


def _load_and_plan(tx: Tx, secret: bytes, command: Command, loaded: Loaded) -> Plan | Answer:
    """Load what the form needs and plan the command; return its first answer if its key was honoured."""
    request = request_hash(secret, command) if command.key else ""
    if loaded.honoured is not None:
        return answered_before(loaded.honoured, command.key, request)
    begun = begin_move(command, loaded)
    facts = load_facts(tx, begun.context, command, begun.form, begun.actor)
    plan = plan_command(begun, facts)
    if command.key:
        plan.key = {"key": command.key, "request_hash": request, "case_id": plan.case.id, "seq": plan.case.version}
    return plan


class Begun(NamedTuple):
    """A command whose actor, case and form were found, and the plan that it begins.

    ``occurred_at`` is in microseconds, None for now. The form is as it was given.
    """

    command: Command
    actor: Acting
    occurred_at: int | None
    context: CaseContext
    plan: Plan
    form: Form


def begin_move(command: Command, loaded: Loaded) -> Begun:
    """Find out who acts when on which case, by which form. Raises ``Refused``."""
    if loaded.actor is None:
        raise Refused("unknown_actor", handle=command.actor)
    refuse_unavailable(loaded.actor, loaded.around.now)
    occurred_at = _occurred_at(command, loaded.around.now, loaded.actor)
    if loaded.case is None:
        raise Refused("unknown_case", number=command.number)
    context = context_of(loaded)
    if command.if_seq is not None and command.if_seq != context.case.version:
        raise Refused("stale", number=command.number, expected=command.if_seq, seq=context.case.version)
    plan = begin(context)
    return Begun(command, loaded.actor, occurred_at, context, plan, context.table.checked(command.move, command.form))


def _occurred_at(command: Command, now: int, actor: Acting) -> int | None:
    """Return when the move occurred, if the command gives it and its actor may; ``now`` too is in microseconds."""
    if command.occurred_at is None:
        return None
    occurred_at = to_micros(command.occurred_at)
    if occurred_at > now:
        raise Refused("in_the_future", move=command.move)
    if Role.IMPORT not in actor.roles:
        raise Refused("no_backdating", actor=actor.handle)
    return occurred_at


def plan_command(begun: Begun, facts: FormFacts) -> Plan:
    """Check, decide and plan a command by what was read of its case and its form. Raises ``Refused``."""
    command, actor, occurred_at, context, plan, given = begun
    case, move, history = context.case, command.move, Role.IMPORT in actor.roles
    form = completed(case, context.table.rows[move][0], given, facts.recorded, history=history)
    check_form(context, move, form, facts, history=history)
    instant = context.now if occurred_at is None else occurred_at
    plan_until(context, plan, instant - 1)  # a step due at this very instant comes after the move (以内)
    row = allowed_row(context, move, form, actor, facts)
    effects = effects_of(context, row, form, facts.promises)
    draft = TransitionDraft(
        row.name, row.dest or case.state, form, actor.id, command.via, instant, context.recorded_at,
        inferred=command.inferred, row=row, reaches_customer=reaches_customer(row, form),
        by_clock=occurred_at is None, meets=effects.meets,
    )  # fmt: skip
    plan_move(context, plan, draft, facts.named.handed_on, effects.reopened, effects.settled)
    return plan


def answer_of(plan: Plan) -> Answer:
    """Return what becomes of the command whose plan this is, once it is written."""
    case = plan.case
    return Answer(case.number, case.version, case.state, case.level)
