"""Read cases for the command line.

Note [Read by SQL]: the commands of a desk answer in a third of a second, and importing SQLModel takes as long as all
the rest. So the frequent queries (list, show, timers, history) are SQL with named columns in the engine's transactions;
rare ones are ``select`` of the tables.
"""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

import orjson

from engine.ledger.chain import canonical
from engine.transaction import Tx
from models.columns import from_micros
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Refused


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A row of ``cases`` without its party and the time of its last change."""

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
    opened_at: datetime

    @property
    def traits(self) -> dict[str, str | None]:
        """Return the traits on which the limit of a timer may depend (A5)."""
        return {"severity": self.severity, "channel": self.channel, "customer_type": self.customer_type}

    def document(self) -> dict[str, Any]:
        """Return the case as JSON output holds it, with the chain head so that readers can keep it."""
        hidden = ("id", "previous_state", "variables")
        columns = {name: value for name, value in asdict(self).items() if name not in hidden}
        return {**columns, "known": orjson.loads(self.variables)}


COLUMNS = ", ".join(column.name for column in fields(CaseRow))
BY_NUMBER = f"SELECT {COLUMNS} FROM cases WHERE number = :number"  # noqa: S608 (our own constants only)


def case_row(row: Any) -> CaseRow:
    """Return a row of ``COLUMNS`` with the types that SQLite lacks, under the names its lifecycle has today."""
    values = row._asdict() | {"closed": bool(row.closed), "opened_at": from_micros(row.opened_at)}
    table = lifecycles().get(row.kind)
    if table is not None and table.retired:
        resolver = table.resolver
        values["state"], values["previous_state"] = resolver.state(row.state), resolver.state(row.previous_state)
        values["variables"] = canonical(resolver.variables(orjson.loads(row.variables)))
    return CaseRow(**values)


def find_case(tx: Tx, number: str) -> CaseRow:
    """Return the case of a number. Raises ``Refused('unknown_case')``."""
    row = tx.row(BY_NUMBER, number=number)
    if row is None:
        raise Refused("unknown_case", number=number[:40])
    return case_row(row)
