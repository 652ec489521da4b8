"""Commands of the night and of simulated time: sweep, report, run-until."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli.context import FileEncoding, Json, cli, instant, local, table
from apps.page import Page
from locales.translation import label
from reports.morning_report import MorningReport, gather
from reports.morning_report_text import render
from statemachines.lifecycle import Refused

Scenario = Annotated[Path | None, typer.Option()]


def join(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(sweep)
    app.command()(report)
    app.command("run-until")(run_until)


def sweep(json: Json = False) -> None:
    """Fire every timer that is due, now and here; the driver and the night do the same by themselves."""
    from flows.fire_timers import fire_timers
    from flows.work import work_from

    work = work_from(cli.settings)
    try:
        swept = asyncio.run(fire_timers(work))
        cli.use_zone_of_actor(work.store)  # the work itself is done in the zone of the house
    finally:
        work.store.close()
    rows = [
        (
            step.number,
            label(cli.locale, step.kind, "clause", step.step.clause),
            f"{step.step.percent} %",
            label(cli.locale, step.kind, "level", str(step.level)),
            local(step.step.due_at),
        )
        for step in swept.fired
    ]
    fired = [{"case": step.number, "level": step.level, **step.step.model_dump(mode="json")} for step in swept.fired]
    failed = [{"case": number, "why": code} for number, code in swept.failed]
    columns = tuple(cli.translate(f"column.{name}") for name in ("case", "promise", "percent", "level", "due"))
    summary = cli.translate("swept", fired=swept.did, failed=len(failed))
    cli.give(
        {"fired": fired, "untold": swept.untold, "failed": failed},
        summary,
        *([table("", columns, rows)] if rows else []),
    )


def report(json: Json = False) -> None:
    """The morning report as it stands now, from our tables alone."""
    morning = gather(cli.store, cli.store.now())
    cli.give(document(morning), Page(render(morning, cli.locale)))


def document(morning: MorningReport) -> dict[str, Any]:
    """Return the report for programs."""
    return {
        "at": morning.at,
        "since": morning.since,
        "cases": morning.cases,
        "open": morning.board.total(),
        "resolved_within": morning.resolved_within,
        "overdue": [promise.document() for promise in morning.overdue],
        "became_late": [asdict(late) for late in morning.became_late],
        "climbed": [asdict(late) for late in morning.climbed],
        "overdue_by_department": dict(morning.overdue_by_department),
        "unwatched": [{"case": n, "department": d, "touched_at": at} for n, d, at in morning.unwatched],
        "callbacks": [{"case": n, "attempt": a, "planned_at": at} for n, a, at in morning.callbacks],
        "callback_outcomes": dict(morning.opinions),
        "trends": {name: asdict(trend) for name, trend in morning.trends.items()},
        "health": {**asdict(morning.health), "ok": morning.health.ok},
    }


def run_until(
    until: str,
    scenario: Scenario = None,
    encoding: FileEncoding = None,
    observed: bool = False,
    json: Json = False,
) -> None:
    """Let a simulated store live until an instant: arrivals, deadlines, calls and nights in order."""
    from apps.scenes import run_simulation

    end = instant(until)
    if not cli.store.simulated:
        raise Refused("not_simulated", home=str(cli.settings.where))
    if end < cli.store.now():
        raise Refused("clock_back", clock=cli.store.now().isoformat())
    lived = run_simulation(cli.settings, end, scenario, observed, quiet=cli.as_json, encoding=cli.encoding)
    cli.use_zone_of_actor(cli.store)  # the simulation was done in the zone of the house
    summary = cli.translate("lived", until=local(end), instants=lived.instants, did=lived.did, nights=lived.nights)
    cli.give({"now": end, **lived.document()}, summary)
