"""The page of the board: open cases, workload by person, what waits for a decision, the nights' health, holds."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from apps.api.problems import status_of
from apps.board_counts import BoardCounts
from apps.console.decisions import why_not_text
from apps.console.queue_links import bulk_address, queue_address, states_at
from apps.console.visit import Sent, Visit, Visiting
from apps.principal_board import SEES_BOARD, hold_for, release_for, whole_board_seen
from apps.principal_decisions import DECIDES, decisions_seen
from engine.ledger.suspensions import RELEASE_REASONS
from flows.deployments.operator_forms import HOLD_REASONS
from locales.translation import refusal
from reports.markdown import SPINE
from reports.night_health_text import troubles
from reports.overdue import by_case
from reports.overdue_text import groups
from statemachines.kinds import customer_kinds, lifecycles
from statemachines.refused import Refused
from statemachines.roles import LEVELS

router = APIRouter()

BOARD_ROLES = SEES_BOARD
ROWS = 10
"""How many overdue cases have a row on the board; the others are named by their numbers."""


@dataclass(frozen=True, slots=True)
class Cell:
    """How many cases stand at a milestone, and the address of their list."""

    count: int
    address: str


@dataclass(frozen=True, slots=True)
class LevelRow:
    """A kind of case at a level: how many cases stand at each milestone, and in all."""

    kind: str
    level: int
    internal: bool
    cells: list[Cell]
    total: Cell


def level_rows(counts: BoardCounts) -> list[LevelRow]:
    """Return a row for each kind and level of which there are cases, customers' work first (A8)."""
    customers = customer_kinds()
    found = sorted({(kind not in customers, kind, level) for kind, _, level in counts.counts})
    return [_level_row(counts, kind, level, internal) for internal, kind, level in found]


def _level_row(counts: BoardCounts, kind: str, level: int, internal: bool) -> LevelRow:
    here = {milestone: counts.counts[kind, milestone.value, level] for milestone in SPINE}
    cells = [
        Cell(count, queue_address(kind=kind, level=level, state=states_at(kind, milestone)))
        for milestone, count in here.items()
    ]
    total = sum(n for (of, _, at), n in counts.counts.items() if (of, at) == (kind, level))
    return LevelRow(kind, level, internal, cells, Cell(total, queue_address(kind=kind, level=level)))


@router.get("/board")
def show_board(visit: Visiting) -> HTMLResponse:
    """Show the board."""
    return _board(visit)


def _board(visit: Visit, status: int = 200, **more: Any) -> HTMLResponse:
    seen = whole_board_seen(visit.store, visit.principal, visit.at)
    decides = visit.principal.actor.roles & DECIDES
    waiting = decisions_seen(visit.store, visit.principal, visit.at) if decides else None
    values: dict[str, Any] = {
        "board": seen,
        "rows": level_rows(seen.counts),
        "milestones": SPINE,
        "levels": range(len(LEVELS)),
        "waiting": waiting,
        "late": groups(by_case(seen.counts.overdue), visit.at, visit.locale, ROWS),
        "troubles": list(troubles(seen.health, visit.locale)),
        "queue": queue_address,
        "bulk": bulk_address,
        "kinds": sorted({*lifecycles()} - {hold.kind for hold in seen.holds}),
        "reasons": HOLD_REASONS,
        "release_reasons": RELEASE_REASONS,
        "typed": {},
        "why_not": why_not_text(visit.locale),
        "error": "",
    }
    template = "board_parts.html" if visit.fragment else "board.html"
    return visit.page(template, status, **values | more)


@router.post("/board/holds")
def hold_kind(visit: Visiting, entries: Sent) -> Response:
    """Hold a kind back."""
    try:
        hold_for(visit.store, visit.principal, entries.text("kind"), entries.text("reason"), visit.working_time())
    except Refused as refused:
        return _refused(visit, refused, dict(entries))
    return visit.go_to("/board?done=held")


@router.post("/board/releases")
def release_kind(visit: Visiting, entries: Sent) -> Response:
    """End the hold of a kind."""
    try:
        release_for(visit.store, visit.principal, entries.text("kind"), entries.text("reason"), visit.working_time())
    except Refused as refused:
        return _refused(visit, refused, {})
    return visit.go_to("/board?done=released")


def _refused(visit: Visit, refused: Refused, typed: dict[str, str]) -> HTMLResponse:
    why = refusal(visit.locale, refused, on_web=True)
    return _board(visit, status_of(refused), error=why, typed=typed)
