"""Decides which cases a principal may read, and of which he sees the customer's contact details (H1, H3).

Each role gives a condition on cases; who has several roles reads what any of them gives. Whoever works on a case sees
how its customer is reached; whoever only reviews it does not, unless he unmasks it with a reason (``masking``). A kind
that names its ``readers`` is confidential: no other role gives anything of it. Nobody whom a case concerns
(``hidden_from``) reads it, unless the kind is open to him (``shown_to``), as his training is. ADR 51 gives the reasons,
role by role.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from engine.access.condition import EVERY_CASE, NO_CASE, Condition, both, by_index, either
from engine.access.principal import OUTSIDERS, Principal, PrincipalKind, Scope
from engine.caches import Acting
from engine.entry_checks import SHOWN, check_case_number
from engine.ledger.chain import canonical
from engine.ledger.record import COLUMNS, CaseRow, current_case_of
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.kinds import lifecycles
from statemachines.refused import Refused
from statemachines.roles import INVESTIGATORS, Role

UNLIMITED: Final = frozenset({PrincipalKind.OWNER, PrincipalKind.SYSTEM})
"""The kinds of principals that read every case."""
WORK: Final = frozenset(INVESTIGATORS)
"""The roles that speak with customers: of the cases on which they work they see the contact details."""
OF_A_DEPARTMENT: Final = frozenset({Role.HANDLER, Role.TEAM_SUPERVISOR, Role.DEPARTMENT_MANAGER})
DISTRIBUTE: Final = frozenset({Role.TEAM_SUPERVISOR, Role.DEPARTMENT_MANAGER})
"""The roles that read cases which no department has yet: they assign them, and such cases escalate to them."""
SELL: Final = frozenset({Role.SALESPERSON, Role.KEY_ACCOUNT_MANAGER})
REVIEW: Final = frozenset({Role.QUALITY_TEAM, Role.EVALUATION_GROUP, Role.AUDITOR})
"""The roles that read every case that is not confidential, without the customer's contact details."""
BY_STATE: Final = frozenset({Role.MARKET, Role.OPERATIONS, Role.THIRD_PARTY_ASSESSOR})
"""The roles that read a case while it is in a state in which the lifecycle gives them a move."""
NO_CASES_OF_OWN: Final = frozenset({Role.ADMINISTRATOR, Role.SYSTEM, Role.IMPORT, Role.CUSTOMER})
"""The roles by which nobody reads a case, not even one on which he acted."""
REPORT: Final = "report"
"""The nature of the contact of a whistle-blower."""
OWNED: Final = "c.owner = :scope_handle"
# With an OFFSET Postgres asks for each case; without it, it would read every transition of the actor first.
ACTED_ON: Final = (
    "EXISTS (SELECT 1 FROM transition scope_t"
    " WHERE scope_t.case_id = c.id AND scope_t.actor_id = :scope_id LIMIT 1 OFFSET 0)"
)
OPENED: Final = (
    "EXISTS (SELECT 1 FROM transition scope_t"
    " WHERE scope_t.case_id = c.id AND scope_t.seq = 1 AND scope_t.actor_id = :scope_id LIMIT 1 OFFSET 0)"
)
OF_TEAM: Final = "c.owner IN (SELECT scope_a.handle FROM actor scope_a WHERE scope_a.boss = :scope_handle)"
STOOD_IN_FOR: Final = (
    "c.owner IN (SELECT scope_a.handle FROM actor scope_a WHERE scope_a.deputy = :scope_handle"
    " AND (scope_a.disabled_at IS NOT NULL OR (scope_a.absent_from <= :scope_at"
    " AND (scope_a.absent_until IS NULL OR scope_a.absent_until > :scope_at))))"
)
MOVED_BY: Final = "c.id IN (SELECT scope_t.case_id FROM transition scope_t WHERE scope_t.actor_id = :scope_id)"
"""What an index tells of the cases on which somebody acted."""
OPENED_BY: Final = f"{MOVED_BY[:-1]} AND scope_t.seq = 1)"
LED_TO_VIOLATION: Final = (
    "EXISTS (SELECT 1 FROM link scope_l JOIN cases scope_c ON scope_c.id = scope_l.child_id"
    " WHERE scope_l.parent_id = c.id AND scope_c.kind = 'violation')"
)
APPEALED: Final = "replace(c.variables, '\"appeals\":', '') <> c.variables"
"""The cases that count an appeal against their decision."""
FIND: Final = f"SELECT {COLUMNS} FROM cases c WHERE c.number = :number AND ({{scope}})"
MEETS: Final = "SELECT 1 AS one FROM cases c WHERE c.id = :case_id AND ({scope})"


