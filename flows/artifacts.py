"""What runs leave in the Prefect UI: the escalation ledger as a table, the morning report as Markdown."""

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact

from engine.hand import Fired
from flows.fire_clocks import Swept
from flows.morning_report import MorningReport
from flows.overnight_escalation import Night
from flows.report_text import render
from flows.wording import label, say, when
from flows.work import Work

LEDGER, REPORT, DOUBTS = "escalation-ledger", "morning-report", "night-check"


async def leave_ledger(work: Work, swept: Swept) -> None:
    """What was escalated and why, one row for each rung; its key keeps the history of all sweeps."""
    if not swept.fired and not swept.failed:
        return
    rows = [_row(work.locale, fired) for fired in swept.fired]
    rows += [{"case": number, "why": code} for number, code in swept.failed]
    what = say(work.locale, "artifact.ledger", count=len(swept.fired))
    await acreate_table_artifact(table=rows, key=LEDGER, description=what)


def _row(locale: str, fired: Fired) -> dict[str, str]:
    told = fired.told
    return {
        say(locale, "report.column.case"): fired.number,
        say(locale, "report.column.promise"): label(locale, fired.kind, "clause", told.clause),
        say(locale, "report.column.percent"): f"{told.percent} %",
        say(locale, "report.column.round"): str(told.cycle),
        say(locale, "report.column.level"): label(locale, fired.kind, "level", str(fired.level)),
        say(locale, "report.column.done"): label(locale, fired.kind, "move", fired.move),
        say(locale, "report.column.due"): when(told.due_at),
    }


async def leave_scheduled(work: Work, result: object) -> None:
    """What a piece of scheduled work leaves: the night its ledger and report, the morning its report."""
    if isinstance(result, Night):
        await leave_ledger(work, result.swept)
        await _leave_report(work, result.report)
        if not result.verdict.ok:
            rows = [{"case": fault.number, "seq": fault.seq, "fault": fault.what} for fault in result.verdict.faults]
            await acreate_table_artifact(table=rows, key=DOUBTS, description=say(work.locale, "artifact.doubts"))
    if isinstance(result, MorningReport):
        await _leave_report(work, result)


async def _leave_report(work: Work, report: MorningReport) -> None:
    await acreate_markdown_artifact(markdown=render(report, work.locale), key=REPORT, description=None)
