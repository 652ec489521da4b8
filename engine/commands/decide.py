"""Decides whether an actor may make a move: the facts that guards read, and the decision of the table."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

import orjson

from engine.caches import Acting
from engine.commands.case_context import CaseContext, Done
from engine.ledger.record import CaseRow
from engine.rules.policy import Pack
from engine.rules.unset_limits import has_limit
from engine.timers.timer import open_only
from models.columns import from_micros
from statemachines.form_model import Form
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Decision, Facts

DoneBy = Mapping[str, frozenset[str]]
"""Who made each of some moves of a case."""


def facts_of(
    case: CaseRow,
    pack: Pack,
    actor: str = "",
    done_by: DoneBy | None = None,
    at: int | None = None,
    running: Iterable[str] = (),
    department: str | None = None,
) -> Facts:
    """Return what guards may know of a case.

    ``actor`` is the handle of a person, empty for nobody, and ``department`` the one he belongs to. ``at`` is the
    instant of the move, in microseconds; without it nothing is known of time. ``running`` are the clauses of the open
    timers.
    """
    return Facts(
        state=case.state,
        previous_state=case.previous_state,
        cycle=case.cycle,
        level=case.level,
        attempts=case.attempts,
        max_rounds=pack.rounds.max,
        max_attempts=pack.callbacks.attempts,
        severity=case.severity,
        variables=orjson.loads(case.variables),
        bounds=pack.amounts,
        has_limit=lambda clause: has_limit(pack, lifecycle_of(case.kind), clause, case.traits),
        actor=actor,
        actor_department=department,
        done_by=done_by or {},
        at=None if at is None else from_micros(at),
        idle=None if at is None else timedelta(microseconds=max(at - case.changed_at, 0)),
        windows=pack.windows,
        running=frozenset(running),
    )


def done_by(done: Done, moves: Collection[str]) -> DoneBy:
    """Return who made each of these moves; those that nobody made are left out."""
    makers: dict[str, set[str]] = {}
    for move, handle in done:
        if move in moves:
            makers.setdefault(move, set()).add(handle)
    return {move: frozenset(handles) for move, handles in makers.items()}


def decide(context: CaseContext, move: str, form: Form, actor: Acting) -> Decision:
    """Return the table's decision whether the actor may make the move now. Raises ``Refused``."""
    table, case = context.table, context.case
    row = table.settled(move, case.state, actor.roles)
    if row is not None:
        return Decision(row, case.state, row.dest or case.state, form)
    running = {timer.clause for timer in open_only(context.timers)}
    if not actor.person:
        facts = facts_of(case, context.pack, at=context.now, running=running)
        return table.decide(facts, move, form, actor.roles)
    separate = done_by(context.done, table.separate_from(move, case.state))
    facts = facts_of(case, context.pack, actor.handle, separate, context.now, running, actor.department)
    return table.decide(facts, move, form, actor.roles)
