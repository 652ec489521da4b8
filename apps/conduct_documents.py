"""Drawn contacts and sheets of conduct as documents for programs: the same at the command line and in the API."""

from dataclasses import asdict
from typing import Any

from apps.principal_conduct import SeenContact
from engine.conduct.sheet_rows import SheetRow


def contact_document(seen: SeenContact) -> dict[str, Any]:
    """Return a drawn contact with its texts as they may be seen, what is looked at, and its sheets."""
    return {
        "draw": seen.draw_id,
        "position": seen.position,
        "number": seen.number,
        "kind": seen.kind,
        "channel": seen.channel,
        "staff": seen.staff,
        "occurred_at": seen.occurred_at,
        "move": seen.move.move,
        "texts": {name: value for name, value in seen.move.form.items() if name in seen.move.statements},
        "checklist": seen.checklist.name,
        "version": seen.checklist.version,
        "items": [item.model_dump(mode="json") for item in seen.checklist.items],
        "own": seen.own,
        "sheets": [sheet_document(sheet) for sheet in seen.sheets],
    }


def sheet_document(sheet: SheetRow) -> dict[str, Any]:
    """Return a sheet; its score is in points of 100, null where nothing was observed."""
    return {**asdict(sheet), "score": None if sheet.score is None else sheet.score / 100}
