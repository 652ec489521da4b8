"""Commands of the night and of simulated time: sweep, report, run-until."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli.context import Json, cli, instant, local, table
from apps.page import Page
from locales.translation import label
from reports.morning_report import MorningReport, gather
from reports.morning_report_text import render
from statemachines.lifecycle import Refused

Scenario = Annotated[Path | None, typer.Option(help="Who acts, and how customers answer the telephone (TOML).")]


def join(app: typer.Typer) -> None:
    """Hang the commands on the command line."""
    app.command()(sweep)
    app.command()(report)
    app.command("run-until")(run_until)


def sweep(json: Json = False) -> None:
    """Fire every clock that is due, now and here; the driver and the night do the same by themselves."""
    from flows.fire_timers import fire_timers
    from flows.work import work_from

    work = work_from(cli.settings)
    try:
        swept = asyncio.run(fire_timers(work))
    finally:
        work.store.close()
    rows = [
        (
            one.number,
            label(cli.locale, one.kind, "clause", one.step.clause),
            f"{one.step.percent} %",
            label(cli.locale, one.kind, "level", str(one.level)),
            local(one.step.due_at),
        )
        for one in swept.fired
    ]
    fired = [{"case": one.number, "level": one.level, **one.step.model_dump(mode="json")} for one in swept.fired]
    failed = [{"case": number, "why": code} for number, code in swept.failed]
    heads = tuple(cli.translate(f"column.{name}") for name in ("case", "promise", "percent", "level", "due"))
    words = cli.translate("swept", fired=swept.did, failed=len(failed))
    cli.give(
        {"fired": fired, "untold": swept.untold, "failed": failed}, words, *([table("", heads, rows)] if rows else [])
    )


def report(json: Json = False) -> None:
    """The morning report as it stands now, from our tables alone."""
    told = gather(cli.store, cli.store.now())
    cli.give(document(told), Page(render(told, cli.locale)))


def document(told: MorningReport) -> dict[str, Any]:
    """The report as programs read it."""
    return {
        "at": told.at,
        "since": told.since,
        "cases": told.cases,
        "open": told.board.total(),
        "resolved_within": told.resolved_within,
        "became_late": [asdict(one) for one in told.became_late],
        "climbed": [asdict(one) for one in told.climbed],
        "overdue_by_department": dict(told.overdue),
        "unwatched": [{"case": n, "department": d, "touched_at": at} for n, d, at in told.unwatched],
        "callbacks": [{"case": n, "attempt": a, "planned_at": at} for n, a, at in told.callbacks],
        "callback_outcomes": dict(told.opinions),
        "trends": {name: asdict(trend) for name, trend in told.trends.items()},
        "health": {**asdict(told.health), "ok": told.health.ok},
    }


def run_until(until: str, scenario: Scenario = None, observed: bool = False, json: Json = False) -> None:
    """Let a simulated store live until an instant: arrivals, deadlines, calls and nights in order."""
    from apps.scenes import perform

    end = instant(until)
    if not cli.store.simulated:
        raise Refused("not_simulated", home=str(cli.settings.where))
    if end < cli.store.now():
        raise Refused("clock_back", clock=cli.store.now().isoformat())
    lived = perform(cli.settings, end, scenario, observed, quiet=cli.as_json)
    words = cli.translate("lived", until=local(end), instants=lived.instants, did=lived.did, nights=lived.nights)
    cli.give({"now": end, **lived.document()}, words)