def cases_in_scope(principal: Principal, at: datetime | None = None) -> Condition:
    """Return the condition of the cases that the principal may read.

    ``at`` is when: a deputy reads the cases of whoever is away then; without it, of nobody.
    """
    return known_cases(principal, at) if principal.holds(Scope.READ_CASES) else NO_CASE


def known_cases(principal: Principal, at: datetime | None = None) -> Condition:
    """Return the condition of the cases of which the principal may know, whether or not his token lets him read them.

    A token that may only write moves these.
    """
    if principal.kind in UNLIMITED:
        return EVERY_CASE
    if principal.kind in OUTSIDERS:
        return _case_of_outsider(principal)
    actor = principal.actor
    return _not_concerning(actor, either((_worked_on(actor, at), _reviewed(actor, at), _shown(actor))))


def contacts_in_scope(principal: Principal, at: datetime | None = None) -> Condition:
    """Return the condition of the cases whose customer's contact details the principal sees unmasked."""
    if principal.kind in UNLIMITED:
        return EVERY_CASE
    if principal.kind in OUTSIDERS or not (principal.holds(Scope.READ_CASES) and principal.holds(Scope.READ_CONTACTS)):
        return NO_CASE
    return _not_concerning(principal.actor, _worked_on(principal.actor, at))


def case_for(tx: Tx, principal: Principal, number: str, at: datetime | None = None) -> CaseRow:
    """Return the case if the principal may read it.

    Raises ``Refused('unknown_case')``, the same for a case that he may not read and for one that does not exist.
    """
    return find_case(tx, number, cases_in_scope(principal, at))


def find_case(tx: Tx, number: str, scope: Condition) -> CaseRow:
    """Return the case of that number if it meets the condition. Raises ``Refused('unknown_case')``."""
    check_case_number(number)
    row = tx.row(FIND.format(scope=scope.sql), number=number, **scope.values)
    if row is None:
        raise Refused("unknown_case", number=number[:SHOWN])
    return current_case_of(row)


def meets(tx: Tx, case_id: int, condition: Condition) -> bool:
    """Return whether a case meets a condition."""
    return tx.row(MEETS.format(scope=condition.sql), case_id=case_id, **condition.values) is not None


def of_many(scope: Condition) -> Condition:
    """Return the same condition for a query of many cases: what an actor did is read once, not for each case."""
    return replace(scope, sql=scope.sql.replace(ACTED_ON, MOVED_BY).replace(OPENED, OPENED_BY))


def concerning(actor: Acting) -> Condition:
    """Return the cases that concern the actor and are hidden from him."""
    named = (_naming(actor, table.kind, name) for table in lifecycles().values() for name in table.hidden_from)
    return either(Condition(sql, values) for sql, values in named)


def ordinary_cases() -> Condition:
    """Return the cases that are not confidential."""
    return _of_kinds(table.kind for table in lifecycles().values() if not table.readers)


def _case_of_outsider(principal: Principal) -> Condition:
    """Return the one case of a customer, which is of a kind for customers; of a reporter, a report."""
    if principal.case_id is None or not principal.holds(Scope.READ_CASES):
        return NO_CASE
    reports = principal.kind is PrincipalKind.REPORTER
    kinds = [
        table.kind for table in lifecycles().values() if (REPORT in table.natures if reports else not table.internal)
    ]
    return both(by_index("c.id = :scope_case", {"scope_case": principal.case_id}), _of_kinds(kinds))


def _worked_on(actor: Acting, at: datetime | None) -> Condition:
    """Return the cases on which an actor works."""
    if actor.disabled_at is not None or not actor.roles & WORK:
        return NO_CASE
    # The history of a case is asked last: what is known without it decides for most cases.
    return both(ordinary_cases(), either((*_by_role(actor), *_by_department(actor), *_own(actor, at))))


def _reviewed(actor: Acting, at: datetime | None) -> Condition:
    """Return the cases that an actor only reads: to review them, or as the origin of what he investigates."""
    if actor.disabled_at is not None:
        return NO_CASE
    own = () if actor.roles <= NO_CASES_OF_OWN or actor.roles & WORK else _own(actor, at)
    ordinary = EVERY_CASE if actor.roles & REVIEW else either((*own, *_by_state(actor)))
    return either((both(ordinary_cases(), ordinary), *_origins(actor), *_confidential(actor)))


