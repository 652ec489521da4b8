"""One move as facts: the case's row after it, the chained transition, and the statements of its personal values."""

from dataclasses import dataclass, fields
from enum import Enum
from operator import attrgetter
from typing import Any

from engine.ledger.case_variables import plain, resolved_variables, variables_after
from engine.ledger.chain import canonical, chain_hash, digest, new_salt
from engine.ledger.hand_over import Responsible, handed_over
from engine.transaction import Tx
from statemachines.form_model import ON_CASE, Form, fields_of, marked, value_of
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Lifecycle, Move, Refused
from statemachines.retirement import CARRIED_OVER
from statemachines.roles import TOP_LEVEL


@dataclass(slots=True)
class CaseRow:
    """A case's row while the engine works on it; instants are microseconds since 1970 UTC."""

    id: int
    number: str
    kind: str
    pack: str
    state: str
    previous_state: str
    closed: bool
    version: int
    head: str
    cycle: int
    level: int
    attempts: int
    category: str | None
    severity: str | None
    department: str | None
    owner: str | None
    variables: str
    channel: str
    customer_type: str | None
    shipment: str | None
    opened_at: int
    changed_at: int

    @property
    def traits(self) -> dict[str, str | None]:
        """Return the traits on which the limit of a clause may depend (A5)."""
        return {"severity": self.severity, "channel": self.channel, "customer_type": self.customer_type}

    def in_state(self, state: str) -> "CaseRow":
        """Return a copy in another state, for whoever computes what would be; a case itself moves by a command."""
        copy = case_of(self)
        copy.state = state
        return copy


@dataclass(frozen=True, slots=True)
class TransitionDraft:
    """A move that was decided and is to be written. ``level`` is the lowest level the case has afterwards.

    ``row`` is the table's row that allowed it; an opening, a carrying over and a re-projection have none.
    """

    move: str
    dest: str
    form: Form
    actor_id: int
    via: str
    occurred_at: int
    recorded_at: int
    inferred: bool = False
    level: int = 0
    row: Move | None = None
    reaches_customer: bool = True
    """Whether the move tells the customer something; what a log is replayed from is taken to have done so."""
    by_clock: bool = False
    """Whether the move occurred when the clock said so; an import and a timer name another instant."""
    meets: frozenset[int | None] = frozenset()
    """The keys of timers that the move meets besides those of its clauses: a message arrived after all."""

    @property
    def behind_the_record(self) -> bool:
        """Return whether the move is recorded later than its clock says: an earlier clock was ahead of it."""
        return self.by_clock and self.occurred_at < self.recorded_at

    @property
    def reopens(self) -> bool:
        """Return whether a new cycle begins."""
        return self.row is not None and self.row.reopens


NAMES = tuple(field.name for field in fields(CaseRow))
COLUMNS = ", ".join(NAMES)
_VALUES = attrgetter(*NAMES)
_NEVER_CHANGED = {"number", "kind", "pack", "channel", "shipment", "opened_at"}
_WRITTEN = tuple(name for name in NAMES if name not in _NEVER_CHANGED)
_WRITTEN_VALUES = attrgetter(*_WRITTEN)
BY_NUMBER = f"SELECT {COLUMNS} FROM cases WHERE number = :number"
BY_NUMBERS = f"SELECT {COLUMNS} FROM cases WHERE number = ANY(:numbers)"
BY_ID = f"SELECT {COLUMNS} FROM cases WHERE id = :id"


def case_of(row: Any) -> CaseRow:
    """Return the case of a row that has its columns by name, under the names that were written."""
    return CaseRow(*_VALUES(row))


def current_case_of(row: Any) -> CaseRow:
    """Return the case of a row under the names that its lifecycle has today."""
    case = case_of(row)
    table = lifecycles().get(case.kind)
    if table is not None and table.retired:
        case.state, case.previous_state = table.resolver.state(case.state), table.resolver.state(case.previous_state)
        case.variables = resolved_variables(table, case.variables)
    return case


def columns_of(case: CaseRow) -> dict[str, Any]:
    """Return every column of the case by name."""
    return dict(zip(NAMES, _VALUES(case), strict=True))


def row_of(case: CaseRow, was: int) -> dict[str, Any]:
    """Return the columns that a move may change, and the version that the case had when it was read."""
    row: dict[str, Any] = dict(zip(_WRITTEN, _WRITTEN_VALUES(case), strict=True))
    row["was"] = was
    return row


