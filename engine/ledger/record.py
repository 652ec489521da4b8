"""Writes one move as facts: the case's row, the chained transition, its statements and its moment."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import Enum
from operator import attrgetter
from typing import Any

import orjson

from engine.ledger.chain import canonical, chain_hash, digest, new_salt
from engine.ledger.lifecycle_versions import record_version
from engine.transaction import Tx
from statemachines.form_model import ON_CASE, PERSONAL, VARIABLE, Form, marked
from statemachines.lifecycle import Lifecycle, Move, Refused
from statemachines.retirement import CARRIED_OVER


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
    opened_at: int
    changed_at: int

    @property
    def traits(self) -> dict[str, str | None]:
        """What a promise's amount may depend on (A5)."""
        return {"severity": self.severity, "channel": self.channel, "customer_type": self.customer_type}


@dataclass(frozen=True, slots=True)
class TransitionDraft:
    """A move that was decided and is to be written. ``level`` is the least the case has afterwards.

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

    @property
    def reopens(self) -> bool:
        """Whether a new cycle begins."""
        return self.row is not None and self.row.reopens


NAMES = tuple(field.name for field in fields(CaseRow))
IN_ORDER = attrgetter(*NAMES)
COLUMNS = ", ".join(NAMES)
BY_NUMBER = f"SELECT {COLUMNS} FROM cases WHERE number = :number"
BY_ID = f"SELECT {COLUMNS} FROM cases WHERE id = :id"
READ = f"SELECT {COLUMNS} FROM cases WHERE number = ANY(:numbers) ORDER BY id"
LINE_UP = f"{READ} FOR NO KEY UPDATE"

UPDATE = """
UPDATE cases SET state = :state, previous_state = :previous_state, closed = :closed, version = :version, head = :head,
       cycle = :cycle, level = :level, attempts = :attempts, category = :category, severity = :severity,
       department = :department, owner = :owner, variables = :variables, customer_type = :customer_type,
       changed_at = :changed_at
 WHERE cases.id = :id AND cases.version = :version - 1
"""
INSERT = """
INSERT INTO transition (case_id, seq, move, source, dest, cycle, level, actor_id, via, occurred_at, recorded_at,
                        inferred, lifecycle, form, hash)
VALUES (:case_id, :seq, :move, :source, :dest, :cycle, :level, :actor_id, :via, :occurred_at, :recorded_at,
        :inferred, :lifecycle, :form, :hash)
"""
SAY = """
INSERT INTO statement (case_id, seq, field, salt, content) VALUES (:case_id, :seq, :field, :salt, :content)
"""
TELL = "INSERT INTO outbox_event (case_id, seq) VALUES (:case_id, :seq)"
HELD = "held"


def lock_cases(tx: Tx, numbers: Sequence[str]) -> list[CaseRow]:
    """Wait for whoever has one of the cases in hand; all wait in one order, so that no two wait for each other.

    Returns the cases that were read with it. On SQLite whoever may write has waited: there only several
    cases are read at once.
    """
    if len(numbers) == 1 and not tx.postgres:
        return []
    held: set[str] = tx.memory.setdefault(HELD, set())
    wanted = sorted(set(numbers) - held)
    if not wanted:
        return []
    heads = [CaseRow(*row) for row in tx.rows_among(LINE_UP if tx.postgres else READ, numbers=wanted)]
    tx.ahead |= {(HELD, head.number): head for head in heads}
    if not tx.nested:  # whoever undoes a savepoint lets go of what was taken in it
        held.update(wanted)
    return heads


def head_by_number(tx: Tx, number: str) -> CaseRow:
    """The case's row. Raises ``Refused('unknown_case')``."""
    if (found := tx.ahead.pop((HELD, number), None)) is not None:
        return found
    row = tx.row(BY_NUMBER, number=number)
    if row is None:
        raise Refused("unknown_case", number=number)
    return CaseRow(*row)


def head_by_id(tx: Tx, case_id: int) -> CaseRow:
    """The case's row, by its key."""
    return CaseRow(*tx.row(BY_ID, id=case_id))