def _shown(actor: Acting) -> Condition:
    """Return the confidential cases that concern an actor and are open to him."""
    if actor.disabled_at is not None:
        return NO_CASE
    named = (_naming(actor, table.kind, name) for table in lifecycles().values() for name in table.shown_to)
    return either(by_index(sql, values) for sql, values in named)


def _naming(actor: Acting, kind: str, name: str) -> tuple[str, dict[str, str]]:
    """Return the condition of the cases whose variable is the actor's handle, and its values.

    The variables are canonical text, so a handle is spelled in one way only.
    """
    sql = f"c.kind = '{kind}' AND replace(c.variables, :scope_{name}, '') <> c.variables"
    return sql, {f"scope_{name}": canonical({name: actor.handle})[1:-1]}


def _own(actor: Acting, at: datetime | None) -> Iterator[Condition]:
    """Yield the cases that an actor owns, acted on, or for whose owner he stands in."""
    yield by_index(OWNED, {"scope_handle": actor.handle})
    if at is not None:
        yield by_index(STOOD_IN_FOR, {"scope_handle": actor.handle, "scope_at": to_micros(at)})
    only_sells = actor.roles.intersection(SELL) and not actor.roles & (WORK - SELL)
    yield Condition(OPENED if only_sells else ACTED_ON, {"scope_id": actor.id}, lists=((MOVED_BY,),))


def _by_department(actor: Acting) -> Iterator[Condition]:
    """Yield the cases of an actor's department and team."""
    if actor.department is not None and actor.roles & OF_A_DEPARTMENT:
        yield by_index("c.department = :scope_department", {"scope_department": actor.department})
    if actor.roles & DISTRIBUTE:
        yield by_index("c.department IS NULL")
    if Role.TEAM_SUPERVISOR in actor.roles:
        yield by_index(OF_TEAM, {"scope_handle": actor.handle})


def _by_role(actor: Acting) -> Iterator[Condition]:
    """Yield what an agent and a general manager read, whoever has the case."""
    if Role.GENERAL_MANAGER in actor.roles:
        yield EVERY_CASE
    if Role.AGENT in actor.roles:
        yield Condition("NOT c.closed")
        yield _of_kinds(table.kind for table in lifecycles().values() if not table.internal)


def _by_state(actor: Acting) -> Iterator[Condition]:
    """Yield, for each kind, the cases in whose state the table gives the actor a move."""
    if not (roles := actor.roles & BY_STATE):
        return
    for table in lifecycles().values():
        states = {state for row in table.moves if roles.intersection(row.roles) for state in row.sources}
        names = {name for state in states for name in table.resolver.names("state", state)} | states
        if names:
            yield by_index(f"c.kind = '{table.kind}' AND c.state IN ({_listed(names)})")


def _origins(actor: Acting) -> Iterator[Condition]:
    """Yield the cases from which violations came, and those whose decision was appealed against."""
    if Role.INVESTIGATION_TEAM in actor.roles:
        yield both(ordinary_cases(), Condition(LED_TO_VIOLATION))
    if Role.APPEAL_PANEL in actor.roles:
        yield Condition(APPEALED)


def _confidential(actor: Acting) -> Iterator[Condition]:
    """Yield the confidential cases that an actor's roles may read; who leads people only those of his department.

    One that no department has awaits any of them.
    """
    tables = [table for table in lifecycles().values() if actor.roles.intersection(table.readers)]
    if whole := _listed(table.kind for table in tables if (actor.roles - DISTRIBUTE).intersection(table.readers)):
        yield by_index(f"c.kind IN ({whole})")
    if limited := [table.kind for table in tables if not (actor.roles - DISTRIBUTE).intersection(table.readers)]:
        yield both(_of_kinds(limited), either(_of_manager(actor)))


def _of_manager(actor: Acting) -> Iterator[Condition]:
    yield by_index("c.department IS NULL")
    if actor.department is not None:
        yield by_index("c.department = :scope_department", {"scope_department": actor.department})


def _not_concerning(actor: Acting, condition: Condition) -> Condition:
    """Return the condition without the cases that concern the actor: he is accused in them, or appealed."""
    own = concerning(actor)
    return both(condition, Condition(f"NOT ({own.sql})", own.values)) if condition.sql != NO_CASE.sql else NO_CASE


def _of_kinds(kinds: Iterable[str]) -> Condition:
    names = _listed(kinds)
    return Condition(f"c.kind IN ({names})") if names else NO_CASE


def _listed(names: Iterable[str]) -> str:
    """Return names of our own tables as the values of a list in SQL."""
    return ", ".join(f"'{name}'" for name in sorted(names))
