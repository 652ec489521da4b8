"""Remember which cases a process has verified without a fault, by a digest of all that the verdict follows from.

Note [A verdict is reached once]: whether a case has faults follows from its rows, the recorded lifecycles, the tables
and rules in force and the instant up to which clocks were accepted, and from nothing else. Each verification reads
these rows again; where they are byte for byte those that were found sound before, their checks are not repeated. A row
that anybody changed is another digest. A case with attachments or erased texts is checked every time: files and the
journal decide, too. The same holds for a chunk of the journal with the rows that its entries describe.
"""

import hashlib
import marshal
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any

from engine.audit.clock_check import AnchorTimes
from engine.ledger.lifecycle_versions import ALL as RECORDED_LIFECYCLES
from engine.rules.in_force import rules_in
from engine.transaction import Tx
from statemachines.kinds import lifecycles

REMEMBERED = 50_000
"""The most cases that a process remembers: about 8 MB."""


@dataclass(frozen=True, slots=True)
class SoundCases:
    """The cases that were found sound, by id, and a digest of what their verdicts have in common."""

    digests: dict[int, bytes]
    basis: bytes

    @classmethod
    def read(cls, tx: Tx, anchors: AnchorTimes) -> "SoundCases":
        """Read what all verdicts follow from; the digests are those that the store has kept since it was opened."""
        tables = sorted((table.kind, table.version) for table in lifecycles().values())
        editions = [astuple(edition) for edition in rules_in(tx).editions]
        basis = digest_of(tx.rows(RECORDED_LIFECYCLES), editions, tables, [(anchors.accepted,)])
        return cls(tx.kept.sound_cases, basis or b"")

    def digest(self, case: Any, related: Iterable[Iterable[Any]]) -> bytes | None:
        """Return the digest of a case's row, of the rows that belong to it and of the basis.

        None where a value is of a type that has no bytes of its own: then nothing is remembered.
        """
        return digest_of([case], *related, [(self.basis,)]) if self.basis else None

    def knows(self, case_id: int, digest: bytes | None) -> bool:
        """Return whether the case was found sound with these rows."""
        return digest is not None and self.digests.get(case_id) == digest

    def remember(self, case_id: int, digest: bytes | None) -> None:
        """Keep that a case is sound, while there is room."""
        if digest is not None and (len(self.digests) < REMEMBERED or case_id in self.digests):
            self.digests[case_id] = digest


def digest_of(*tables: Iterable[Any]) -> bytes | None:
    """Return the SHA-256 of rows, table by table. Version 2 of the format depends on nothing but the values."""
    try:
        content = marshal.dumps([[tuple(row) for row in table] for table in tables], 2)
    except ValueError:
        return None
    return hashlib.sha256(content).digest()
