"""Runs the night's sweep in one process, or fans it out in ranges of cases over threads or machines.

Note [Fanning a night out]: the ranges are disjoint, so sweepers never wait for each other; each fires its range until
nothing in it is due. An escalation step that fired is a row, so a range that is swept again, by the successor of a
killed sweeper or by two at once, fires nothing twice. Whatever the sweepers leave (one died, the scheduler is away, a
case fell due since the ranges were made) is fired here at the end: fanning out makes a night faster and changes
nothing else.
"""

import logging
import sys
from typing import TYPE_CHECKING

from engine.clock_doubt import refuse_doubtful_clock
from engine.escalation.fire import BATCH
from engine.escalation.id_ranges import Range, made_at, ranges
from engine.settings import Settings
from flows.fire_timers import LOGGED, Swept, fire_timers, log_sweep
from flows.run_text import RunText
from flows.work import Work, off_loop

if TYPE_CHECKING:
    from flows.nights.fan_out_shell import Outcome

WORTH_IT = 2 * BATCH
"""Below this many due cases, firing takes less time than starting tasks (0.1 s each, 6 s for a Dask cluster)."""


async def sweep_all(work: Work, fewest: int = WORTH_IT) -> Swept:
    """Fire all timers due now, fanned out where that is worth it.

    Only the run of a deployment fans out: a driver's own run must work without a Prefect server. On SQLite, which has
    one writer, it would gain nothing.
    """
    await off_loop(refuse_doubtful_clock, work.store)
    swept = Swept((), ())
    if work.store.postgres and of_a_deployment():
        swept = await _shared_out(work, Settings(), fewest)
    rest = await fire_timers(work)
    return joined([swept, rest])


def joined(parts: list[Swept]) -> Swept:
    """Join the results of several sweeps; a case that failed twice is named once."""
    failed = {number: code for part in parts for number, code in part.failed}
    fired = tuple(fired for part in parts for fired in part.fired)
    return Swept(fired, tuple(failed.items()), sum(part.untold for part in parts))


def of_a_deployment() -> bool:
    """Return whether this runs in a deployment's run, rather than in one of an observer."""
    if "prefect" not in sys.modules:
        return False
    from prefect.runtime import deployment

    return deployment.id is not None


async def _shared_out(work: Work, settings: Settings, fewest: int) -> Swept:
    """Return what the sweepers did; nothing if they could not be started, and then one process does it all."""
    shares = await off_loop(ranges, work.store, await work.now(), settings.sweep_parts)
    if sum(share.cases for share in shares) < fewest:
        return Swept((), ())
    try:
        done = await off_loop(_in_tasks, shares, await off_loop(made_at, work.store), settings, work.locale)
    except Exception as error:  # noqa: BLE001 (a night is not missed because it could not be fanned out)
        work.log(RunText("log.not_fanned_out", code=type(error).__name__), logging.WARNING)
        return Swept((), ())
    for share, (swept, error) in zip(shares, done, strict=True):
        if error:
            work.log(RunText("log.part_failed", low=share.low, high=share.high, code=error), logging.WARNING)
        log_sweep(work, (), swept.failed[:LOGGED], swept.did)
    return joined([swept for swept, _ in done])


def _in_tasks(shares: list[Range], store: int, settings: Settings, locale: str) -> "list[Outcome]":
    from flows.nights.fan_out_shell import fire_shares

    return fire_shares(shares, store, settings, locale)
