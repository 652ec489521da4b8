"""Brings open timers under rules that have just taken force; closed ones keep what applied then (F4)."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from engine.commands.case_context import Loaded, context_of
from engine.commands.load import load_cases
from engine.commands.plan import Plan, begin, plan_reprojection, plan_until
from engine.commands.write import write
from engine.contention import retrying
from engine.rules.editions import EditionRow, mark_projected, unprojected
from engine.rules.in_force import WITHOUT_TIMERS, Sort
from engine.store import Store
from engine.timers.set_back import HistoryUnknown
from engine.timers.would_run import past_moves
from engine.transaction import Tx
from models.columns import to_micros

BATCH = 200
# Also those without a timer: the edition may set a limit that was not set.
OF_PACK = """
SELECT c.id AS case_id FROM cases c WHERE NOT c.closed AND c.pack = :name AND c.id > :after ORDER BY c.id LIMIT :limit
"""
OF_CALENDAR = """
SELECT DISTINCT k.case_id FROM timer k
 WHERE k.closed_at IS NULL AND k.calendar = :name AND k.case_id > :after ORDER BY k.case_id LIMIT :limit
"""
NEWEST = "SELECT max(id) AS id FROM edition"


@dataclass(frozen=True, slots=True)
class Reprojected:
    """The editions that took force, and the cases whose open timers have other dates since."""

    editions: tuple[str, ...]
    numbers: tuple[str, ...]

    @property
    def did(self) -> int:
        """Return how many cases changed, and how many editions took force, even where they changed none."""
        return len(self.numbers) + len(self.editions)


def reproject_due(store: Store, at: datetime) -> Reprojected:
    """Bring every open timer under the editions in force, a few hundred cases at a time.

    If it is killed half-way it may be run again: what is under the edition stays as it is.
    """
    now = to_micros(at)
    with store.looking() as tx:
        due, newest = unprojected(tx, now), tx.row(NEWEST).id or 0
    numbers: list[str] = []
    for edition in due:
        if edition.sort in WITHOUT_TIMERS:
            continue
        after = 0
        while (batch := retrying(lambda: _bring(store, edition, after, now)))[0]:  # noqa: B023 - called at once
            after = batch[0]
            numbers += batch[1]
    with store.writing() as tx:
        mark_projected(tx, now, newest)
    return Reprojected(tuple(f"{edition.name}@{edition.version}" for edition in due), tuple(dict.fromkeys(numbers)))


def _bring(store: Store, edition: EditionRow, after: int, now: int) -> tuple[int, list[str]]:
    """Bring one batch; return its last case (0 if there was none) and the numbers of those that changed."""
    sql = OF_PACK if edition.sort == Sort.PACK else OF_CALENDAR
    reason = "policy" if edition.sort == Sort.PACK else "calendar"
    with store.writing() as tx:
        cases = [row.case_id for row in tx.rows(sql, name=edition.name, after=after, limit=BATCH)]
        plans = [_planned(tx, loaded, reason, edition.effective_from, now) for loaded in load_cases(tx, cases, now)]
        write(tx, [plan for plan, _ in plans])
    return (cases[-1] if cases else 0), [plan.case.number for plan, changed in plans if changed]


def _planned(tx: Tx, loaded: Loaded, reason: str, since: int, now: int) -> tuple[Plan, bool]:
    """Plan one case: the steps that were due before the edition, then the new dates; whether any date changed."""
    try:
        return plan_edition(tx, loaded, reason, since)
    except HistoryUnknown:
        assert loaded.case is not None
        [complete] = load_cases(tx, [loaded.case.id], now, complete=True)
        return plan_edition(tx, complete, reason, since)


def plan_edition(tx: Tx, loaded: Loaded, reason: str, effective_from: int) -> tuple[Plan, bool]:
    """Plan one case: before the edition's instant its steps fire under the rules that held then.

    Nothing that is recorded is judged anew: for a case that has moved since, the edition holds from that move on.
    """
    context = context_of(loaded)
    in_force, since = context.pack, min(max(effective_from, context.case.changed_at), context.now)
    plan = begin(context)
    context.pack = loaded.around.rules.pack(context.case.pack, since - 1)
    plan_until(context, plan, since - 1)
    context.pack = in_force
    before = loaded.around.rules.pack(context.case.pack, effective_from - 1)
    return plan, plan_reprojection(context, plan, reason, since, before, partial(past_moves, tx, context.case.id))
