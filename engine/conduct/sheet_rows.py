"""Read draws, what they drew, and the sheets of a contact or of a person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.access.condition import Condition
from engine.conduct.score import Mark, Outcome
from engine.transaction import Tx
from models.columns import from_micros

DRAWS = """
SELECT d.id, a.handle AS drawn_by, d.drawn_at, d.seed, d.channel, d.since, d.until, d.department, s.handle AS staff,
       d.wanted, d.population,
       (SELECT count(*) FROM conduct_sample p WHERE p.draw_id = d.id) AS drawn,
       (SELECT count(DISTINCT h.position) FROM conduct_sheet h WHERE h.draw_id = d.id) AS scored,
       (SELECT count(*) FROM conduct_draw e WHERE e.id < d.id AND e.channel = d.channel AND e.since < d.until
           AND e.until > d.since AND coalesce(e.department, '') = coalesce(d.department, '')
           AND coalesce(e.staff_id, 0) = coalesce(d.staff_id, 0)) AS earlier
  FROM conduct_draw d JOIN actor a ON a.id = d.drawn_by LEFT JOIN actor s ON s.id = d.staff_id
"""
NEWEST = f"{DRAWS} ORDER BY d.id DESC LIMIT :most"
ONE = f"{DRAWS} WHERE d.id = :id"
DRAWN = """
SELECT s.position, c.number, c.kind, t.move, a.handle AS staff, s.department, s.occurred_at,
       h.revision, h.score, h.observed, h.objected_at, h.answered_at
  FROM conduct_sample s JOIN actor a ON a.id = s.staff_id
  LEFT JOIN cases c ON c.id = s.case_id AND ({scope})
  LEFT JOIN transition t ON t.case_id = c.id AND t.seq = s.seq
  LEFT JOIN conduct_sheet h ON h.draw_id = s.draw_id AND h.position = s.position AND h.revision = (
       SELECT max(n.revision) FROM conduct_sheet n WHERE n.draw_id = s.draw_id AND n.position = s.position)
 WHERE s.draw_id = :draw_id ORDER BY s.position
"""
SHEETS = """
SELECT h.id, h.draw_id, h.position, h.revision, d.channel, b.handle AS scored_by, h.scored_at, h.checklist, h.version,
       h.score, h.observed, h.reason, h.objection, h.objected_at, h.answer, r.handle AS answered_by, h.answered_at,
       h.erased_at, s.occurred_at
  FROM conduct_sheet h JOIN conduct_draw d ON d.id = h.draw_id
  JOIN conduct_sample s ON s.draw_id = h.draw_id AND s.position = h.position
  JOIN actor b ON b.id = h.scored_by LEFT JOIN actor r ON r.id = h.answered_by
"""
OF_CONTACT = f"{SHEETS} WHERE h.draw_id = :draw_id AND h.position = :position ORDER BY h.revision DESC"
OF_PERSON = f"{SHEETS} WHERE s.staff_id = :staff_id ORDER BY s.occurred_at DESC, h.id DESC LIMIT :most"
MARKS = "SELECT sheet_id, item, weight, outcome, note FROM conduct_mark WHERE sheet_id = ANY(:sheets) ORDER BY place"
INSTANTS = ("scored_at", "objected_at", "answered_at", "erased_at", "occurred_at", "drawn_at", "since", "until")


@dataclass(frozen=True, slots=True)
class DrawRow:
    """A draw. ``drawn`` is how many contacts it has, ``scored`` how many of them have a sheet.

    ``earlier`` counts the draws before it of the same channel, department and person, and an overlapping period.
    """

    id: int
    drawn_by: str
    drawn_at: datetime
    seed: str
    channel: str
    since: datetime
    until: datetime
    department: str | None
    staff: str | None
    wanted: int
    population: int
    drawn: int
    scored: int
    earlier: int


@dataclass(frozen=True, slots=True)
class DrawnContact:
    """A drawn contact and its newest sheet; ``number`` is empty where the reader may not know of the case."""

    position: int
    number: str | None
    kind: str | None
    move: str | None
    staff: str
    department: str | None
    occurred_at: datetime
    revision: int | None
    score: int | None
    observed: int | None
    objected_at: datetime | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A sheet with its marks; texts are empty where there are none or where they were erased."""

    id: int
    draw_id: int
    position: int
    revision: int
    channel: str
    scored_by: str
    scored_at: datetime
    checklist: str
    version: str
    score: int | None
    observed: int
    reason: str | None
    objection: str | None
    objected_at: datetime | None
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    erased_at: datetime | None
    occurred_at: datetime
    marks: tuple[Mark, ...] = ()


def newest_draws(tx: Tx, most: int) -> list[DrawRow]:
    """Return the draws, the newest first."""
    return [DrawRow(**_read(row)) for row in tx.rows(NEWEST, most=most)]


def one_draw(tx: Tx, draw_id: int) -> DrawRow:
    """Return a draw that exists."""
    return DrawRow(**_read(tx.row(ONE, id=draw_id)))


def drawn_contacts(tx: Tx, draw_id: int, scope: Condition) -> list[DrawnContact]:
    """Return what was drawn, in the order of the draw."""
    rows = tx.rows(DRAWN.format(scope=scope.sql), draw_id=draw_id, **scope.values)
    return [DrawnContact(**_read(row)) for row in rows]


def sheets_of_contact(tx: Tx, draw_id: int, position: int) -> list[SheetRow]:
    """Return the sheets of a contact, the newest first."""
    return _with_marks(tx, tx.rows(OF_CONTACT, draw_id=draw_id, position=position))


def sheets_of_person(tx: Tx, staff_id: int, most: int) -> list[SheetRow]:
    """Return the sheets about the contacts of a person, the newest contact first; corrected ones, too."""
    return _with_marks(tx, tx.rows(OF_PERSON, staff_id=staff_id, most=most))


def _with_marks(tx: Tx, rows: Iterable[Any]) -> list[SheetRow]:
    found = {row.id: _read(row) for row in rows}
    marks: dict[int, list[Mark]] = {}
    for row in tx.rows_among(MARKS, sheets=list(found)) if found else ():
        marks.setdefault(row.sheet_id, []).append(Mark(row.item, row.weight, Outcome(row.outcome), row.note))
    return [SheetRow(**row, marks=tuple(marks.get(sheet_id, ()))) for sheet_id, row in found.items()]


def _read(row: Any) -> Mapping[str, Any]:
    values: dict[str, Any] = row._asdict()
    instants = {name: from_micros(values[name]) for name in INSTANTS if values.get(name) is not None}
    return values | instants
