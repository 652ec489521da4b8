"""Has appraisals computed again whose scores of conduct were corrected, as after a won appeal (E6, E4, F5)."""

from engine.commands.advance import advance
from engine.commands.command import Command
from engine.store import Store
from flows.reaction_context import VIA
from flows.run_text import RunText
from flows.work import Work, off_loop
from models.columns import to_micros
from reports.corrected_conduct import CorrectedAppraisal, corrected_appraisals
from statemachines.refused import Refused

MOST = 20
"""The most cases that the record names."""
MOVED_MEANWHILE = frozenset({"stale", "not_now"})
"""Refusals that mean: somebody moved the appraisal meanwhile; the next night looks again."""


async def recompute_appraisals(work: Work) -> int:
    """Send each such appraisal to be computed again; return how many. A night that runs twice finds none left."""
    found, now = await off_loop(_found, work.store, to_micros(await work.now())), await work.now()
    did = 0
    for each in found:
        form = {"because_of": " ".join(each.cases[:MOST])}
        key = f"conduct:{each.number}:{each.seq}"
        command = Command(each.number, "conduct_corrected", form, via=VIA, key=key, if_seq=each.seq)
        try:
            await off_loop(advance, work.store, command, now)
            did += 1
        except Refused as refused:
            if refused.code not in MOVED_MEANWHILE:
                raise
    work.log(RunText("log.appraisals_recomputed", count=did))
    return did


def _found(store: Store, at: int) -> list[CorrectedAppraisal]:
    with store.looking() as tx:
        return corrected_appraisals(tx, at)
