"""What the doors show of cases: read in sessions that can change nothing."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from apps.clock_views import ClockView, clocks_of
from engine.store import Store
from flows import figures
from models import Actor, Case, Statement, Transition
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Facts, Milestone, Refused
from statemachines.roles import Role


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases a list shows."""

    closed: bool = False
    state: str | None = None
    department: str | None = None
    owner: str | None = None
    level: int | None = None
    limit: int = 50


def cases(store: Store, wanted: Wanted) -> list[Case]:
    """The cases wanted, the highest level and the oldest first."""
    query = select(Case).order_by(col(Case.level).desc(), col(Case.opened_at), col(Case.id)).limit(wanted.limit)
    if not wanted.closed:
        query = query.where(col(Case.closed).is_(False))
    for column in ("state", "department", "owner", "level"):
        value = getattr(wanted, column)
        if value is not None:
            query = query.where(getattr(Case, column) == value)
    with store.reading() as session:
        return list(session.exec(query).all())


def document(one: Case) -> dict[str, Any]:
    """A case as programs read it; the chain's head is shown so that others can keep it."""
    return one.model_dump(exclude={"id", "party_id", "came_from", "changed_at"})


def _find(session: Session, number: str) -> Case:
    found = session.exec(select(Case).where(Case.number == number)).first()
    if found is None:
        raise Refused("unknown_case", number=number[:40])
    return found


def kind_of(store: Store, number: str) -> str:
    """The kind of a case. Raises ``Refused('unknown_case')``."""
    with store.reading() as session:
        return _find(session, number).kind


def clocks(store: Store, number: str) -> tuple[str, list[ClockView]]:
    """The case's kind and its promises, oldest first."""
    now = store.now()
    with store.reading() as session:
        one = _find(session, number)
        return one.kind, clocks_of(session, one, now)


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case, what may be done with it now, and its promises."""

    case: Case
    allowed: list[str]
    clocks: list[ClockView]


def case(store: Store, number: str, actor: str | None) -> CaseView:
    """One case; ``allowed`` is what this actor may do, or what anybody may."""
    now = store.now()
    with store.reading() as session:
        one = _find(session, number)
        roles: list[Role] = list(Role)
        if actor is not None:
            found = session.exec(select(Actor).where(Actor.handle == actor)).first()
            roles = [Role(name) for name in found.roles.split()] if found else []
        facts = Facts(one.state, one.came_from, one.cycle, one.level, one.attempts)
        return CaseView(one, lifecycle_of(one.kind).allowed(facts, roles), clocks_of(session, one, now))


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

    def count(self, milestone: Milestone, level: int) -> int:
        """Open cases of all kinds at a milestone and level."""
        return sum(n for (_, where, high), n in self.counts.items() if (where, high) == (milestone.value, level))

    def document(self) -> dict[str, Any]:
        """The board as programs read it."""
        cells = [{"kind": k, "milestone": m, "level": v, "cases": n} for (k, m, v), n in sorted(self.counts.items())]
        return {"open": self.open, "late": self.late, "board": cells}


def board(store: Store) -> Board:
    """Count the open cases."""
    with store.looking() as tx:
        return Board(figures.board(tx), figures.overdue(tx).total())
