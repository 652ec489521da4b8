"""Reckon which deadlines of open cases would move under the draft of a pack or a calendar; nothing is written.

Each case is planned twice, as the new edition would bring it over (``engine.commands.reprojection``): under the rules
in force, and under these with the draft. What differs is the draft's doing.
"""

import copy
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from engine.access.condition import Condition
from engine.caches import PublishedEdition
from engine.commands.case_context import Loaded, Surroundings
from engine.commands.load import load_cases
from engine.commands.reprojection import plan_edition
from engine.rules.draft_checks import Draft, begin_of, check_draft
from engine.rules.in_force import WITHOUT_TIMERS, Rules, Sort, rules_in
from engine.store import Store
from engine.timers.timer import RunningTimer, open_only
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from statemachines.refused import Refused

MOST, BATCH, SHOWN = 3_000, 200, 20
"""The most cases that are reckoned, newest first; how many at a time; how many moves are listed."""
OF_PACK = "FROM cases c WHERE NOT c.closed AND c.pack = :name AND ({scope})"
OF_CALENDAR = """
FROM cases c WHERE NOT c.closed AND ({scope}) AND EXISTS (
     SELECT 1 FROM timer k WHERE k.case_id = c.id AND k.closed_at IS NULL AND k.calendar = :name)
"""


@dataclass(frozen=True, slots=True)
class MovedDeadline:
    """A deadline of a case before and under the draft; None before where a timer would start, after where one ends."""

    number: str
    kind: str
    clause: str
    before: datetime | None
    after: datetime | None

    @property
    def sort(self) -> str:
        """Return ``started``, ``ended``, ``earlier`` or ``later``."""
        if self.before is None:
            return "started"
        if self.after is None:
            return "ended"
        return "earlier" if self.after < self.before else "later"

    @property
    def seconds(self) -> float:
        """Return by how much the deadline moves."""
        return 0 if self.before is None or self.after is None else abs((self.after - self.before).total_seconds())


@dataclass(slots=True)
class RulePreview:
    """What a draft would do to the open cases of which the reader may know.

    ``counts`` holds the number of deadlines by kind, clause and ``MovedDeadline.sort``, or ``paused`` for timers that
    wait and whose allowance changes. Of ``cases`` open cases ``reckoned`` were reckoned, of which ``failed`` could not
    be planned.
    """

    begins: datetime
    cases: int = 0
    reckoned: int = 0
    failed: int = 0
    touched: int = 0
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])
    moves: list[MovedDeadline] = field(default_factory=list[MovedDeadline])

    @property
    def largest(self) -> list[MovedDeadline]:
        """Return the moves that matter most: timers that start or end, then the largest moves."""
        ranked = sorted(self.moves, key=lambda move: (move.seconds == 0, move.seconds), reverse=True)
        return ranked[:SHOWN]

    @property
    def by_clause(self) -> list[tuple[str, str, dict[str, int]]]:
        """Return each clause with its counts."""
        clauses = dict.fromkeys((kind, clause) for kind, clause, _ in sorted(self.counts))
        sorts = ("earlier", "later", "started", "ended", "paused")
        return [(*key, {sort: self.counts[*key, sort] for sort in sorts}) for key in clauses]


def rule_preview(store: Store, draft: Draft, scope: Condition, at: datetime, most: int = MOST) -> RulePreview:
    """Reckon the effect of a sound draft on open cases. Raises ``Refused`` for a faulty one, as a publication does."""
    begins = max(begin_of(draft, at), at)
    with store.looking() as tx:
        edition = check_draft(tx, draft, at, begins)
        preview = RulePreview(begins)
        if edition.sort in WITHOUT_TIMERS:
            return preview
        source = (OF_PACK if edition.sort is Sort.PACK else OF_CALENDAR).format(scope=scope.sql)
        values = {"name": draft.name, **scope.values}
        preview.cases = tx.row(f"SELECT count(*) AS count {source}", **values).count
        rows = tx.rows(f"SELECT c.id {source} ORDER BY c.id DESC LIMIT :most", most=most, **values)
        ids, since = sorted(row.id for row in rows), to_micros(begins)
        rules = rules_in(tx)
        last = max((each.id for each in rules.editions), default=0)
        new = PublishedEdition(
            last + 1, edition.sort.value, draft.name, edition.rules.version, edition.content, since
        )  # fmt: skip
        later = sorted([*rules.editions, new], key=lambda each: (each.effective_from, each.id))
        for start in range(0, len(ids), BATCH):
            loaded = load_cases(tx, ids[start : start + BATCH], since, complete=True, locked=False)
            _reckon(tx, preview, loaded, Rules(tuple(later)), "policy" if edition.sort is Sort.PACK else "calendar")
    return preview


def _reckon(tx: Tx, preview: RulePreview, loaded: Sequence[Loaded], rules: Rules, reason: str) -> None:
    since = to_micros(preview.begins)
    changed: Surroundings | None = None
    for each in loaded:
        assert each.case is not None
        kind, number = each.case.kind, each.case.number
        if changed is None:
            changed = Surroundings(rules, each.around.system, each.around.now, each.around.recorded_at)
        preview.reckoned += 1
        try:
            before = _timers(tx, each, each.around, reason, since)
            after = _timers(tx, each, changed, reason, since)
        except Refused:
            preview.failed += 1
            continue
        moves = list(_moves(number, kind, before, after))
        paused = [
            timer.clause
            for key, timer in after.items()
            if timer.running_since is None and key in before and timer.allowance != before[key].allowance
        ]
        preview.touched += bool(moves or paused)
        preview.moves += moves
        preview.counts.update((kind, move.clause, move.sort) for move in moves)
        preview.counts.update((kind, clause, "paused") for clause in paused)


def _timers(tx: Tx, loaded: Loaded, around: Surroundings, reason: str, since: int) -> dict[Any, RunningTimer]:
    """Return the open timers of a case, planned under the rules of ``around``; what was loaded stays as it is."""
    own = replace(
        loaded,
        around=around,
        case=copy.deepcopy(loaded.case),
        history=copy.copy(loaded.history),
        occurrences=copy.deepcopy(loaded.occurrences),
        spent_parts=copy.copy(loaded.spent_parts),
        names=copy.deepcopy(loaded.names),
    )
    plan, _ = plan_edition(tx, own, reason, since)
    return {timer.id or (timer.clause, timer.part): timer for timer in open_only(plan.timers)}


def _moves(
    number: str, kind: str, before: dict[Any, RunningTimer], after: dict[Any, RunningTimer]
) -> Iterator[MovedDeadline]:
    for key in dict.fromkeys([*before, *after]):
        was, becomes = _due(before.get(key)), _due(after.get(key))
        if was != becomes or key not in before:
            clause = (after.get(key) or before[key]).clause
            yield MovedDeadline(number, kind, clause, was, becomes)


def _due(timer: RunningTimer | None) -> datetime | None:
    at = None if timer is None else timer.due_at(100)
    return None if at is None else from_micros(at)
