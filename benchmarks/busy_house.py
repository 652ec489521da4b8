"""Spreads the cases of a seeded store over departments, owners, states, kinds and severities, as a house has them.

A few people have few cases however many there are: twenty of each rare sort, spread over the whole store.
"""

from datetime import datetime
from typing import Final

from benchmarks.seeding import MINUTE, MIXED, SPREAD, seed_aged
from engine.actors import NewActor, add_actor
from engine.departments import add_departments
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.roles import Role

FEW: Final = 20
"""The cases of each rare sort in a store of any size."""
PEOPLE: Final = (
    NewActor("amy", (Role.AGENT,), "service"),
    NewActor("cole", (Role.HANDLER,), "cold_chain"),
    NewActor("lin", (Role.HANDLER,), "claims"),
    NewActor("ivy", (Role.TEAM_SUPERVISOR,), "claims"),
    NewActor("mei", (Role.DEPARTMENT_MANAGER,), "claims"),
    NewActor("gao", (Role.GENERAL_MANAGER,)),
    NewActor("sal", (Role.SALESPERSON,), "sales"),
    NewActor("quinn", (Role.QUALITY_TEAM,)),
    NewActor("odd", (Role.AUDITOR,)),
    NewActor("root", (Role.ADMINISTRATOR,)),
)
"""Whoever reads cases by another rule than the handlers and the supervisor whom every benchmark has."""
SPREAD_OUT: Final = """
UPDATE cases SET
  department = CASE WHEN id % {rare} = 1 THEN 'cold_chain' WHEN id % 10 < 4 THEN 'claims'
                    WHEN id % 10 < 7 THEN 'transport' WHEN id % 10 < 9 THEN 'depot' END,
  owner = CASE WHEN id % {rare} = 1 THEN 'cole' WHEN id % 10 < 4 THEN
               CASE id % 7 WHEN 0 THEN 'han' WHEN 1 THEN 'hal' WHEN 2 THEN 'hua' WHEN 3 THEN 'hei' END END,
  severity = CASE WHEN id % 53 = 0 THEN 'urgent' WHEN id % 11 = 0 THEN 'high' ELSE 'normal' END,
  level = CASE WHEN id % {rare} = 2 THEN 3 WHEN id % 13 = 0 THEN 1 ELSE 0 END,
  kind = CASE WHEN id % {rare} = 3 THEN 'violation' WHEN id % 31 = 0 THEN 'finding' ELSE kind END,
  state = CASE WHEN id % {rare} = 3 THEN 'taken_up' WHEN id % 31 = 0 THEN 'assigned'
               WHEN id % {rare} = 4 THEN 'compensation_approval' WHEN id % {rare} = 5 THEN 'resolved'
               WHEN id % 10 = 9 THEN 'received' WHEN id % 3 = 0 THEN 'classified' ELSE state END
"""
"""Every tenth case has no department yet; violations are confidential; findings are internal work."""
LONG_OVERDUE: Final = "UPDATE timer SET fires_at = NULL WHERE case_id % 19 = 0"
"""Timers that run on after their last step."""
CALLED_BACK: Final = "UPDATE timer SET clause = 'revisit' WHERE case_id % {rare} = 5 AND clause = 'solution'"
CALLBACKS: Final = """
INSERT INTO callback (case_id, cycle, attempt, planned_at, owner)
SELECT id, cycle, 1, :planned_at, 'amy' FROM cases WHERE id % {rare} = 5
"""
AS_SEEDED: Final = "SELECT number FROM cases WHERE kind = 'complaint' AND state = 'investigated' ORDER BY id"


def fill(store: Store, cases: int, at: datetime) -> list[str]:
    """Add so many open cases to a new store, and people who read them; return the cases that are still as seeded."""
    seed_aged(store, cases, lambda n: n * MIXED % SPREAD, at=at)
    with store.writing() as tx:
        add_departments(tx, ("service", "sales", "claims", "transport", "depot", "cold_chain"), "system", to_micros(at))
        for person in PEOPLE:
            add_actor(tx, person)
        for sql in (SPREAD_OUT, LONG_OVERDUE, CALLED_BACK):
            tx.run(_spelled(tx, sql, cases))
        tx.run(_spelled(tx, CALLBACKS, cases), planned_at=to_micros(at) + 5 * MINUTE)
    _gather_statistics(store)
    with store.looking() as tx:
        return [row.number for row in tx.rows(AS_SEEDED)]


def _spelled(tx: Tx, sql: str, cases: int) -> str:
    """Return the SQL for a store of so many cases; psycopg reads a lone percent sign as a placeholder."""
    return sql.format(rare=cases // FEW).replace("%", "%%" if tx.postgres else "%")


def _gather_statistics(store: Store) -> None:
    """Leave Postgres as autovacuum does; SQLite keeps no statistics of its own accord."""
    if store.postgres:
        import psycopg

        from engine.databases import postgres_conninfo

        with psycopg.connect(postgres_conninfo(store.url), autocommit=True) as raw:
            raw.execute("VACUUM ANALYZE")
