"""Count the completed orders and scores of another system's files: kpi import-orders."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli.context import As, FileEncoding, Json, cli
from apps.cli.problem_text import note_lines, notes_document, problem_text
from engine.order_scores import Scores
from engine.order_tallies import record_orders, tally
from gateways.problems import Notes, Unreadable
from locales.zone import reader_zone
from statemachines.refused import Refused

SourceName = Annotated[str | None, typer.Option("--source")]
ScoresFile = Annotated[Path | None, typer.Option("--scores")]
ColumnOf = Annotated[list[str] | None, typer.Option("--column", metavar="NAME=COLUMN")]


def import_orders(
    file: Path, source: SourceName = None, column: ColumnOf = None, scores: ScoresFile = None, as_: As = None,
    encoding: FileEncoding = None, json: Json = False,
) -> None:  # fmt: skip
    """Count the completed orders of another system's file by day, with their scores, for indicators."""
    from gateways.order_scores import scores_in  # to read files takes imports that no figure of `kpi` needs
    from gateways.orders import OrderFile, orders_in

    store, by, at, zone, notes = cli.store, cli.actor(as_), cli.working_time(), reader_zone(), Notes()
    layout = OrderFile(_order_columns(column or []), zone, cli.encoding)
    files = [file] if scores is None else [file, scores]
    scored = () if scores is None else scores_in(scores, layout, notes.add)
    try:
        tallies = tally(orders_in(file, layout, notes.add), zone, at, scored)
        digest = hashlib.sha256(b"".join(each.read_bytes() for each in files)).hexdigest()
    except Unreadable as error:
        problems = list(map(problem_text, error.problems))
        names = ", ".join(each.name for each in files)
        raise Refused("bad_file", file=names, count=len(problems), problems=problems) from None
    imported = record_orders(store, source or file.name.split(".")[0], digest, zone, tallies, by, at)
    document = {
        "source": imported.source, "new": imported.new, "rows": tallies.rows, "counted": tallies.counted,
        "left_out": dict(tallies.left_out), "scores": None if scores is None else _scores_document(tallies.scores),
        **notes_document(notes.kept, notes.count),
    }  # fmt: skip
    key = "imported" if imported.new else "imported_before"
    text = _text(key, source=imported.source, rows=tallies.rows, counted=tallies.counted)
    lines = [text, *_left_out(tallies.left_out)]
    if scores is not None:
        found = tallies.scores
        said = _text("scores", counted=len(found.of_order), rows=found.rows, early=found.early)
        lines += [said, *_left_out(found.left_out)]
    cli.give(document, *lines, *note_lines(notes.kept, notes.count))


def _scores_document(scores: Scores) -> dict[str, Any]:
    return {"rows": scores.rows, "counted": len(scores.of_order), "early": scores.early,
            "left_out": dict(scores.left_out)}  # fmt: skip


def _left_out(counts: Mapping[str, int]) -> list[str]:
    return [_text(f"left_out.{why}", count=count) for why, count in sorted(counts.items())]


def _order_columns(given: list[str]) -> dict[str, str]:
    """Return the columns of a file of orders and of one of scores.

    Raises ``Refused('bad_order_column')`` for what is no NAME=COLUMN.
    """
    from gateways.order_scores import SCORE_COLUMNS
    from gateways.orders import COLUMNS

    columns = {**COLUMNS, **SCORE_COLUMNS}
    for text in given:
        name, _, column = text.partition("=")
        if name not in columns or not column.strip():
            raise Refused("bad_order_column", value=text[:40], known=sorted(columns))
        columns[name] = column.strip()
    return columns


def _text(key: str, **params: Any) -> str:
    return cli.translate(f"kpi.{key}", **params)
