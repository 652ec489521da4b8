"""Cases as the command line shows them, each read in one transaction without writes.

Note [Read by SQL]: the commands of a desk answer in a third of a second, and importing SQLModel takes as long as all
the rest. So the frequent queries (list, show, timers, history) are SQL with named columns in the engine's transactions;
rare ones are ``select`` of the tables.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.timer_views import TimerView, timers_of
from apps.variable_views import LinkView, links_of
from engine.access.moves import allowed_moves
from engine.actors import acting
from engine.attachments.reading import AttachmentView, attachments_in
from engine.ledger.record import COLUMNS, NAMES, CaseRow, current_case, current_case_of
from engine.rules.in_force import Rules, rules_in
from engine.rules.unset_limits import unset_limits
from engine.store import Store
from engine.timers.would_run import past_moves, would_run
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from reports.case_customer import opening_codes
from reports.current_names import states_by_kind
from reports.same_person import SamePersonQuestion, questions_of
from statemachines.forms import Severity
from statemachines.kinds import customer_kinds, lifecycle_of
from statemachines.lifecycle import Refused

LIST = f"""
SELECT {COLUMNS} FROM cases WHERE {{conditions}}
 ORDER BY CASE WHEN kind = ANY(:customers) THEN 0 ELSE 1 END, CASE WHEN severity = :urgent THEN 0 ELSE 1 END,
       level DESC, opened_at, id LIMIT :limit
"""  # noqa: S608 (our own constants only)
FILTERS = ("department", "owner", "level", "severity")
"""The columns by whose value a list may be filtered."""
# A customer who does not say his name again is shown by the one he gave before; number and address are the case's own.
CUSTOMER = """
SELECT coalesce(p.name, (SELECT n.name FROM party n WHERE n.name IS NOT NULL
           AND (n.id = coalesce(p.person_id, p.id) OR n.person_id = coalesce(p.person_id, p.id))
         ORDER BY n.id DESC LIMIT 1)) AS name, p.phone, p.email
  FROM cases c JOIN party p ON p.id = c.party_id WHERE c.id = :case_id
"""
NOT_SHOWN = {"id", "previous_state", "variables", "changed_at"}
"""The columns of a case that its document leaves out."""


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """The cases that a list shows. ``kind`` may also be a nature (consultation, report …)."""

    closed: bool = False
    state: str | None = None
    department: str | None = None
    owner: str | None = None
    level: int | None = None
    limit: int = 50
    kind: str | None = None
    severity: str | None = None


def cases(store: Store, case_filter: CaseFilter) -> list[CaseRow]:
    """Return the cases: customers' before internal ones (A8), then the urgent, the highest level, the oldest.

    Raises ``Refused('unknown_kind')``.
    """
    filters: dict[str, Any] = {name: value for name in FILTERS if (value := getattr(case_filter, name)) is not None}
    conditions = [f"{name} = :{name}" for name in filters] + ([] if case_filter.closed else ["NOT closed"])
    if case_filter.state is not None:
        conditions.append(_in_state(case_filter.state, filters))
    if case_filter.kind is not None:
        table = lifecycle_of(case_filter.kind)
        filters["kind"] = table.kind
        conditions.append("kind = :kind")
        if case_filter.kind in table.natures:  # canonical text spells it in one way only
            filters["nature"] = f'%"nature":"{case_filter.kind.replace("_", "!_")}"%'
            conditions.append("variables LIKE :nature ESCAPE '!'")
    sql = LIST.format(conditions=" AND ".join(conditions) or "TRUE")
    values = {"customers": sorted(customer_kinds()), "urgent": Severity.URGENT.value, "limit": case_filter.limit}
    with store.looking() as tx:
        return [current_case_of(row) for row in tx.rows_among(sql, **values, **filters)]


def _in_state(state: str, filters: dict[str, Any]) -> str:
    """Return the condition that a case is in a state, and add its values; either name may be a retired one."""
    filters["state"] = state
    conditions = ["state = :state"]
    for kind, states in states_by_kind(state).items():
        filters |= {f"kind_{kind}": kind, f"states_{kind}": states}
        conditions.append(f"(kind = :kind_{kind} AND state = ANY(:states_{kind}))")
    return f"({' OR '.join(conditions)})"


def case_document(case: CaseRow) -> dict[str, Any]:
    """Return the case for programs, with the chain head so that readers can keep it."""
    columns = {name: getattr(case, name) for name in NAMES if name not in NOT_SHOWN}
    types = {"closed": bool(case.closed), "opened_at": from_micros(case.opened_at)}
    return {**columns, **types, "known": json.loads(case.variables)}


def kind_of(store: Store, number: str) -> str:
    """Return the kind of a case. Raises ``Refused('unknown_case')``."""
    with store.looking() as tx:
        return current_case(tx, number).kind


@dataclass(frozen=True, slots=True)
class CaseTimers:
    """A case's kind, its timers, and the clauses that would have a timer now if the pack set their limit."""

    kind: str
    timers: list[TimerView]
    unset: list[str]


