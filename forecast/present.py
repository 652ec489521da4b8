"""The situations of the open timers now, read from their rows, and what is forecast of each (K1).

See Note [As of an instant] in ``situation``: the rows hold what the record comes to, and a test holds the two equal.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from engine.access.condition import EVERY_CASE, Condition
from engine.rules.in_force import Rules, rules_in
from engine.rules.policy import Pack
from engine.timers.timer import falls_due, percents
from engine.transaction import Tx
from forecast.model import ForecastModel
from forecast.situation import Load, Situation, situation_of
from models.columns import to_micros
from reports.current_names import clause_of, state_of
from statemachines.kinds import lifecycle_of
from statemachines.vocabulary import TRANSFERS

BATCH: Final = 5_000
RUNNING = """
SELECT k.id, k.case_id, k.clause, k.occurrence, k.unit, k.calendar, k.allowance, k.consumed, k.running_since,
       k.steps_fired, c.number, c.kind, c.pack, c.state, c.category, c.severity, c.department, c.channel, c.cycle,
       c.variables, c.owner
  FROM timer k JOIN cases c ON c.id = k.case_id
 WHERE k.id > :after AND k.closed_at IS NULL AND k.running_since IS NOT NULL AND NOT c.closed AND ({scope}){case}
 ORDER BY k.id LIMIT :batch
"""
OF_CASE = " AND k.case_id = (SELECT id FROM cases WHERE number = :number)"
QUEUES = "SELECT department AS name, count(*) AS count FROM cases WHERE NOT closed GROUP BY department"
OWNED = "SELECT owner AS name, count(*) AS count FROM cases WHERE NOT closed AND owner IS NOT NULL GROUP BY owner"
BREACH: Final = 100


class OpenTimer(NamedTuple):
    """A running timer that has broken nothing yet: its limit is used up at ``due_at``, in microseconds."""

    id: int
    case_id: int
    number: str
    kind: str
    clause: str
    occurrence: int
    department: str | None
    due_at: int
    situation: Situation


class TimerForecast(NamedTuple):
    """A running timer, the probability that it breaks its promise, and when its end is expected, in microseconds."""

    timer: OpenTimer
    probability: float
    ends_at: int


def open_timers(tx: Tx, at: datetime, scope: Condition = EVERY_CASE, number: str | None = None) -> Iterator[OpenTimer]:
    """Yield the running timers of the cases in a scope, or of one of them, by id; the memory is that of one batch."""
    reader = _Reader(tx, to_micros(at))
    sql = RUNNING.format(scope=scope.sql, case="" if number is None else OF_CASE)
    values: dict[str, Any] = {**scope.values, **({} if number is None else {"number": number})}
    after = 0
    while rows := tx.rows(sql, after=after, batch=BATCH, **values):
        after = rows[-1].id
        yield from filter(None, map(reader.read, rows))


def forecasts(model: ForecastModel, timers: Iterator[OpenTimer], at: datetime) -> Iterator[TimerForecast]:
    """Yield what a model forecasts of each timer."""
    now = to_micros(at)
    for timer in timers:
        probability, share = model.forecast(timer.situation)
        yield TimerForecast(timer, probability, now + round(share * (timer.due_at - now)))


class _Reader:
    """Reads rows of ``RUNNING`` at one instant."""

    def __init__(self, tx: Tx, at: int) -> None:
        self._rules: Rules = rules_in(tx)
        self._at = at
        self._queues = {row.name: row.count for row in tx.rows(QUEUES)}
        self._owned = {row.name: row.count for row in tx.rows(OWNED)}
        self._packs: dict[str, Pack] = {}

    def read(self, row: Any) -> OpenTimer | None:
        """Return the timer; None where it is late, has broken its promise, or only moves its case when it is due."""
        table = lifecycle_of(row.kind)
        row = row._replace(clause=clause_of(row.kind, row.clause), state=state_of(row.kind, row.state))
        clause = table.clause.get(row.clause)
        if clause is None or clause.name in table.timer_only:
            return None
        shares = percents(clause, self._pack(row.pack))
        place = self._rules.calendar(row.calendar)
        due = falls_due(row.unit, place, row.running_since, max(row.allowance - row.consumed, 0))
        if due <= self._at or any(share >= BREACH for share in shares[: row.steps_fired]):
            return None
        load = Load(self._queues.get(row.department, 0), None if row.owner is None else self._owned[row.owner])
        if row.department is None:
            load = load._replace(queue=0)
        transfers = orjson.loads(row.variables).get(TRANSFERS, 0) if TRANSFERS in row.variables else 0
        known = situation_of(row, row, transfers, place, load, self._at)
        return OpenTimer(
            row.id, row.case_id, row.number, row.kind, row.clause, row.occurrence, row.department, due, known
        )

    def _pack(self, name: str) -> Pack:
        if name not in self._packs:
            self._packs[name] = self._rules.pack(name, self._at)
        return self._packs[name]
