"""What a supervisor sees of a run before opening it: its name in his language, its tags in codes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.outbox.deliveries import Waiting
from engine.retired_names import recorded_as
from engine.store import Store
from flows.run_info import RunInfo
from locales.translation import label, translate, when
from models.columns import to_micros

NAMED = 20
"""How many cases a run names in its parameters."""
LOOKED_AT = 200
"""How many cases a run's tags are read from: more than a batch takes at once."""

# The names, kinds and departments are asked for where the work itself is found, so that no list of numbers is sent.
STANDING = """
SELECT DISTINCT c.number, c.kind, c.level, coalesce(c.department, '') AS department, '' AS clause FROM cases c
 WHERE c.id IN (SELECT case_id FROM outbox_event ORDER BY case_id LIMIT :limit)
    OR c.id IN (SELECT case_id FROM delivery WHERE status IN ('waiting', 'leased') AND next_at <= :at
                 ORDER BY case_id LIMIT :limit)
 ORDER BY c.number
"""
DUE = """
SELECT c.number, c.kind, c.level, coalesce(c.department, '') AS department, k.clause FROM timer k
  JOIN cases c ON c.id = k.case_id WHERE k.fires_at <= :at ORDER BY k.fires_at, k.id LIMIT :limit
"""
CALLS = """
SELECT c.number, c.kind, c.level, coalesce(c.department, '') AS department, k.clause FROM callback b
  JOIN cases c ON c.id = b.case_id
  JOIN timer k ON k.case_id = b.case_id AND k.cycle = b.cycle AND k.clause IN ({revisit}) AND k.closed_at IS NULL
 WHERE b.done_at IS NULL AND b.outcome IS NULL AND b.planned_at <= :at ORDER BY b.planned_at, c.id LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Stands:
    """A case that a run is about; ``clause`` is the promise whose time has come, if that is why."""

    number: str
    kind: str
    level: int
    department: str
    clause: str


def reaction(store: Store, locale: str, at: datetime, waiting: Sequence[Waiting]) -> RunInfo:
    """The run that delivers what waits; one case alone is named with its step and round."""
    cases = _look(store, STANDING, at)
    numbers = list(dict.fromkeys(one.number for one in waiting))
    steps = sorted({one.step for one in waiting})
    if len(numbers) == 1:
        last = waiting[-1]
        about = [
            numbers[0],
            label(locale, last.kind, "state", last.step),
            translate(locale, "window.round", round=last.round),
        ]
    else:
        about = _many(locale, numbers)
    name = " · ".join([*about, *_highest(locale, cases)])
    return RunInfo("react", name, _tags({one.kind for one in waiting}, steps, cases), {"cases": numbers[:NAMED]})


def sweep(store: Store, locale: str, at: datetime) -> RunInfo:
    """The run that fires the clocks that are due; one case alone is named with its promise."""
    cases = _look(store, DUE, at)
    numbers = list(dict.fromkeys(one.number for one in cases))
    clauses = list(dict.fromkeys(label(locale, one.kind, "clause", one.clause) for one in cases))
    about = [numbers[0]] if len(numbers) == 1 else _many(locale, numbers)
    what = translate(
        locale, "window.due", clause=clauses[0] if len(clauses) == 1 else translate(locale, "window.timers")
    )
    name = " · ".join([*about, what, *_highest(locale, cases)])
    return RunInfo(
        "fire-timers", name, _tags({one.kind for one in cases}, ["timers"], cases), {"cases": numbers[:NAMED]}
    )


def calls(store: Store, locale: str, at: datetime) -> RunInfo:
    """The run that makes the callbacks whose hour has come."""
    cases = _look(store, CALLS.format(revisit=recorded_as("clause", "revisit")), at)
    numbers = [one.number for one in cases]
    about = numbers if len(numbers) == 1 else _many(locale, numbers)
    name = " · ".join([*about, translate(locale, "window.calls"), when(at, "%m-%d %H:%M")])
    tags = _tags({one.kind for one in cases}, ["callbacks"], cases)
    return RunInfo("call-customers", name, tags, {"cases": numbers[:NAMED]})


def rules(locale: str, at: datetime) -> RunInfo:
    """The run that brings open clocks under a new edition of the rules."""
    return RunInfo("reproject-timers", f"{translate(locale, 'window.rules')} · {when(at)}", ("closeloop", "rules"))


def work_name(locale: str, name: str) -> str:
    """What a deployment is called: ``overnight-escalation`` in the reader's language, or its own name."""
    return label(locale, "", "work", name)


def night_name(locale: str, name: str, at: str) -> str:
    """The name of a scheduled run; ``at`` is its hour as its supervisors read it."""
    return f"{work_name(locale, name)} · {at}"


def _look(store: Store, sql: str, at: datetime) -> list[Stands]:
    with store.looking() as tx:
        return [Stands(*row) for row in tx.rows(sql, at=to_micros(at), limit=LOOKED_AT)]


def _many(locale: str, numbers: Sequence[str]) -> list[str]:
    ends = [f"{numbers[0]} … {numbers[-1]}"] if numbers else []
    return [translate(locale, "window.cases", count=len(numbers)), *ends]


def _highest(locale: str, cases: Iterable[Stands]) -> list[str]:
    """Whom the most urgent of them asks already; nothing while all are with their handlers."""
    level = max((one.level for one in cases), default=0)
    return [label(locale, "", "level", str(level))] if level else []


def _tags(kinds: set[str], steps: Iterable[str], cases: Iterable[Stands]) -> tuple[str, ...]:
    """Codes to filter by, the same in every language: kind, step, ``level:2``, ``dept:claims``."""
    cases = tuple(cases)
    levels = sorted({f"level:{one.level}" for one in cases})
    departments = sorted({f"dept:{one.department}" for one in cases if one.department})
    return tuple(dict.fromkeys(("closeloop", *sorted(kinds), *steps, *levels, *departments)))
