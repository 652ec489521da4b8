"""Which case a principal may open the files of, and the log of who read them."""

from datetime import datetime

from engine.access.principal import Principal
from engine.ledger.record import CaseRow, case_by_number
from engine.store import Store
from engine.transaction import Tx
from statemachines.refused import Refused


def case_for(tx: Tx, principal: Principal, number: str) -> CaseRow:
    """Return a case that the principal may see. Raises ``Refused('unknown_case')``, also for one that he may not."""
    case = case_by_number(tx, number)
    if principal.case_id is not None and principal.case_id != case.id:
        raise Refused("unknown_case", number=number[:40])
    return case


def log_reading(store: Store, principal: Principal, case: CaseRow, fields: tuple[str, ...], at: datetime) -> None:
    """Record that a principal read fields of a case."""
