"""What a log says of a case, whatever our lifecycle makes of it: reopened, resolved twice, rework."""

from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from engine.replay.event_buffer import Line
from engine.replay.statistics import ReplayStatistics
from statemachines.form_model import Form
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Facts, Lifecycle, Milestone
from statemachines.vocabulary import STAY

RANK = {milestone: rank for rank, milestone in enumerate(Milestone)}
RESOLVED = RANK[Milestone.RESOLVED]


def note(statistics: ReplayStatistics, table: Lifecycle, line: Line, *, newest_first: bool = False) -> None:
    """Count one event of the log. One without an instant has no place among the others: only its flags count.

    ``newest_first`` says in which order the log has them.
    """
    for rule in line.flags:
        statistics.flag(rule, line.place)
    statistics.sla = line.marks.get("sla", statistics.sla)
    if line.at is None:
        return
    _order(statistics, line, newest_first=newest_first)
    implied = "" if line.ignored or line.refused else _leaves_in(table, statistics.stands, line)
    again = bool(implied) and _merely_again(table, statistics, line, implied)
    if statistics.ended:
        statistics.after_end += 1
    if line.department:
        _department(statistics, line.department)
    if implied and not again:
        _stand(statistics, table, implied)


def meaning(table: Lifecycle, line: Line) -> str:
    """Return the state in which an event leaves its case; empty where it implies none."""
    return line.state if line.state in table.state else _leads_to(table.kind, line.move)


def _leaves_in(table: Lifecycle, stands: str, line: Line) -> str:
    """Return the state in which an event leaves a case that stands in ``stands``.

    Where the rows of its move lead to several states, its form decides: a survey that says "dissatisfied" reopens.
    """
    rows = [row for row in table.rows.get(line.move, ()) if stands in row.sources]
    if line.state or len({row.dest for row in rows}) < 2:
        return meaning(table, line)
    form = _form_so_far(rows[0].form, line)
    for row in rows:
        with suppress(AttributeError):  # the log lacks what the guard asks for
            if row.guard is None or row.guard.holds(Facts(stands), form):
                return row.dest or stands
    return meaning(table, line)


def _form_so_far(form: type[Form], line: Line) -> Form:
    """Return a form with the values that the log has, whatever else it asks for."""
    values: dict[str, Any] = {}
    for name in form.model_fields.keys() & line.form.keys():
        with suppress(ValidationError):
            values[name] = _adapter(form, name).validate_python(line.form[name])
    return form.model_construct(**values)


@cache
def _adapter(form: type[Form], name: str) -> TypeAdapter[Any]:
    return TypeAdapter(cast(Any, form.model_fields[name].annotation))


def may_stay(table: Lifecycle, line: Line) -> bool:
    """Return whether an event may also mean a move that leaves the case where it is."""
    return not line.state and _stays(table.kind, tuple(line.also))


def rank(table: Lifecycle, state: str) -> int:
    """Return how far along the milestones a state is; -1 for an unknown state."""
    return RANK[table.state[state].milestone] if state in table.state else -1


@cache
def _leads_to(kind: str, move: str) -> str:
    dests = (row.dest or "" for row in lifecycle_of(kind).rows.get(move, ()))
    return next(filter(None, dests), "")


@cache
def _stays(kind: str, moves: tuple[str, ...]) -> bool:
    return any(row.dest is STAY for move in moves for row in lifecycle_of(kind).rows.get(move, ()))


@cache
def _sources(kind: str, state: str) -> frozenset[str]:
    """Return the states from which a state is reached without a new round."""
    rows: Iterable[tuple[str, ...]] = (
        row.sources for row in lifecycle_of(kind).moves if row.dest == state and not row.reopens
    )
    return frozenset(source for sources in rows for source in sources)


def _order(statistics: ReplayStatistics, line: Line, *, newest_first: bool) -> None:
    if line.word == statistics.last_word:
        statistics.self_loops += 1
    if (line.row > statistics.last_row > 0) if newest_first else (line.row < statistics.last_row):
        statistics.flag("out_of_order", line.place)
    statistics.last_word, statistics.last_row = line.word, line.row


def _department(statistics: ReplayStatistics, department: str) -> None:
    """Count a return between two departments each time that the first one has the case again."""
    if statistics.departments[-1:] == [department]:
        return
    if len(statistics.departments) > 1 and statistics.departments[-2] == department:
        statistics.ping_pong += 1
    statistics.departments = [*statistics.departments[-1:], department]


def _merely_again(table: Lifecycle, statistics: ReplayStatistics, line: Line, implied: str) -> bool:
    """Return whether a word that may also leave the case where it is ("assigned") does so: it never moves it back."""
    if line.state:
        return statistics.stands in (line.state, *line.also)
    return may_stay(table, line) and rank(table, implied) <= rank(table, statistics.stands)


def _stand(statistics: ReplayStatistics, table: Lifecycle, implied: str) -> None:
    far = rank(table, implied)
    if far == RESOLVED:
        if not statistics.resolutions:
            statistics.unprepared = _sources(table.kind, implied).isdisjoint(statistics.stood)
        statistics.resolutions += 1
    if far < RESOLVED <= rank(table, statistics.stands):
        statistics.reopenings += 1
    _hand_back(statistics, table, implied)
    if implied in statistics.stood and implied != statistics.stands:
        statistics.rework += 1
    statistics.ended = statistics.ended or table.state[implied].final
    statistics.stands = implied
    if implied not in statistics.stood:
        statistics.stood.append(implied)


def _hand_back(statistics: ReplayStatistics, table: Lifecycle, implied: str) -> None:
    """Count a return to an earlier state before any result; a pause of the timers is left on the way it came."""
    if any(implied in clause.pauses for clause in table.clauses):
        return
    if rank(table, implied) < rank(table, statistics.worked) < RESOLVED:
        statistics.hand_backs += 1
    statistics.worked = implied
