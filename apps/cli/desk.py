"""The command of the service desk that shows where an order is: track."""

from dataclasses import asdict

import typer

from apps.cli.context import Json, cli, local, table
from locales.translation import label
from reports.desk_queries import OrderStatus
from reports.desk_queries import track as look_up


def join(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(track)


def track(number: str, json: Json = False) -> None:
    """Where an order stands and where its goods are, as of when; nothing of whose they are."""
    now = cli.store.now()
    with cli.store.looking() as tx:
        tracking = look_up(tx, number, now)
    age = None if tracking.age is None else tracking.age.total_seconds()
    document = {("case" if key == "number" else key): value for key, value in asdict(tracking).items()}
    cli.give({**document, "age": age}, table(number, ("", ""), _facts(tracking)))


def _facts(tracking: OrderStatus) -> list[tuple[str, str]]:
    return [
        (cli.translate("column.state"), label(cli.locale, tracking.kind, "state", tracking.state)),
        (cli.translate("desk.column.position"), label(cli.locale, tracking.kind, "position", tracking.position or "–")),
        (cli.translate("desk.column.as_of"), _as_of(tracking)),
        (cli.translate("desk.column.expected"), local(tracking.expected_at)),
    ]


def _as_of(tracking: OrderStatus) -> str:
    if tracking.age is None:
        return "–"
    text = cli.translate("desk.as_of", at=local(tracking.as_of), hours=int(tracking.age.total_seconds() // 3600))
    return f"{text} · {cli.translate('desk.stale')}" if tracking.stale else text
