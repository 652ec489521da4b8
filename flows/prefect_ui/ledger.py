"""Leaves the ledger of escalations: one row for each step that fired since the last ledger, whoever fired it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from prefect.artifacts import acreate_markdown_artifact

from engine.runs import Done, keep
from engine.store import Store
from flows.duty_lease import holding
from flows.prefect_ui.desk_pages import ROWS, LedgerRow, ledger_page
from flows.work import Work, off_loop
from reports.escalation_ledger import LEDGER_RUN, Ledger, LedgerStep, unreported

# Note [The ledger has no holes]
# A sweep that ran without Prefect leaves no ledger, and a person's move may fire a step before itself. So a ledger is
# not what its own run fired: it is read from our tables, from where the last one ended. That instant is kept among our
# runs after Prefect has the ledger; if the process dies between the two, the next ledger says the same once more.

FIRST = timedelta(days=1)
"""How far back the first ledger of a store reaches."""


async def leave_ledger(work: Work, failed: Sequence[tuple[str, str]] = ()) -> None:
    """Leave a table of what was escalated and why. See Note [The ledger has no holes].

    ``failed`` are the cases that the run could not fire, with a code. Another process that leaves its ledger at the
    same moment leaves these steps, too.
    """
    since = await work.now() - FIRST
    if not failed and not (await off_loop(_read, work.store, since)).steps:
        return
    async with holding(work, LEDGER_RUN) as held:
        if held:
            await _leave(work, await off_loop(_read, work.store, since), failed)


def _read(store: Store, since: datetime) -> Ledger:
    with store.looking() as tx:
        return unreported(tx, since, ROWS)


async def _leave(work: Work, ledger: Ledger, failed: Sequence[tuple[str, str]]) -> None:
    page = ledger_page(work.locale, [_row(step) for step in ledger.steps], ledger.count, failed)
    await acreate_markdown_artifact(markdown=page.text, key=page.key, description=page.summary)
    if ledger.steps:
        note = {"overlap": list(ledger.overlap)}
        done = Done(LEDGER_RUN, ledger.until, ledger.until, observed=True, did=ledger.count, note=note)
        await off_loop(keep, work.store, done)


def _row(step: LedgerStep) -> LedgerRow:
    return LedgerRow(
        step.number,
        step.kind,
        step.clause,
        step.percent,
        step.move,
        step.level,
        step.department,
        step.owner,
        step.due_at,
    )
