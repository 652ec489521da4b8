"""Figures of scored contacts by person, department or channel: shares with their intervals, and no ranking (F5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from engine.transaction import Tx
from models.columns import to_micros
from reports.wilson import wilson_interval

FULL = 10_000
"""A full score, in hundredths of a point."""
# Of each contact its newest sheet counts.
FIND = """
SELECT a.handle AS person, s.department, d.channel, h.checklist, h.version, h.score, h.observed
  FROM conduct_sample s JOIN conduct_draw d ON d.id = s.draw_id JOIN actor a ON a.id = s.staff_id
  LEFT JOIN conduct_sheet h ON h.draw_id = s.draw_id AND h.position = s.position AND h.revision = (
       SELECT max(n.revision) FROM conduct_sheet n WHERE n.draw_id = s.draw_id AND n.position = s.position)
 WHERE s.occurred_at >= :since AND s.occurred_at < :until
 ORDER BY a.handle, h.checklist, h.version, s.draw_id, s.position
"""

# Of each contact the newest sheet of then counts.
OF_PERSON = """
SELECT s.case_id, h.score FROM conduct_sample s JOIN actor a ON a.id = s.staff_id
  JOIN conduct_sheet h ON h.draw_id = s.draw_id AND h.position = s.position AND h.revision = (
       SELECT max(n.revision) FROM conduct_sheet n
        WHERE n.draw_id = s.draw_id AND n.position = s.position AND n.scored_at <= :as_of)
 WHERE a.handle = :handle AND s.occurred_at >= :since AND s.occurred_at < :until
 ORDER BY s.draw_id, s.position
"""


class GroupedBy(StrEnum):
    """By what contacts are counted together."""

    PERSON = "person"
    DEPARTMENT = "department"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class ChecklistFigures:
    """The contacts of a group that were scored by one version of a checklist, each of which has weights of its own.

    ``share`` is the mean score of the ``scored`` contacts, from 0 to 1; the true one lies between ``least`` and
    ``most`` with 95 % confidence. ``observed`` is the mean weight of what was observed. All are None where nothing was.
    """

    checklist: str
    version: str
    scored: int
    nothing_observed: int
    share: float | None
    least: float | None
    most: float | None
    observed: float | None


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """A person, a department (empty for people of none) or a channel: how many contacts were drawn, and not scored."""

    name: str
    drawn: int
    unscored: int
    checklists: tuple[ChecklistFigures, ...]


@dataclass(frozen=True, slots=True)
class ConductScore:
    """A contact that was scored, in hundredths of a point of 100; None where nothing was observed."""

    case_id: int
    hundredths: int | None


def scores_of_person(tx: Tx, handle: str, span: tuple[int, int], as_of: int) -> list[ConductScore]:
    """Return the scores of a person's contacts of a period, as they were at an instant; all in microseconds."""
    since, until = span
    rows = tx.rows(OF_PERSON, handle=handle, since=since, until=until, as_of=as_of)
    return [ConductScore(row.case_id, row.score) for row in rows]


def conduct_figures(tx: Tx, since: datetime, until: datetime, by: GroupedBy) -> list[GroupFigures]:
    """Return the figures of the contacts made in [since, until), in the order of the names."""
    groups: dict[str, list[Any]] = {}
    for row in tx.rows(FIND, since=to_micros(since), until=to_micros(until)):
        groups.setdefault(getattr(row, by.value) or "", []).append(row)
    return [_group(name, groups[name]) for name in sorted(groups)]


def _group(name: str, rows: list[Any]) -> GroupFigures:
    versions: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        if row.checklist is not None:
            versions.setdefault((row.checklist, row.version), []).append(row)
    unscored = sum(row.checklist is None for row in rows)
    figures = (_figures(*version, versions[version]) for version in sorted(versions))
    return GroupFigures(name, len(rows), unscored, tuple(figures))


def _figures(checklist: str, version: str, rows: Iterable[Any]) -> ChecklistFigures:
    sheets = list(rows)
    scores = [row.score for row in sheets if row.score is not None]
    if not scores:
        return ChecklistFigures(checklist, version, 0, len(sheets), None, None, None, None)
    share = sum(scores) / len(scores) / FULL
    observed = sum(row.observed for row in sheets) / len(sheets) / 100
    return ChecklistFigures(
        checklist,
        version,
        len(scores),
        len(sheets) - len(scores),
        share,
        *wilson_interval(share, len(scores)),
        observed,
    )
