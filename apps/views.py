"""What the doors show of cases: read in sessions that can change nothing."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case as either
from sqlmodel import Session, col, select

from apps.known_views import LinkView, links_of
from apps.timer_views import TimerView, timers_of
from engine.rules.in_force import rules_of
from engine.store import Store
from models import Actor, Case, Statement, Transition
from reports import figures
from reports.current_names import current, in_state
from reports.lookups import customer_kinds
from statemachines.forms import Severity
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Facts, Lifecycle, Milestone, Refused
from statemachines.roles import Role

NOBODY = frozenset({Role.SYSTEM.value, Role.IMPORT.value})
"""Roles whose holders are no people: duties are not separated for them (F3)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases a list shows. ``kind`` may also be a nature (consultation, report …)."""

    closed: bool = False
    state: str | None = None
    department: str | None = None
    owner: str | None = None
    level: int | None = None
    limit: int = 50
    kind: str | None = None
    severity: str | None = None


def cases(store: Store, wanted: Wanted) -> list[Case]:
    """The cases wanted: customers' work before internal work (A8), then what is urgent, the highest level, the oldest.

    Raises ``Refused('unknown_kind')``.
    """
    internal = either((col(Case.kind).in_(customer_kinds()), 0), else_=1)
    calm = either((col(Case.severity) == Severity.URGENT.value, 0), else_=1)
    order = (internal, calm, col(Case.level).desc(), col(Case.opened_at), col(Case.id))
    query = select(Case).order_by(*order).limit(wanted.limit).where(*_conditions(wanted))
    with store.reading() as session:
        return [current(one) for one in session.exec(query)]


def _conditions(wanted: Wanted) -> list[Any]:
    found: list[Any] = [] if wanted.closed else [col(Case.closed).is_(False)]
    if wanted.state is not None:
        found.append(in_state(wanted.state))
    for column in ("department", "owner", "level", "severity"):
        value = getattr(wanted, column)
        if value is not None:
            found.append(getattr(Case, column) == value)
    if wanted.kind is not None:
        table = lifecycle_of(wanted.kind)
        found.append(col(Case.kind) == table.kind)
        if wanted.kind in table.natures:  # canonical text spells it in one way only
            found.append(col(Case.variables).contains(f'"nature":"{wanted.kind}"', autoescape=True))
    return found


def document(one: Case) -> dict[str, Any]:
    """A case as programs read it; the chain's head is shown so that others can keep it."""
    return {
        **one.model_dump(exclude={"id", "party_id", "previous_state", "changed_at"}),
        "known": json.loads(one.variables),
    }


def _find(session: Session, number: str) -> Case:
    found = session.exec(select(Case).where(Case.number == number)).first()
    if found is None:
        raise Refused("unknown_case", number=number[:40])
    return current(found)


def kind_of(store: Store, number: str) -> str:
    """The kind of a case. Raises ``Refused('unknown_case')``."""
    with store.reading() as session:
        return _find(session, number).kind