def timers(store: Store, number: str) -> CaseTimers:
    """Return the timers of a case, oldest first."""
    now = store.now()
    with store.looking() as tx:
        return timers_in(tx, rules_in(tx), current_case(tx, number), now)


def timers_in(tx: Tx, rules: Rules, case_row: CaseRow, now: datetime) -> CaseTimers:
    """Return the timers of a case that the caller may show, oldest first."""
    views, table = timers_of(tx, rules, case_row, now), lifecycle_of(case_row.kind)
    running = {view.clause for view in views if view.outcome is None}
    pack = rules.pack(case_row.pack, to_micros(now))
    names = unset_limits(pack, table, case_row.traits)
    here = [name for name in names if case_row.state in table.clause[name].lives_in and name not in running]
    moves = past_moves(tx, case_row.id) if here else ()
    unset = [name for name in here if would_run(table, pack, table.clause[name], moves)]
    return CaseTimers(case_row.kind, views, unset)


def unset_at_opening(store: Store, number: str) -> list[str]:
    """Return the clauses of which the record says that the pack set no limit for them when the case was opened."""
    with store.looking() as tx:
        return opening_codes(tx, current_case(tx, number).id, "unset_limits")


def unusable_at_opening(store: Store, number: str) -> list[str]:
    """Return which number or address of the contact could not be used, and why, as "phone_masked"."""
    with store.looking() as tx:
        return opening_codes(tx, current_case(tx, number).id, "unusable")


@dataclass(frozen=True, slots=True)
class CustomerView:
    """Whom a case concerns, as staff see him; all None once his data were erased."""

    name: str | None
    phone: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case and its customer, the moves allowed now, its timers and its relatives.

    ``unusable`` says which number or address it came with could not be used, as "phone_masked". It and ``questions``,
    who else the customer may be, are for a person of the company only.
    """

    case: CaseRow
    customer: CustomerView | None
    known: dict[str, Any]
    allowed: list[str]
    timers: CaseTimers
    links: list[LinkView]
    unusable: list[str]
    questions: list[SamePersonQuestion]
    attachments: list[AttachmentView]
    """The files of the case, for a person of the company only."""


def case(store: Store, number: str, actor: str | None) -> CaseView:
    """Return one case; ``allowed`` are the moves that this actor may make, or that anybody may.

    The customer is shown to a person of the company only.
    """
    now = store.now()
    with store.looking() as tx:
        case_row, rules = current_case(tx, number), rules_in(tx)
        allowed, timers_ = _allowed(tx, case_row, now, actor), timers_in(tx, rules, case_row, now)
        staff = is_staff(tx, actor, now)
        return CaseView(
            case=case_row,
            customer=customer_in(tx, case_row.id) if staff else None,
            known=json.loads(case_row.variables),
            allowed=allowed,
            timers=timers_,
            links=links_of(tx, case_row.id),
            unusable=opening_codes(tx, case_row.id, "unusable") if staff else [],
            questions=questions_of(tx, case_row.id, case_row.number) if staff else [],
            attachments=attachments_in(tx, case_row.id) if staff else [],
        )


def customer_in(tx: Tx, case_id: int) -> CustomerView | None:
    """Return whom a case concerns, for a caller who may show him; None where nobody is known."""
    party = tx.row(CUSTOMER, case_id=case_id)
    return CustomerView(*party) if party is not None else None


def is_staff(tx: Tx, handle: str | None, at: datetime) -> bool:
    """Return whether the handle is that of a person who can act now."""
    try:
        return handle is not None and acting(tx, handle, to_micros(at)).person
    except Refused:
        return False


def _allowed(tx: Tx, case_row: CaseRow, at: datetime, handle: str | None) -> list[str]:
    """Return the moves that this actor may make now, without one any person.

    Empty for an actor who is unknown, absent or has left.
    """
    try:
        actor = None if handle is None else acting(tx, handle, to_micros(at))
    except Refused:
        return []
    return allowed_moves(tx, case_row, actor, at)
