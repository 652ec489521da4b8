"""Audits the records of all cases closed in a period, by the checklists of their kinds (F1): what lacks, and where.

Every closed case is judged, none is drawn. The database judges and groups in one statement, however many there are.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.rules.in_force import Rules, rules_in
from engine.rules.indicator_queries import Facts
from engine.rules.record_checklists import Check, RecordChecklist
from engine.store import Store
from engine.transaction import Tx
from locales.zone import SHANGHAI
from models.columns import to_micros
from reports.indicators.cells import Reader
from reports.indicators.completeness import judging
from reports.indicators.periods import Period

COUNTED = "records_complete"
"""The query whose indicator the audit must equal."""
MOST = 500
"""The most case numbers that are read of each group."""
# Numbers are read of what lacks something, and as many as are shown.
AUDITED = """
SELECT g.kind, g.pack, g.department, g.checklist, g.lacks, g.n, CASE WHEN g.lacks > 0 THEN c.number END AS number
  FROM (SELECT f.kind, f.pack, f.department, f.checklist, f.lacks, f.case_id, count(*) OVER w AS n,
               row_number() OVER (PARTITION BY f.kind, f.pack, f.department, f.checklist, f.lacks
                                      ORDER BY f.case_id) AS rank
          FROM (SELECT e.kind, e.pack, e.department, e.checklist, e.lacks, e.case_id FROM ({relation}) e
                 WHERE e.at >= :begin AND e.at < :end {once}) f
        WINDOW w AS (PARTITION BY f.kind, f.pack, f.department, f.checklist, f.lacks)) g
  JOIN cases c ON c.id = g.case_id
 WHERE g.rank = 1 OR (g.lacks > 0 AND g.rank <= :most)
 ORDER BY g.kind, g.pack, coalesce(g.department, ''), g.checklist, g.lacks, g.rank
"""


@dataclass(frozen=True, slots=True)
class AuditedKind:
    """How many cases of a kind were closed, and how many records are whole; ``checklists`` judged them.

    Without a checklist nobody knows how many are whole, and ``whole`` is None.
    """

    kind: str
    closed: int
    whole: int | None
    checklists: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lack:
    """An item that records of a kind and department lack: how many, and the first ``MOST`` of them by number."""

    pack: str
    kind: str
    department: str | None
    item: str
    checklist: str
    count: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordAudit:
    """The audit of a period as of an instant; ``checklists`` are those that judge at its end, by kind of case."""

    period: Period
    as_of: datetime
    kinds: tuple[AuditedKind, ...]
    lacks: tuple[Lack, ...]
    checklists: Mapping[str, RecordChecklist]

    @property
    def by_people(self) -> Iterator[tuple[str, str]]:
        """Yield kind and item of what no query can tell of the audited records."""
        audited = {each.kind for each in self.kinds}
        for kind, checklist in self.checklists.items():
            for item in checklist.items:
                if kind in audited and item.check is Check.PEOPLE:
                    yield kind, item.code


def record_audit(store: Store, period: Period, as_of: datetime) -> RecordAudit:
    """Audit the cases closed in a period, by what had been recorded at an instant."""
    with store.looking() as tx:
        return audit_in(tx, rules_in(tx), period, as_of)


def audit_in(tx: Tx, rules: Rules, period: Period, as_of: datetime) -> RecordAudit:
    """Audit within a transaction of the caller's."""
    at = to_micros(as_of)
    zone = audit_zone(rules, at)
    reader, end = Reader.at(tx, rules, at), period.ends(zone)
    sql = AUDITED.format(
        relation=reader.relation(Facts.ENDINGS, ("kind", "pack", "department")),
        once="OFFSET 0" if tx.postgres else "LIMIT -1 OFFSET 0",  # what a record lacks is found once for each case
    )
    rows = tx.rows(sql, begin=period.begins(zone), end=end, as_of=at, most=MOST)
    editions = {each.edition: each for _, _, each in judging(rules)}
    in_force = rules.record_checklists(min(at, end - 1)).values()
    return RecordAudit(
        period, as_of, tuple(_kinds(rows)), tuple(_lacks(rows, editions)), {each.kind: each for each in in_force}
    )


def audit_zone(rules: Rules, at: int) -> ZoneInfo:
    """Return the zone in which the periods of an audit begin: that of the indicator that counts the same records."""
    for indicator in rules.indicators(at).values():
        if indicator.numerator is not None and indicator.numerator.query == COUNTED:
            return ZoneInfo(indicator.zone)
    return SHANGHAI.zone


def _kinds(rows: Sequence[Any]) -> Iterator[AuditedKind]:
    groups: dict[str, dict[tuple[Any, ...], Any]] = defaultdict(dict)
    for row in rows:
        groups[row.kind][row.pack, row.department, row.checklist, row.lacks] = row
    for kind, found in groups.items():
        judged = [row for row in found.values() if row.checklist is not None]
        whole = sum(row.n for row in judged if row.lacks == 0) if judged else None
        checklists = tuple(sorted({row.checklist for row in judged}))
        yield AuditedKind(kind, sum(row.n for row in found.values()), whole, checklists)


def _lacks(rows: Sequence[Any], editions: Mapping[str, RecordChecklist]) -> Iterator[Lack]:
    """Yield what lacks: a case that lacks several items is among the cases of each."""
    counts: dict[tuple[str, str, str, str, str], dict[int, int]] = defaultdict(dict)
    numbers: dict[tuple[str, str, str, str, str], list[str]] = defaultdict(list)
    for row in rows:
        for bit, item in enumerate(editions[row.checklist].items if row.lacks else ()):
            if row.lacks >> bit & 1:
                key = row.pack, row.kind, row.department or "", item.code, row.checklist
                counts[key][row.lacks] = row.n
                numbers[key].append(row.number)
    for key in sorted(counts):
        pack, kind, department, item, checklist = key
        shown = tuple(sorted(numbers[key])[:MOST])
        yield Lack(pack, kind, department or None, item, checklist, sum(counts[key].values()), shown)