def clocks(store: Store, number: str) -> tuple[str, list[TimerView]]:
    """The case's kind and its promises, oldest first."""
    now = store.now()
    with store.reading() as session:
        one = _find(session, number)
        return one.kind, timers_of(session, rules_of(store), one, now)


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case, what may be done with it now, its promises and its relatives."""

    case: Case
    known: dict[str, Any]
    allowed: list[str]
    clocks: list[TimerView]
    links: list[LinkView]


def case(store: Store, number: str, actor: str | None) -> CaseView:
    """One case; ``allowed`` is what this actor may do, or what anybody may."""
    now, rules = store.now(), rules_of(store)
    with store.reading() as session:
        one = _find(session, number)
        allowed, clocks = _allowed(session, one, actor), timers_of(session, rules, one, now)
    with store.looking() as tx:
        return CaseView(one, json.loads(one.variables), allowed, clocks, links_of(tx, one.id))


def _allowed(session: Session, one: Case, handle: str | None) -> list[str]:
    """The moves whose roles, and whose separation of duties, let this actor make them now."""
    table = lifecycle_of(one.kind)
    if handle is None:
        return table.allowed(_facts(one), list(Role))
    actor = session.exec(select(Actor).where(Actor.handle == handle)).first()
    held = actor.roles.split() if actor is not None else []
    if NOBODY & set(held):
        return table.allowed(_facts(one), map(Role, held))
    did = _did(session, one, table)
    return table.allowed(_facts(one, actor=handle, done_by=did), map(Role, held))


def _facts(one: Case, **more: Any) -> Facts:
    known = json.loads(one.variables)
    return Facts(one.state, one.previous_state, one.cycle, one.level, one.attempts, variables=known, **more)


def _did(session: Session, one: Case, table: Lifecycle) -> dict[str, frozenset[str]]:
    """Who made the moves that others must be apart from."""
    apart = {name for row in table.moves for name in row.separate_from}
    query = select(Transition.move, Actor.handle).join(Actor).where(Transition.case_id == one.id).distinct()
    made = session.exec(query).all() if apart else []
    rows = [(table.resolver.move(move), handle) for move, handle in made]
    return {name: frozenset(handle for move, handle in rows if move == name) for name in apart}


@dataclass(frozen=True, slots=True)
class Told:
    """One move as the history shows it, with the words that were said."""

    seq: int
    move: str
    source: str
    dest: str
    cycle: int
    level: int
    actor: str
    via: str
    occurred_at: datetime
    recorded_at: datetime
    inferred: bool
    form: dict[str, Any]
    hash: str

    def summary(self, width: int = 48) -> str:
        """The form in one short line."""
        line = " ".join(f"{name}={value}" for name, value in self.form.items()).replace("\n", " ")
        return line if len(line) <= width else line[: width - 1] + "…"

    def document(self) -> dict[str, Any]:
        """The move as programs read it."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class History:
    """A case's kind and its moves."""

    kind: str
    moves: list[Told]


def history(store: Store, number: str) -> History:
    """Every move of a case in order."""
    with store.reading() as session:
        one = _find(session, number)
        query = select(Transition, Actor.handle).join(Actor).where(Transition.case_id == one.id)
        rows = session.exec(query.order_by(col(Transition.seq))).all()
        said = session.exec(select(Statement).where(Statement.case_id == one.id)).all()
        words = {(statement.seq, statement.field): statement.content for statement in said}
        return History(one.kind, [_told(row, handle, words) for row, handle in rows])


def _told(row: Transition, handle: str, words: dict[tuple[int, str], str | None]) -> Told:
    recorded: dict[str, Any] = json.loads(row.form)
    form = {name: words.get((row.seq, name), value) for name, value in recorded.items()}
    columns = row.model_dump(exclude={"case_id", "actor_id", "lifecycle", "form"})
    return Told(**columns, actor=handle, form=form)


@dataclass(frozen=True, slots=True)
class Board:
    """Open cases by (kind, milestone, level), and how many have broken a promise."""

    counts: Counter[tuple[str, str, int]]
    late: int

    @property
    def open(self) -> int:
        """How many cases are open."""
        return self.counts.total()

    @property
    def internal(self) -> bool:
        """Whether any of them is work among ourselves."""
        customers = customer_kinds()
        return any(kind not in customers for kind, _, _ in self.counts)

    def count(self, milestone: Milestone, level: int, internal: bool | None = None) -> int:
        """Open cases at a milestone and level: of customers, among ourselves, or of both."""
        customers = customer_kinds()
        return sum(
            n
            for (kind, where, high), n in self.counts.items()
            if (where, high) == (milestone.value, level) and internal in (None, kind not in customers)
        )

    def document(self) -> dict[str, Any]:
        """The board as programs read it, customers' work first (A8)."""
        customers = customer_kinds()
        order = sorted(self.counts.items(), key=lambda cell: (cell[0][0] not in customers, cell[0]))
        cells = [{"kind": k, "milestone": m, "level": v, "cases": n} for (k, m, v), n in order]
        return {"open": self.open, "late": self.late, "board": cells}


def board(store: Store) -> Board:
    """Count the open cases."""
    with store.looking() as tx:
        return Board(figures.board(tx), figures.overdue(tx).total())
