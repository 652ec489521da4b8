"""Verifies the whole record, not only what changed, and mails administrators each fault once."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from engine.audit.verify import Fault, Verdict
from engine.runs import Done, keep
from engine.store import Store
from flows.nights.indicator_counts import compare_counts
from flows.nights.verification import RETRIES, verify_and_anchor
from flows.notifications import write
from flows.parked_notices import with_roles
from flows.run_text import RunText
from flows.work import Work, off_loop
from statemachines.roles import Role

CHECKED = "integrity-check"
"""The name under which the result of each check is kept among the runs."""
SHOWN = 50
RECIPIENTS = (Role.ADMINISTRATOR,)
LAST = "SELECT note FROM run WHERE flow = :flow ORDER BY id DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Integrity:
    """The verdict, and the faults that the previous check did not find."""

    verdict: Verdict
    new: tuple[Fault, ...]

    @property
    def did(self) -> int:
        """How many cases were checked."""
        return self.verdict.cases


async def check_integrity(work: Work) -> Integrity:
    """Verify every chain, a few hundred cases at a time, anchor the heads, keep the result.

    Raises what the gateway raises; then the result is not kept, and the next check mails the same faults under the
    same key.
    """
    began = await work.now()
    verdict = await verify_and_anchor(work)
    wrong = await work.step("recount", partial(compare_counts, work), RunText("step.recount"), retries=RETRIES)
    verdict = replace(verdict, faults=(*verdict.faults, *wrong))
    known = await off_loop(_known_faults, work.store)
    new = tuple(fault for fault in verdict.faults if _identity(fault) not in known)
    if new:
        await work.step("mail-faults", partial(_mail, work, new), RunText("step.mail_faults"), retries=RETRIES)
    await off_loop(_keep, work.store, began, await work.now(), verdict)
    return Integrity(verdict, new)


async def _mail(work: Work, faults: tuple[Fault, ...]) -> None:
    digest = hashlib.sha256(" ".join(map(_identity, faults)).encode()).hexdigest()[:16]
    lines = "\n".join(map(_identity, faults[:SHOWN]))
    for recipient in await off_loop(with_roles, work.store, RECIPIENTS):
        key, address = f"integrity:{digest}:{recipient.handle}", recipient.email or ""
        await write(work, key, address, recipient.locale, "integrity", count=len(faults), faults=lines)


def _identity(fault: Fault) -> str:
    return f"{fault.number or '–'}:{fault.seq}:{fault.what}"


def _known_faults(store: Store) -> frozenset[str]:
    with store.looking() as tx:
        row = tx.row(LAST, flow=CHECKED)
    return frozenset(json.loads(row.note)["faults"]) if row is not None else frozenset()


def _keep(store: Store, began: datetime, ended: datetime, verdict: Verdict) -> None:
    faults = sorted({_identity(fault) for fault in verdict.faults})
    note = {"cases": verdict.cases, "transitions": verdict.transitions, "faults": faults}
    keep(store, Done(CHECKED, began, ended, observed=True, did=len(faults), note=note))
