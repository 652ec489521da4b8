"""Two other ways to build such a system, which do the work of a move as durably; ``cpu`` compares the engine with them.

``SqlmodelPeer`` opens a SQLModel session per move and binds the case to one `transitions` machine. ``DbosPeer`` runs a
DBOS workflow per move under its key; the rows are one transaction of it, recorded for recovery. Both write the same
rows as the engine. ``DbosPeer`` decides nothing and reads nothing but the head row, which favours it.
"""

import importlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select
from transitions import Machine

from benchmarks.move_template import MoveJob, MoveTemplate
from benchmarks.raw_sql import HEAD, statements, values
from engine.commands.command import Command
from engine.ledger.chain import canonical, chain_hash, digest, keyed, new_salt
from engine.store import Store
from models import Actor, Case, OutboxEvent, Statement, Timer, Transition
from models import IdempotencyKey as StoredKey
from models.columns import MICROSECOND, to_micros
from statemachines.complaint import COMPLAINT
from statemachines.form_model import PERSONAL, Form, marked
from statemachines.lifecycle import Facts
from statemachines.roles import Role
from statemachines.vocabulary import Move


class BoundModel:
    """The model bound to the machine for one move: it holds the state, and what the conditions read."""

    state: str

    def __init__(self, facts: Facts, roles: frozenset[Role], form: Form) -> None:
        self.facts, self.roles, self.form = facts, roles, form


def machine() -> Machine:
    """Build the complaint's machine for `transitions`, with roles and guards as conditions."""
    rows = [
        {"trigger": row.name, "source": list(row.sources), "dest": row.dest, "conditions": [_condition(row)]}
        for row in COMPLAINT.moves
    ]
    states = [state.name for state in COMPLAINT.states]
    return Machine(None, states, COMPLAINT.initial, rows, send_event=True, auto_transitions=False)


def _condition(row: Move) -> Any:
    def holds(event_data: Any) -> bool:
        bound = event_data.model
        return bool(bound.roles & set(row.roles)) and (row.guard is None or row.guard.holds(bound.facts, bound.form))

    return holds


class SqlmodelPeer:
    """A session per move; the template says which timers end and start, so the clauses are not evaluated."""

    def __init__(self, store: Store, template: MoveTemplate) -> None:
        self._template, self._secret = template, store.secret
        self._machine, self._engine = machine(), create_engine(store.url)
        if not store.postgres:
            _sync_every_commit(self._engine)

    def move(self, command: Command, at: datetime) -> None:
        """Make one move, durable when this returns."""
        with Session(self._engine) as session:
            if session.get(StoredKey, command.key) is None:
                self._move(session, command, at)
                session.commit()

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _move(self, session: Session, command: Command, at: datetime) -> None:
        case = session.exec(select(Case).where(Case.number == command.number).with_for_update()).one()
        actor = session.exec(select(Actor).where(Actor.handle == command.actor)).one()
        form = COMPLAINT.checked(command.move, command.form)
        source = case.state
        case.state, case.previous_state = self._decide(case, actor, command.move, form), source
        case.version, case.changed_at = case.version + 1, at
        self._add_transition(session, case, source, actor, command, form)
        self._update_timers(session, case, at)
        session.add(OutboxEvent(case_id=case.id, seq=case.version))
        body = keyed(self._secret, command.number, command.move, command.actor, canonical(command.form))
        assert command.key is not None
        session.add(StoredKey(key=command.key, request_hash=body, case_id=case.id, seq=case.version))

    def _decide(self, case: Case, actor: Actor, move: str, form: Form) -> str:
        facts = Facts(
            case.state, previous_state=case.previous_state, cycle=case.cycle, level=case.level, severity=case.severity
        )
        bound = BoundModel(facts, frozenset(Role(role) for role in actor.roles.split()), form)
        self._machine.add_model(bound, initial=case.state)
        try:
            assert self._machine.events[move].trigger(bound)
            return bound.state
        finally:
            self._machine.remove_model(bound)

    def _add_transition(
        self, session: Session, case: Case, source: str, actor: Actor, command: Command, form: Form
    ) -> None:
        recorded_form = canonical(dict(_store_texts(session, case, form)))
        assert actor.id is not None
        transition = Transition(
            case_id=case.id, seq=case.version, move=command.move, source=source, dest=case.state, cycle=case.cycle,
            level=case.level, actor_id=actor.id, via=command.via, occurred_at=case.changed_at,
            recorded_at=case.changed_at, lifecycle=COMPLAINT.version, form=recorded_form, hash="",
        )  # fmt: skip
        at = to_micros(case.changed_at)
        record = transition.model_dump(exclude={"hash"}) | {"case": case.number, "occurred_at": at, "recorded_at": at}
        case.head = transition.hash = chain_hash(case.head, record)
        session.add(transition)

    def _update_timers(self, session: Session, case: Case, at: datetime) -> None:
        open_timers = select(Timer).where(Timer.case_id == case.id, col(Timer.closed_at).is_(None))
        for timer in session.exec(open_timers):
            if timer.clause in self._template.closes and timer.running_since is not None:
                timer.consumed += (at - timer.running_since) // MICROSECOND
                timer.running_since = timer.fires_at = None
                timer.closed_at, timer.outcome, timer.closed_by = at, "met", case.version
        not_copied = {"id", "closed_at", "outcome", "closed_by"}
        started = {name: value for name, value in self._template.opens.items() if name not in not_copied}
        fires_at = at + self._template.due * MICROSECOND
        session.add(Timer(**started | {"case_id": case.id, "opened_at": at, "running_since": at, "fires_at": fires_at}))


