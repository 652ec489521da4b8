"""Finds the findings that audits of records opened, and what each was counted as last (F1)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.transaction import Tx
from reports.current_names import state_of
from statemachines.finding import FINDING, OPEN, RAISED
from statemachines.kinds import lifecycle_of

FINDINGS = "SELECT number, pack, department, state, closed, variables FROM cases WHERE kind = :kind ORDER BY id"
STATE = "SELECT state FROM cases WHERE number = :number"


@dataclass(frozen=True, slots=True)
class Group:
    """What a finding is about: an item that records of one kind, pack and department lack."""

    pack: str
    kind: str
    department: str | None
    item: str


@dataclass(frozen=True, slots=True)
class RecordFinding:
    """A finding that an audit opened: ``lacking`` records of the cases closed in ``period``, as it was counted last."""

    number: str
    group: Group
    state: str
    closed: bool
    period: str
    lacking: int

    @property
    def counts(self) -> bool:
        """Whether further audits are counted on it: its effect is not verified yet."""
        return self.state in OPEN


def record_findings(tx: Tx) -> list[RecordFinding]:
    """Return every finding that an audit of records opened, oldest first."""
    found = [(row, _variables(row)) for row in tx.rows(FINDINGS, kind=FINDING.kind)]
    return [_finding(row, known) for row, known in found if known.get("audited") is not None]


def newest_findings(tx: Tx) -> Mapping[Group, RecordFinding]:
    """Return the newest finding of each group."""
    return {each.group: each for each in record_findings(tx)}


def awaits_owner(tx: Tx, number: str) -> bool:
    """Return whether nobody has given a finding to a department yet."""
    return state_of(FINDING.kind, tx.row(STATE, number=number).state) == RAISED


def _variables(row: Any) -> dict[str, Any]:
    return lifecycle_of(FINDING.kind).resolver.variables(json.loads(row.variables))


def _finding(row: Any, known: Mapping[str, Any]) -> RecordFinding:
    group = Group(row.pack, known["audited"], known.get("of_department"), known["item"])
    state = state_of(FINDING.kind, row.state)
    return RecordFinding(row.number, group, state, bool(row.closed), known["period"], known["lacking"])
