"""Verifies the record and anchors it, as two steps of a run."""

import logging
from datetime import datetime
from functools import partial

from engine.audit.verify import Verdict, verify
from engine.clock_doubt import anchoring_doubt, believe_clock
from engine.ledger.anchoring import anchor
from flows.run_text import RunText
from flows.work import Work, off_loop

NOT_BELIEVED = {
    "clock_jumped": RunText("log.clock_jumped"),
    "clock_differs": RunText("log.clock_differs"),
    "clock_behind": RunText("log.clock_behind"),
    "clock_far": RunText("log.clock_far"),
}
"""What the run says when nothing is anchored because of the clock, by the code of the doubt."""
RETRIES = 2
"""How often a step is run again: the one only reads, and the other anchors nothing that is anchored."""


async def verify_and_anchor(work: Work, since: datetime | None = None) -> Verdict:
    """Verify the chains of the cases that moved since, or all, and anchor the heads."""
    verdict = await work.step("verify", partial(_verify, work, since), RunText("step.verify"), retries=RETRIES)
    await work.step("anchor", partial(_anchor, work), RunText("step.anchor"), retries=RETRIES)
    return verdict


async def _verify(work: Work, since: datetime | None) -> Verdict:
    verdict = await off_loop(verify, work.store, since)
    faults = len(verdict.faults)
    text = RunText("log.verified", count=verdict.cases, faults=faults)
    work.log(text, logging.ERROR if faults else logging.INFO)
    return verdict


async def _anchor(work: Work) -> None:
    if (doubt := await off_loop(anchoring_doubt, work.store)) is not None:
        work.log(NOT_BELIEVED[doubt.code], logging.ERROR)
        return
    await off_loop(believe_clock, work.store)
    anchored = await off_loop(anchor, work.store, await work.now())
    work.log(RunText("log.not_anchored" if anchored is None else "log.anchored"))
