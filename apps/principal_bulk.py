"""Many cases moved at once by whoever leads: reassigned, or given more time, with a result for each (B10)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from apps.principal_moves import WantedMove, move_many_for
from apps.principal_reports import refuse_others
from engine.access.principal import Principal
from engine.commands.command import Answer
from engine.ledger.record import CaseRow
from engine.store import Store
from reports.case_search import CaseListPage, CaseQuery, search
from statemachines.form_model import Form
from statemachines.forms import Assignment, Extension
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused
from statemachines.roles import MANAGERS

LEADS: Final = frozenset(MANAGERS)
MOVES: Final[Mapping[str, type[Form]]] = {"assign": Assignment, "extend": Extension}
"""The moves that are made of many cases at once; their form is the same for every kind."""
MOST: Final = 100


@dataclass(frozen=True, slots=True)
class ChosenCase:
    """A case that was chosen from a list, and the step at which it stood there."""

    number: str
    seq: int | None

    @classmethod
    def parse(cls, text: str) -> "ChosenCase":
        """Read ``NUMBER@SEQ``; without a step that can be read the move relies on none."""
        number, _, seq = text.partition("@")
        return cls(number, int(seq) if seq.isdecimal() and len(seq) < 10 else None)


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of a chosen case: the answer, or why it was refused."""

    chosen: ChosenCase
    answer: Answer | None
    refused: Refused | None


def cases_to_move(store: Store, principal: Principal, query: CaseQuery, at: datetime) -> CaseListPage:
    """Return the cases from which to choose. Raises ``Refused('not_in_charge')`` for whoever leads nobody."""
    refuse_others(principal, LEADS)
    with store.looking() as tx:
        return search(tx, principal, query, at)


def clauses_of(cases: Sequence[CaseRow]) -> list[tuple[str, str]]:
    """Return the clauses that may be given more time, each with a kind that has it: those of the kinds of the cases."""
    tables = [lifecycle_of(kind) for kind in sorted({case.kind for case in cases})]
    found = {clause.name: table.kind for table in tables for clause in table.clauses if clause.then is None}
    return sorted(found.items())


def move_chosen(
    store: Store, principal: Principal, move: str, chosen: Sequence[ChosenCase], form: Mapping[str, Any], key: str,
    at: datetime,
) -> list[BulkResult]:  # fmt: skip
    """Make one of ``MOVES`` of every chosen case; a refused one is refused alone.

    Raises ``Refused('not_in_charge' | 'not_now' | 'bad_request')``; then nothing was written.
    """
    refuse_others(principal, LEADS)
    if move not in MOVES or not 0 < len(chosen) <= MOST:
        raise Refused("bad_request", fields=[{"field": "number", "why": "missing" if not chosen else "too_long"}])
    wanted = [WantedMove(each.number, move, form, each.seq) for each in chosen]
    answers = move_many_for(store, principal, wanted, key, at)
    return [
        BulkResult(each, None, answer) if isinstance(answer, Refused) else BulkResult(each, answer, None)
        for each, answer in zip(chosen, answers, strict=True)
    ]
