"""Names runs in the supervisor's language and tags them with codes, so that the list can be read and filtered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.calendars.calling_hours import CALL_WINDOWS
from engine.outbox.waiting_deliveries import Waiting
from engine.retired_names import recorded_as
from engine.store import Store
from engine.webhook_reactions import of_webhook
from flows.run_info import RunInfo
from locales.translation import label, translate, when
from models.columns import to_micros

REACT, FIRE_TIMERS, CALL_CUSTOMERS, REPROJECT = "react", "fire-timers", "call-customers", "reproject-timers"
SEND_WEBHOOKS = "send-webhooks"
"""The flows of a driver."""
NAMED = 20
"""The most cases that a run names in its parameters."""
IN_NAME = 150
"""The most case numbers in the name of a run, by which the search of the Prefect UI finds it."""
TAGGED = 200
"""The most cases from which a run's tags are read: more than one batch takes."""

# These queries repeat the conditions of the work itself, so that no list of case numbers is sent to the database.
WAITING_CASES = f"""
SELECT DISTINCT c.number, c.kind, c.level, coalesce(c.department, '') AS department, '' AS clause FROM cases c
 WHERE c.id IN (SELECT case_id FROM outbox_event ORDER BY case_id LIMIT :limit)
    OR c.id IN (SELECT d.case_id FROM delivery d WHERE d.status IN ('waiting', 'leased') AND d.next_at <= :at
                   AND NOT {of_webhook("d")} ORDER BY d.case_id LIMIT :limit)
 ORDER BY c.number
"""  # noqa: S608 (put together from our own constant)
DUE_CASES = """
SELECT c.number, c.kind, c.level, coalesce(c.department, '') AS department, k.clause FROM timer k
  JOIN cases c ON c.id = k.case_id WHERE k.fires_at <= :at ORDER BY k.fires_at, k.id LIMIT :limit
"""
CASES_TO_CALL = """
SELECT c.number, c.kind, c.level, coalesce(c.department, '') AS department, k.clause FROM callback b
  JOIN cases c ON c.id = b.case_id
  JOIN timer k ON k.case_id = b.case_id AND k.cycle = b.cycle AND k.clause IN ({revisit}) AND k.closed_at IS NULL
 WHERE b.done_at IS NULL AND b.outcome IS NULL AND b.planned_at <= :at ORDER BY b.planned_at, c.id LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class CaseInRun:
    """A case of a run; ``clause`` is the timer that is due, if that is why."""

    number: str
    kind: str
    level: int
    department: str
    clause: str


def reaction(store: Store, locale: str, at: datetime, waiting: Sequence[Waiting]) -> RunInfo:
    """Describe the run that delivers what waits; a lone case is named with its step and round."""
    cases = _cases(store, WAITING_CASES, at)
    numbers = list(dict.fromkeys(delivery.number for delivery in waiting))
    steps = sorted({delivery.step for delivery in waiting})
    if len(numbers) == 1:
        last = waiting[-1]
        subject = [
            numbers[0],
            label(locale, last.kind, "state", last.step),
            translate(locale, "window.round", round=last.round),
        ]
    else:
        subject = _many(locale, numbers)
    name = " · ".join([*subject, *_highest(locale, cases)])
    return RunInfo(
        REACT, name, _tags({delivery.kind for delivery in waiting}, steps, cases), {"cases": numbers[:NAMED]}
    )


def sweep(store: Store, locale: str, at: datetime) -> RunInfo:
    """Describe the run that fires due timers; a lone case is named with its clause."""
    cases = _cases(store, DUE_CASES, at)
    numbers = list(dict.fromkeys(case.number for case in cases))
    clauses = list(dict.fromkeys(label(locale, case.kind, "clause", case.clause) for case in cases))
    subject = [numbers[0]] if len(numbers) == 1 else _many(locale, numbers)
    what = translate(
        locale, "window.due", clause=clauses[0] if len(clauses) == 1 else translate(locale, "window.timers")
    )
    name = " · ".join([*subject, what, *_highest(locale, cases)])
    return RunInfo(
        FIRE_TIMERS, name, _tags({case.kind for case in cases}, ["timers"], cases), {"cases": numbers[:NAMED]}
    )


def calls(store: Store, locale: str, at: datetime) -> RunInfo:
    """Describe the run that makes due callbacks."""
    cases = _cases(store, CASES_TO_CALL.format(revisit=recorded_as("clause", *CALL_WINDOWS)), at)
    numbers = [case.number for case in cases]
    what = [translate(locale, "window.calls"), when(at, "%m-%d %H:%M")]
    name = " · ".join([numbers[0], *what] if len(numbers) == 1 else [*_count(locale, numbers), *what, *_each(numbers)])
    tags = _tags({case.kind for case in cases}, ["callbacks"], cases)
    return RunInfo(CALL_CUSTOMERS, name, tags, {"cases": numbers[:NAMED]})


def webhooks(store: Store, locale: str, at: datetime, waiting: Sequence[Waiting]) -> RunInfo:  # noqa: ARG001
    """Describe the run that sends webhooks."""
    numbers = list(dict.fromkeys(delivery.number for delivery in waiting))
    subject = numbers if len(numbers) == 1 else _many(locale, numbers)
    name = " · ".join([*subject, translate(locale, "window.webhooks")])
    kinds = sorted({delivery.kind for delivery in waiting})
    return RunInfo(SEND_WEBHOOKS, name, ("closeloop", *kinds, "webhooks"), {"cases": numbers[:NAMED]})


def rules(locale: str, at: datetime) -> RunInfo:
    """Describe the run that reprojects open timers under a new edition of the rules."""
    return RunInfo(REPROJECT, f"{translate(locale, 'window.rules')} · {when(at)}", ("closeloop", "rules"))


def work_name(locale: str, name: str) -> str:
    """Return the name of a deployment in the reader's language, or its own name if it has no translation."""
    return label(locale, "", "work", name)


def night_name(locale: str, name: str, at: str) -> str:
    """Return the name of a scheduled run; ``at`` is its formatted hour."""
    return f"{work_name(locale, name)} · {at}"


def _cases(store: Store, sql: str, at: datetime) -> list[CaseInRun]:
    with store.looking() as tx:
        return [CaseInRun(*row) for row in tx.rows(sql, at=to_micros(at), limit=TAGGED)]


def _many(locale: str, numbers: Sequence[str]) -> list[str]:
    ends = [f"{numbers[0]} … {numbers[-1]}"] if numbers else []
    return [*_count(locale, numbers), *ends]


def _count(locale: str, numbers: Sequence[str]) -> list[str]:
    return [translate(locale, "window.cases", count=len(numbers))]


def _each(numbers: Sequence[str]) -> list[str]:
    """Return the numbers by which the search of the UI finds the run."""
    return [" ".join(numbers[:IN_NAME])] if numbers else []


def _highest(locale: str, cases: Iterable[CaseInRun]) -> list[str]:
    """Return the label of the highest level among the cases; empty while all are with their handlers."""
    level = max((case.level for case in cases), default=0)
    return [label(locale, "", "level", str(level))] if level else []


def _tags(kinds: set[str], steps: Iterable[str], cases: Iterable[CaseInRun]) -> tuple[str, ...]:
    """Return codes to filter by, the same in every language: kind, step, ``level:2``, ``dept:claims``."""
    cases = tuple(cases)
    levels = sorted({f"level:{case.level}" for case in cases})
    departments = sorted({f"dept:{case.department}" for case in cases if case.department})
    return tuple(dict.fromkeys(("closeloop", *sorted(kinds), *steps, *levels, *departments)))
