"""Removes what uploads left that no move names, before the night verifies the files."""

import logging

from engine.attachments.orphans import remove_orphans
from engine.clock import system_now
from flows.run_text import RunText
from flows.work import Work, off_loop
from statemachines.refused import Refused


async def collect_orphans(work: Work) -> None:
    """Remove them; the night goes on where their place cannot be reached, and the next one removes them."""
    try:
        removed = await off_loop(remove_orphans, work.store, await work.now(), system_now())
    except Refused as refused:
        work.log(RunText("log.orphans_left", code=refused.code), logging.WARNING)
        return
    if removed:
        work.log(RunText("log.orphans_removed", count=removed))
