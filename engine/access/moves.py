"""Decides which moves a principal may try on a case: he must know of the case, and his token must allow writing (H3).

Whether a move is legal is the lifecycle's to decide (``engine.commands.decide``); this file asks it the same question
before the move is made, to list what is possible.

Note [Own matter]: the accused of a violation reads nothing of it, yet he accepts its decision or appeals against it. So
a move that the table gives now to him and to no stranger of his roles may be made on a case of which he may not know.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from engine.access.condition import Condition, either
from engine.access.principal import OUTSIDERS, Principal, Scope
from engine.access.scope import UNLIMITED, find_case, known_cases, ordinary_cases
from engine.caches import Acting
from engine.commands.decide import DoneBy, done_by, facts_of
from engine.ledger.record import CaseRow, current_case
from engine.rules.in_force import rules_in
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.form_model import KNOWN_CASE, OPEN_CASE, OWN_OR_AGREED, RECORDED, Form, marked
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Facts, Lifecycle
from statemachines.refused import Refused
from statemachines.roles import Role

PEOPLE: Final = frozenset(Role) - {Role.SYSTEM, Role.IMPORT}
"""The roles of people."""
MOVE_ACTORS: Final = """
SELECT DISTINCT t.move, a.handle FROM transition t JOIN actor a ON a.id = t.actor_id WHERE t.case_id = :case_id
"""
RUNNING: Final = "SELECT clause FROM timer WHERE case_id = :case_id AND closed_at IS NULL"


@dataclass(frozen=True, slots=True)
class OfferedMove:
    """A move from the state of a case, its form, and the code of why it may not be made now, None if it may.

    ``reasons`` are the guards, moves or bounds that the refusal names.
    """

    name: str
    form: type[Form]
    why_not: str | None = None
    reasons: tuple[str, ...] = ()


def moves_for(tx: Tx, principal: Principal, case: CaseRow, at: datetime) -> list[OfferedMove]:
    """Return the moves that the table offers to the roles of a principal, in its order.

    ``case`` is one that he may read. Without the scope to write none may be made (``scope_missing``).
    """
    actor, table = principal.actor, lifecycle_of(case.kind)
    facts = facts_for(tx, case, actor, at)
    if facts is None or not actor.available(to_micros(at)):
        return []
    offers = table.offers(facts, actor.roles)
    if not principal.holds(Scope.WRITE_CASES):
        return [OfferedMove(move, table.rows[move][0].form, "scope_missing") for move, _ in offers]
    return [OfferedMove(move, table.rows[move][0].form, *_why_not(refused)) for move, refused in offers]


def check_move(tx: Tx, principal: Principal, number: str, move: str, form: Mapping[str, Any], at: datetime) -> None:
    """Raise ``Refused`` unless the principal may try a move on a case; every door asks this before ``advance``.

    ``unknown_case`` is raised for a case of which he may not know, also if only the form names it, and
    ``scope_missing`` or ``not_a_person`` for whoever may move none.
    """
    if principal.kind in UNLIMITED:
        return
    refuse_without(principal, Scope.WRITE_CASES)
    known = known_cases(principal, at)
    if principal.kind in OUTSIDERS:
        find_case(tx, number, known)
        return
    try:
        case = find_case(tx, number, known)
    except Refused:
        if not _own_matter(tx, principal, number, move, at):
            raise
        case = current_case(tx, number)
    for row in lifecycle_of(case.kind).rows.get(move, ())[:1]:
        _check_named_cases(tx, known, row.form, form)


def _check_named_cases(tx: Tx, known: Condition, form: type[Form], values: Mapping[str, Any]) -> None:
    """Refuse a case that a form names and of which the principal may not know.

    Into which case another one is merged he must know; a mere reference may also be to any case that is not
    confidential, as a customer names it.
    """
    named = either((known, ordinary_cases()))
    fields = [(name, known) for mark in (OPEN_CASE, OWN_OR_AGREED) for name in marked(form, mark)]
    fields += [(name, named) for name in marked(form, KNOWN_CASE)]
    if marked(form, RECORDED):  # who decided the disputed case would be read from its record
        fields.append(("about", named))
    for name, condition in fields:
        if isinstance(numbers := values.get(name), str):
            for number in numbers.split() or (numbers,):
                find_case(tx, number, condition)


def refuse_without(principal: Principal, scope: Scope) -> None:
    """Raise ``Refused('scope_missing')`` for a token without a scope.

    Raises ``Refused('not_a_person')`` for somebody without an account, who may only write, of his case.
    """
    if principal.kind in OUTSIDERS and scope is not Scope.WRITE_CASES:
        raise Refused("not_a_person", handle=principal.actor.handle)
    if not principal.holds(scope):
        raise Refused("scope_missing", scope=scope.value)


def allowed_moves(tx: Tx, case: CaseRow, actor: Acting | None, at: datetime) -> list[str]:
    """Return the moves that the table allows an actor now, or without one any person, whatever he may know of the case.

    Empty where every move is refused because the case's pack does not exist.
    """
    facts = facts_for(tx, case, actor, at)
    if facts is None:
        return []
    return lifecycle_of(case.kind).allowed(facts, PEOPLE if actor is None else actor.roles)


def facts_for(tx: Tx, case: CaseRow, actor: Acting | None, at: datetime) -> Facts | None:
    """Return the facts by which the engine decides on a move of this actor; None if the pack does not exist."""
    table, now = lifecycle_of(case.kind), to_micros(at)
    try:
        pack = rules_in(tx).pack(case.pack, now)
    except Refused:
        return None
    running = {table.resolver.clause_or_own(row.clause) for row in tx.rows(RUNNING, case_id=case.id)}
    if actor is None or not actor.person:
        return facts_of(case, pack, at=now, running=running)
    return facts_of(case, pack, actor.handle, _done_by(tx, case, table), now, running, actor.department)


def _done_by(tx: Tx, case: CaseRow, table: Lifecycle) -> DoneBy:
    """Return who made the moves from which others are separated (F3)."""
    separate = {name for row in table.moves for name in row.separate_from}
    rows: Iterable[Any] = tx.rows(MOVE_ACTORS, case_id=case.id) if separate else []
    return done_by([(table.resolver.move(row.move), row.handle) for row in rows], separate)


def own_moves(tx: Tx, principal: Principal, case: CaseRow, at: datetime) -> list[OfferedMove]:
    """Return the moves that the table gives now to this actor and to no stranger; see Note [Own matter]."""
    actor, table = principal.actor, lifecycle_of(case.kind)
    facts = facts_for(tx, case, actor, at)
    if facts is None or not table.hidden_from or not actor.available(to_micros(at)):
        return []
    strangers = {*table.allowed(replace(facts, actor=""), actor.roles)}
    own = [move for move in table.allowed(facts, actor.roles) if move not in strangers]
    return [OfferedMove(move, table.rows[move][0].form) for move in own]


def _own_matter(tx: Tx, principal: Principal, number: str, move: str, at: datetime) -> bool:
    try:
        case = current_case(tx, number)
    except Refused:
        return False
    return any(own.name == move for own in own_moves(tx, principal, case, at))


def _why_not(refused: Refused | None) -> tuple[str | None, tuple[str, ...]]:
    if refused is None:
        return None, ()
    params = refused.params
    named: Iterable[str] = params.get("guards") or params.get("moves") or ()
    return refused.code, (params["bound"],) if "bound" in params else tuple(named)