def append(tx: Tx, head: CaseRow, table: Lifecycle, entry: TransitionDraft) -> None:
    """Write ``entry`` as the case's next transition and bring ``head`` up to it.

    Raises ``Conflict`` if another transaction moved the case since ``head`` was read.
    """
    record_version(tx, table, entry.recorded_at)
    source, before = head.state, head.head
    _carry(head, table, entry)
    form = _form(tx, head, entry.form)
    record = transition(head, source, entry, table.version, form)
    head.head = chain_hash(before, record_of(head.number, record))
    tx.put(UPDATE, **_values(head))
    tx.put(INSERT, **record, hash=head.head)
    tx.put(TELL, case_id=head.id, seq=head.version)
    tx.wakes = True


def _values(head: CaseRow) -> dict[str, Any]:
    return dict(zip(NAMES, IN_ORDER(head), strict=True))


def _carry(head: CaseRow, table: Lifecycle, entry: TransitionDraft) -> None:
    if entry.move == CARRIED_OVER:  # the case stays where it is; only the names change
        head.state, head.previous_state = entry.dest, table.resolver.state(head.previous_state)
        head.variables = resolved_variables(table, head.variables)
    elif entry.dest != head.state:
        head.previous_state, head.state = head.state, entry.dest
    for name in marked(type(entry.form), ON_CASE):
        value = getattr(entry.form, name)
        if value is not None:
            setattr(head, name, value.value if isinstance(value, Enum) else value)
    head.variables = remembered(head.variables, entry.form, entry.row)
    if entry.reopens:
        head.cycle += 1
        head.attempts = 0
        head.level = min(head.cycle - 1, 3)
    head.level = max(head.level, entry.level)
    head.closed = table.state[head.state].final
    head.version += 1
    head.changed_at = max(entry.recorded_at, head.changed_at)


def remembered(known: str, form: Form, row: Move | None) -> str:
    """What is known of a case after a move: the form's marked values, and one more of what the move counts."""
    told = {
        name: plain(getattr(form, name)) for name in marked(type(form), VARIABLE) if getattr(form, name) is not None
    }
    counts = row.counts if row is not None else None
    if not told and counts is None:
        return known
    facts = orjson.loads(known) | told
    if counts is not None:
        facts[counts] = facts.get(counts, 0) + 1
    return canonical(facts)


def resolved_variables(table: Lifecycle, variables: str) -> str:
    """A case's variables under the names that the table has for them."""
    if not table.resolver.renamed_variables:
        return variables
    recorded = orjson.loads(variables)
    resolved = table.resolver.variables(recorded)
    return variables if resolved == recorded else canonical(resolved)


def transition(head: CaseRow, source: str, entry: TransitionDraft, version: str, form: str) -> dict[str, Any]:
    """The transition's row without its hash; recorded times never fall within a case (law 4)."""
    return {
        "case_id": head.id,
        "seq": head.version,
        "move": entry.move,
        "source": source,
        "dest": head.state,
        "cycle": head.cycle,
        "level": head.level,
        "actor_id": entry.actor_id,
        "via": entry.via,
        "occurred_at": entry.occurred_at,
        "recorded_at": head.changed_at,
        "inferred": entry.inferred,
        "lifecycle": version,
        "form": form,
    }


def record_of(number: str, row: dict[str, Any]) -> dict[str, Any]:
    """What the hash covers: every column of the row, under the case's public number."""
    return {**row, "case": number, "inferred": bool(row["inferred"])}


def _form(tx: Tx, head: CaseRow, form: Form) -> str:
    """The form as canonical text; personal values go to statements and leave their digests."""
    personal = marked(type(form), PERSONAL)
    told: dict[str, Any] = {}
    for name in type(form).model_fields:
        value = getattr(form, name)
        if value is None:
            continue
        if name not in personal:
            told[name] = plain(value)
            continue
        salt = new_salt()
        tx.put(SAY, case_id=head.id, seq=head.version, field=name, salt=salt, content=value)
        told[name] = {"sha256": digest(salt, value)}
    return canonical(told)


def plain(value: Any) -> Any:
    """A form's value as the record spells it. Raises ``TypeError`` for what does not belong there."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (str, bool, int)):
        return value
    raise TypeError(f"{type(value).__name__} does not belong in the record")
