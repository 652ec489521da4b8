"""Checks the whole record, not only what changed, and tells administrators of each fault once."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from engine.audit.verify import Fault, Verdict, verify
from engine.ledger.anchoring import anchor
from engine.runs import Done, keep
from engine.store import Store
from flows.notifications import write
from flows.parked_notices import with_roles
from flows.work import Work, off_loop
from statemachines.roles import Role

CHECKED = "integrity-check"
"""Under this name each check's result is kept among the runs."""
SHOWN = 50
TOLD = (Role.ADMINISTRATOR,)
LAST = "SELECT note FROM run WHERE flow = :flow ORDER BY id DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Integrity:
    """What the check found, and which of the faults were not there at the check before."""

    verdict: Verdict
    new: tuple[Fault, ...]

    @property
    def did(self) -> int:
        """How many cases were checked."""
        return self.verdict.cases


async def check_integrity(work: Work) -> Integrity:
    """Verify every chain, a few hundred cases at a time, anchor the heads, keep the result.

    Raises what the gateway raises; then the result is not kept, and the next check tells of the same faults under
    the same key.
    """
    began = await work.now()
    verdict = await off_loop(verify, work.store)
    await off_loop(anchor, work.store, await work.now())
    known = await off_loop(_known, work.store)
    new = tuple(fault for fault in verdict.faults if _named(fault) not in known)
    if new:
        await _tell(work, new)
    await off_loop(_keep, work.store, began, await work.now(), verdict)
    return Integrity(verdict, new)


async def _tell(work: Work, faults: tuple[Fault, ...]) -> None:
    about = hashlib.sha256(" ".join(map(_named, faults)).encode()).hexdigest()[:16]
    lines = "\n".join(map(_named, faults[:SHOWN]))
    for reader in await off_loop(with_roles, work.store, TOLD):
        key, address = f"integrity:{about}:{reader.handle}", reader.email or ""
        await write(work, key, address, reader.locale, "integrity", count=len(faults), faults=lines)


def _named(fault: Fault) -> str:
    return f"{fault.number or '–'}:{fault.seq}:{fault.what}"


def _known(store: Store) -> frozenset[str]:
    with store.looking() as tx:
        row = tx.row(LAST, flow=CHECKED)
    return frozenset(json.loads(row.note)["faults"]) if row is not None else frozenset()


def _keep(store: Store, began: datetime, ended: datetime, verdict: Verdict) -> None:
    faults = sorted({_named(fault) for fault in verdict.faults})
    note = {"cases": verdict.cases, "transitions": verdict.transitions, "faults": faults}
    keep(store, Done(CHECKED, began, ended, observed=True, did=len(faults), note=note))
