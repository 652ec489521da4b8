"""The board as the command line shows it: the open cases by milestone and level, and those that are overdue."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.store import Store
from reports import figures
from reports.overdue import OverduePromise, overdue
from statemachines.kinds import customer_kinds
from statemachines.lifecycle import Milestone


@dataclass(frozen=True, slots=True)
class BoardCounts:
    """The open cases by (kind, milestone, level), and those that are overdue."""

    at: datetime
    counts: Counter[tuple[str, str, int]]
    overdue: list[OverduePromise]

    @property
    def late(self) -> int:
        """How many cases are overdue."""
        return len({promise.number for promise in self.overdue})

    @property
    def open(self) -> int:
        """How many cases are open."""
        return self.counts.total()

    @property
    def internal(self) -> bool:
        """Whether any of them is internal work."""
        customers = customer_kinds()
        return any(kind not in customers for kind, _, _ in self.counts)

    def count(self, milestone: Milestone, level: int, internal: bool | None = None) -> int:
        """Return how many open cases are at a milestone and level: of customers, internal, or both."""
        customers = customer_kinds()
        return sum(
            n
            for (kind, at_milestone, at_level), n in self.counts.items()
            if (at_milestone, at_level) == (milestone.value, level) and internal in (None, kind not in customers)
        )

    def document(self) -> dict[str, Any]:
        """Return the board for programs, customers' work first (A8)."""
        customers = customer_kinds()
        order = sorted(self.counts.items(), key=lambda cell: (cell[0][0] not in customers, cell[0]))
        cells = [{"kind": k, "milestone": m, "level": v, "cases": n} for (k, m, v), n in order]
        overdue = [promise.document() for promise in self.overdue]
        return {"open": self.open, "late": self.late, "overdue": overdue, "board": cells}


def board(store: Store) -> BoardCounts:
    """Count the open cases, and read those that are overdue."""
    now = store.now()
    with store.looking() as tx:
        return BoardCounts(now, figures.board(tx), overdue(tx, now))