def case_by_number(tx: Tx, number: str) -> CaseRow:
    """Return the case as it was written. Raises ``Refused('unknown_case')``."""
    return case_of(_row_by_number(tx, number))


def cases_by_number(tx: Tx, numbers: list[str]) -> dict[str, CaseRow]:
    """Return those of the cases that exist, as they were written, by number."""
    return {row.number: case_of(row) for row in tx.rows_among(BY_NUMBERS, numbers=numbers)} if numbers else {}


def current_case(tx: Tx, number: str) -> CaseRow:
    """Return the case under the names that its lifecycle has today. Raises ``Refused('unknown_case')``."""
    return current_case_of(_row_by_number(tx, number))


def _row_by_number(tx: Tx, number: str) -> Any:
    row = tx.row(BY_NUMBER, number=number)
    if row is None:
        raise Refused("unknown_case", number=number[:40])
    return row


def case_by_id(tx: Tx, case_id: int) -> CaseRow:
    """Return the case as it was written, by its key."""
    return case_of(tx.row(BY_ID, id=case_id))


def append(case: CaseRow, table: Lifecycle, draft: TransitionDraft, statements: list[dict[str, Any]]) -> dict[str, Any]:
    """Bring ``case`` to where the draft leads, add the statements of the form, and return the transition's row."""
    source = case.state
    _carry(case, table, draft)
    form = _form(case, draft.form, statements)
    return chained_row(
        case, source, draft.move, form, table.version, draft.actor_id, draft.via, draft.occurred_at, draft.inferred
    )


def _carry(case: CaseRow, table: Lifecycle, draft: TransitionDraft) -> None:
    """Give the case the columns that it has after the move, its head excepted."""
    if draft.move == CARRIED_OVER:  # the case stays where it is; only the names change
        case.state, case.previous_state = draft.dest, table.resolver.state(case.previous_state)
        case.variables = resolved_variables(table, case.variables)
    elif draft.dest != case.state:
        case.previous_state, case.state = case.state, draft.dest
    department, named = case.department, value_of(draft.form, "owner") is not None
    for name in marked(type(draft.form), ON_CASE):
        value = getattr(draft.form, name)
        if value is not None:
            setattr(case, name, value.value if isinstance(value, Enum) else value)
    case.variables = variables_after(case.variables, draft.form, draft.row, draft.occurred_at)
    after = handed_over(department, Responsible(case.department, case.owner, case.variables), named)
    case.owner, case.variables = after.owner, after.variables
    if draft.reopens:
        case.cycle += 1
        case.attempts = 0
        case.level = min(case.level + 1, TOP_LEVEL)
    case.level = max(case.level, draft.level)
    case.closed = table.state[case.state].final
    case.version += 1
    case.changed_at = max(draft.recorded_at, case.changed_at)


def chained_row(  # noqa: PLR0913, PLR0917 (a column each)
    case: CaseRow,
    source: str,
    move: str,
    form: str,
    version: str,
    actor_id: int,
    via: str,
    occurred_at: int,
    inferred: bool,
) -> dict[str, Any]:
    """Return the row of the move that brought ``case`` to what it is now; its hash becomes the head of the chain.

    ``form`` is canonical text, ``version`` that of the lifecycle. Recorded times never decrease within a case (law 4).
    """
    row: dict[str, Any] = {
        "case_id": case.id,
        "seq": case.version,
        "move": move,
        "source": source,
        "dest": case.state,
        "cycle": case.cycle,
        "level": case.level,
        "actor_id": actor_id,
        "via": via,
        "occurred_at": occurred_at,
        "recorded_at": case.changed_at,
        "inferred": inferred,
        "lifecycle": version,
        "form": form,
    }
    row["hash"] = case.head = chain_hash(case.head, record_of(case.number, row))
    return row


def record_of(number: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return what the hash covers: every column of the row, under the case's public number."""
    return {**row, "case": number, "inferred": bool(row["inferred"])}


def _form(case: CaseRow, form: Form, statements: list[dict[str, Any]]) -> str:
    """Return the form as canonical text; personal values become statements and leave their digests."""
    values: dict[str, Any] = {}
    for name, personal in fields_of(type(form)):
        value = getattr(form, name)
        if value is None:
            continue
        if not personal:
            values[name] = plain(value)
            continue
        salt = new_salt()
        statements.append({"case_id": case.id, "seq": case.version, "field": name, "salt": salt, "content": value})
        values[name] = {"sha256": digest(salt, value)}
    return canonical(values)