def _store_texts(session: Session, case: Case, form: Form) -> Iterator[tuple[str, Any]]:
    for name, value in form.model_dump(exclude_none=True).items():
        if name in marked(type(form), PERSONAL):
            salt = new_salt()
            session.add(Statement(case_id=case.id, seq=case.version, field=name, salt=salt, content=value))
            yield name, {"sha256": digest(salt, value)}
        else:
            yield name, value


def _sync_every_commit(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _(raw: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "wal_autocheckpoint=10000"):
            raw.execute(f"PRAGMA {pragma}")


class DbosPeer:
    """A DBOS workflow per move, on Postgres; DBOS keeps its own tables at ``system_url``."""

    def __init__(self, store: Store, template: MoveTemplate, system_url: str) -> None:
        self._dbos: Any = importlib.import_module("dbos")
        url = store.url.render_as_string(hide_password=False)
        self._data = self._dbos.SQLAlchemyDatasource.create(url)
        self._dbos.DBOS(config={"name": "closeloop-benchmark", "system_database_url": system_url, "log_level": "ERROR"})
        write = self._data.transaction(self._writer(template), name="write", isolation_level="READ COMMITTED")

        def move(number: str, key: str, at: int) -> int:
            return write(number, key, at)

        self._move = self._dbos.DBOS.workflow(name="move")(move)
        self._dbos.DBOS.launch()

    def _writer(self, template: MoveTemplate) -> Any:
        sql = [statement.replace("?", "%s") for statement in statements(template, "VALUES ({})")]

        def write(number: str, key: str, at: int) -> int:
            execute = self._data.sql_session().connection().exec_driver_sql
            head = execute(f"{HEAD} = %s", (number,)).one()
            for statement, row in zip(sql, values(template, MoveJob(number, key, at), head), strict=True):
                assert execute(statement, row).rowcount >= 1
            return head.version + 1

        return write

    def move(self, command: Command, at: datetime) -> None:
        """Make one move, durable when this returns."""
        with self._dbos.SetWorkflowID(command.key):
            self._move(command.number, command.key, to_micros(at))

    def close(self) -> None:
        """End DBOS and its threads."""
        self._dbos.DBOS.destroy()
