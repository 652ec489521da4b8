"""The one verb that moves a case: ``advance``, idempotent by key; of a group ``advance_many.py``.

The way of one move, top to bottom in this file:

    door (``advance``, ``advance_in``)
      → load     the case, its timers, the actor and the key, by one question (``load.py``)
      → decide   the lifecycle says whether the move is legal (``decide.py``, pure)
      → plan     the rows to be written, timers and due steps included (``plan.py``, pure)
      → write    one statement, or one for each table (``write.py``, ``move_sql.py``)
      → ``Answer``

A lone move, a group, a sweep and a replay differ only in how they load and write.
"""

import contextlib
from datetime import datetime

from engine.actors import Acting, refuse_unavailable
from engine.commands.carried_promises import promises_of_the_end
from engine.commands.case_context import CaseContext, Loaded, context_of
from engine.commands.command import Answer, Command, answered_before, check_command, request_hash
from engine.commands.decide import decide
from engine.commands.disputed_case import refuse_partial, with_recorded
from engine.commands.form_attachments import with_digests, without_digests
from engine.commands.form_references import check_named, refuse_future
from engine.commands.kept_promises import refuse_kept, refuse_unmade
from engine.commands.load import load_one, lock_cases
from engine.commands.message_checks import arrived_timers, as_logged, check_message, closed_timers, with_words
from engine.commands.plan import Plan, begin, plan_move, plan_until
from engine.commands.refused_attempts import Attempt, keep_attempts
from engine.commands.superseded import refuse_superseded
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
from statemachines.form_model import Form, StepFired
from statemachines.lifecycle import Move, Refused
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
        return plan_command(tx, secret, command, at, loaded or load_one(tx, command.wanted, to_micros(at)))
    except (HistoryUnknown, OccurrenceUnknown, SpentPartsUnknown):
        return plan_command(tx, secret, command, at, load_one(tx, command.wanted, to_micros(at), complete=True))


def plan_command(tx: Tx, secret: bytes, command: Command, at: datetime, loaded: Loaded) -> Plan | Answer:
    """Decide and plan a command; its first answer if its key was honoured. Nothing is written. Raises ``Refused``.

    ``tx`` is asked only for people and cases that the form names.
    """
    now = to_micros(at)
    request = request_hash(secret, command) if command.key else ""
    if loaded.honoured is not None:
        return answered_before(loaded.honoured, command.key, request)
    actor, occurred_at = _actor_and_instant(command, now, loaded)
    context = _context_as_expected(command, loaded)
    plan, case = begin(context), context.case
    historic = Role.IMPORT in actor.roles
    form = _checked_form(tx, context, command, None if historic else now)
    if command.since is not None and case.version > command.since:
        refuse_superseded(tx, context, command.move, form, command.since)
    refuse_future(command.move, form, now)
    handed_on = check_named(tx, context, command.move, form, None if historic else now)
    instant = context.now if occurred_at is None else occurred_at
    plan_until(context, plan, instant - 1)  # a step due at this very instant comes after the move (以内)
    row = _allowed_row(tx, context, command.move, form, actor, now)
    closed, restored = closed_timers(tx, context, row, form), promises_of_the_end(tx, context, row)
    if row.impartial_to:
        refuse_partial(tx, case, row, form, actor)
    dest = row.dest or case.state
    draft = TransitionDraft(
        row.name, dest, form, actor.id, command.via, instant, context.recorded_at, inferred=command.inferred, row=row,
        reaches_customer=reaches_customer(row, form), by_clock=occurred_at is None,
        meets=arrived_timers(tx, context, row, form),
    )  # fmt: skip
    plan_move(context, plan, draft, handed_on, [*closed, *restored.timers], restored.settled)
    if command.key:
        plan.key = {"key": command.key, "request_hash": request, "case_id": case.id, "seq": case.version}
    return plan


def _actor_and_instant(command: Command, now: int, loaded: Loaded) -> tuple[Acting, int | None]:
    """Return who makes the move, and when it happened if that was not now. Raises ``Refused``."""
    if loaded.actor is None:
        raise Refused("unknown_actor", handle=command.actor)
    refuse_unavailable(loaded.actor, now)
    return loaded.actor, _occurred_at(command, now, loaded.actor)


def _context_as_expected(command: Command, loaded: Loaded) -> CaseContext:
    """Return the case's context if the case is there and as far as the command expects. Raises ``Refused``."""
    if loaded.case is None:
        raise Refused("unknown_case", number=command.number)
    context = context_of(loaded)
    if command.if_seq is not None and command.if_seq != context.case.version:
        raise Refused("stale", number=command.number, expected=command.if_seq, seq=context.case.version)
    return context


def _checked_form(tx: Tx, context: CaseContext, command: Command, at: int | None) -> Form:
    """Return the form with what the record and the table say where it is left empty; ``at`` is None for history.

    Raises ``Refused``.
    """
    form = with_recorded(tx, context.table.checked(command.move, command.form))
    row = context.table.rows[command.move][0]
    if at is None:
        return without_digests(as_logged(row, form))
    return with_digests(tx, context.case, with_words(tx, context.case, row, form), at)


def _allowed_row(tx: Tx, context: CaseContext, move: str, form: Form, actor: Acting, at: int) -> Move:
    """Return the row by which the actor makes the move at ``at``, in microseconds. Raises ``Refused``.

    What an import brings was told and promised elsewhere, so the promises and messages of its forms are not checked.
    """
    if Role.IMPORT in actor.roles:
        return decide(context, move, form, actor).row
    refuse_kept(tx, context, move, form)
    row = decide(context, move, form, actor).row
    if row.form is StepFired:
        raise Refused("timer_only", move=move)
    refuse_unmade(context, move, form)
    check_message(tx, context, row, form, at)
    return row


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


def answer_of(plan: Plan) -> Answer:
    """Return what becomes of the command whose plan this is, once it is written."""
    case = plan.case
    return Answer(case.number, case.version, case.state, case.level)
