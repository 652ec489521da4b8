"""Lists and figures as a principal may see them, for any door that serves principals.

Lists of cases hold those that he may read. Figures that count cases of all departments, and persons in none, are for
those who answer for more than their own work.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from apps.board_counts import BoardCounts
from engine.access.masking import PersonalData, masked_for
from engine.access.principal import Principal
from engine.access.reading_log import log_reading
from engine.access.scope import cases_in_scope, contacts_in_scope
from engine.commands.links import id_of
from engine.entry_checks import SHOWN, check_case_number
from engine.outbox.dead_letters import reference_of
from engine.rules.in_force import rules_in
from engine.store import Store
from models.columns import to_micros
from models.contact import Contact
from reports import callback_list, figures
from reports.callback_list import PlannedCallback
from reports.desk_queries import Customer, OrderStatus, customers, track
from reports.known_cases import known_among
from reports.linked_cases import RecoveryClaim, recovery_claims
from reports.lived_lifecycle import LivedLifecycle, lived_lifecycle
from reports.overdue import overdue
from reports.run_figures import DeadDelivery, dead, deliveries_by_status
from statemachines.kinds import lifecycles
from statemachines.refused import Refused
from statemachines.roles import DESK, Role

READS_FIGURES: Final = frozenset({
    Role.TEAM_SUPERVISOR, Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER, Role.QUALITY_TEAM, Role.EVALUATION_GROUP,
    Role.AUDITOR,
})  # fmt: skip
RECOGNISES: Final = frozenset(DESK)
"""The roles that look up who is calling."""
OPERATES: Final = frozenset({Role.ADMINISTRATOR})
WATCHES: Final = frozenset({Role.ADMINISTRATOR, Role.AUDITOR, Role.GENERAL_MANAGER})
"""The roles that see which deliveries were given up."""


@dataclass(frozen=True, slots=True)
class SeenDeliveries:
    """How many deliveries there are by status, and the dead ones: each with the number of its case, None of a case that
    he may not know of, and with what names the case to him when he decides.
    """

    by_status: dict[str, int]
    dead: Sequence[tuple[str | None, str, DeadDelivery]]


def refuse_others(principal: Principal, roles: Iterable[Role]) -> None:
    """Raise ``Refused('not_in_charge')`` for whoever holds none of the roles."""
    wanted = frozenset(roles)
    if not principal.actor.roles & wanted:
        raise Refused("not_in_charge", handle=principal.actor.handle, wanted=sorted(role.value for role in wanted))


def board_seen(store: Store, principal: Principal, at: datetime) -> BoardCounts:
    """Count the open cases that the principal may read, and list those that are overdue."""
    scope = cases_in_scope(principal, at)
    with store.looking() as tx:
        return BoardCounts(at, figures.board(tx, scope), overdue(tx, at, scope=scope))


def lived_seen(store: Store, principal: Principal, kind: str, since: datetime) -> LivedLifecycle:
    """Return how the cases of a kind lived that were opened since an instant; it counts cases and names none.

    Raises ``Refused('not_in_charge' | 'unknown_kind')``.
    """
    refuse_others(principal, READS_FIGURES)
    if kind not in lifecycles() or (lifecycles()[kind].readers and not _reads(principal, kind)):
        raise Refused("unknown_kind", kind=kind[:SHOWN], known=sorted(lifecycles()))
    with store.looking() as tx:
        return lived_lifecycle(tx, kind, since)


def _reads(principal: Principal, kind: str) -> bool:
    """Return whether the principal is among the readers of a confidential kind."""
    return bool(principal.actor.roles & set(lifecycles()[kind].readers))


def callbacks_seen(
    store: Store, principal: Principal, at: datetime, day: date | None, owner: str | None
) -> tuple[date, list[PlannedCallback]]:
    """Return the day, and its callbacks of cases that the principal may read, masked where he does not work on them."""
    calls = callback_list.gather(store, at, day, owner)
    numbers = {line.number for line in calls.lines}
    with store.looking() as tx:
        known = known_among(tx, numbers, cases_in_scope(principal, at))
        clear = known_among(tx, known, contacts_in_scope(principal, at))
        ids = [id_of(tx, number) for number in sorted(clear)]
    if ids:
        with store.writing() as tx:
            fields = (PersonalData.NAME, PersonalData.PHONE, PersonalData.TEXTS)
            log_reading(tx, principal, ids, fields, at)
    lines = (line for line in calls.lines if line.number in known)
    return calls.day, [line if line.number in clear else _masked(line, principal) for line in lines]


def _masked(line: PlannedCallback, principal: Principal) -> PlannedCallback:
    seen = masked_for(principal)
    result = seen.text("result", line.result)
    return replace(line, name=seen.name(line.name), phone=seen.phone(line.phone), result=result, others=())


def customers_seen(store: Store, principal: Principal, query: Contact, pack: str, at: datetime) -> list[Customer]:
    """Return who has the number, the address or the name, with those of his cases that the principal may read."""
    refuse_others(principal, RECOGNISES)
    scope = cases_in_scope(principal, at)
    with store.looking() as tx:
        found = customers(tx, store.secret, query, rules_in(tx).pack(pack, to_micros(at)).region)
        known = known_among(tx, {case.number for each in found for case in each.cases}, scope)
    kept = (replace(each, cases=tuple(case for case in each.cases if case.number in known)) for each in found)
    return [each for each in kept if each.cases]


def order_seen(store: Store, principal: Principal, number: str, at: datetime) -> OrderStatus:
    """Return where an order is. Raises ``Refused('unknown_order' | 'unknown_case')``."""
    check_case_number(number)
    with store.looking() as tx:
        if number not in known_among(tx, [number], cases_in_scope(principal, at)):
            raise Refused("unknown_order", number=number[:40])
        return track(tx, number, at)


def deliveries_seen(store: Store, principal: Principal, at: datetime) -> SeenDeliveries:
    """Return how many deliveries wait, and which were given up."""
    refuse_others(principal, WATCHES)
    with store.looking() as tx:
        letters = dead(tx)
        known = known_among(tx, {letter.number for letter in letters}, cases_in_scope(principal, at))
        shown = [
            (letter.number, letter.number, letter)
            if letter.number in known
            else (None, reference_of(store.secret, letter.number), letter)
            for letter in letters
        ]
        return SeenDeliveries(deliveries_by_status(tx), shown)


def recoveries_seen(store: Store, principal: Principal, at: datetime) -> list[RecoveryClaim]:
    """Return what is claimed back, of the cases that the principal may read."""
    claims = recovery_claims(store)
    numbers = {number for claim in claims for number in (claim.number, claim.complaint) if number}
    with store.looking() as tx:
        known = known_among(tx, numbers, cases_in_scope(principal, at))
    return [
        replace(claim, complaint=claim.complaint if claim.complaint in known else None)
        for claim in claims
        if claim.number in known
    ]
