"""Who may read which case: every role against cases of his own, of others, of nobody, and staff matters (H1, H3)."""

from dataclasses import replace

import pytest

from engine.access.principal import Principal, PrincipalKind, Scope
from engine.access.scope import case_for, cases_in_scope, contacts_in_scope, find_case
from engine.actors import known_actor
from engine.commands.open_case import Opening, open_case
from engine.commands.staffing import change_actor
from engine.ledger.chain import canonical
from engine.store import Store
from statemachines.refused import Refused
from statemachines.roles import Role
from tests.case_actions import AGENT, DAY, HANDLER, START, case_of, contact, execute_sql, new_case, refusal
from tests.engine.access.people import PEOPLE, principal

pytestmark = pytest.mark.requirement("H4")

OWN, SAME, OTHER, NOBODYS = "own", "same department", "other department", "no department"
VIOLATION, APPEAL, ORDER, CLOSED = "violation", "appeal", "service order", "closed, other department"

WORKS_ON: dict[Role, set[str]] = {
    Role.AGENT: {OWN, SAME, OTHER, NOBODYS, ORDER, CLOSED},
    Role.SALESPERSON: {OWN},
    Role.KEY_ACCOUNT_MANAGER: {OWN},
    Role.HANDLER: {OWN, SAME},
    Role.TEAM_SUPERVISOR: {OWN, SAME, NOBODYS},
    Role.DEPARTMENT_MANAGER: {OWN, SAME, NOBODYS},
    Role.GENERAL_MANAGER: {OWN, SAME, OTHER, NOBODYS, ORDER, CLOSED},
}
"""The cases whose customer the role speaks with, so that it sees how he is reached."""
EVERY_ORDINARY = {OWN, SAME, OTHER, NOBODYS, ORDER, CLOSED}
READS: dict[Role, set[str]] = {
    Role.DEPARTMENT_MANAGER: {VIOLATION},
    Role.GENERAL_MANAGER: {VIOLATION, APPEAL},
    Role.QUALITY_TEAM: EVERY_ORDINARY | {VIOLATION},
    Role.EVALUATION_GROUP: EVERY_ORDINARY | {VIOLATION, APPEAL},
    Role.AUDITOR: EVERY_ORDINARY | {VIOLATION, APPEAL},
    Role.INVESTIGATION_TEAM: {OWN, VIOLATION},
    Role.APPEAL_PANEL: {OWN, APPEAL},
    Role.HR: {OWN, VIOLATION, APPEAL},
    Role.MARKET: {OWN},
    Role.OPERATIONS: {OWN, ORDER},
    Role.THIRD_PARTY_ASSESSOR: {OWN},
}
"""The cases that the role reads with the customer's contact details masked."""


class Cases:
    """A case of each sort, seen by a person of the department ``claims``."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.numbers = {
            OWN: new_case(store, customer="Wang", phone="13800138000"),
            SAME: new_case(store),
            OTHER: new_case(store),
            NOBODYS: new_case(store),
            VIOLATION: self.of_kind("violation"),
            APPEAL: self.of_kind("appeal"),
            ORDER: self.of_kind("service_order"),
            CLOSED: new_case(store),
        }
        self.put(SAME, department="claims", owner=HANDLER)
        for name in (OTHER, ORDER, CLOSED):
            self.put(name, department="warehouse")
        self.put(OWN, department="warehouse")
        self.put(CLOSED, closed=True)
        self.put(ORDER, state="planned")

    def of_kind(self, kind: str) -> str:
        return open_case(self.store, Opening(contact(), kind), START).number

    def put(self, name: str, **columns: object) -> None:
        """Set columns of a case as the engine would have."""
        sets = ", ".join(f"{column} = :{column}" for column in columns)
        execute_sql(self.store, f"UPDATE cases SET {sets} WHERE number = :number", **columns, number=self.numbers[name])

    def read_by(self, who: Principal) -> set[str]:
        """Return the sorts of cases that somebody may read, as a list of cases and as each of them asked for."""
        scope = cases_in_scope(who, START)
        with self.store.looking() as tx:
            listed = {row.number for row in tx.rows(f"SELECT c.number FROM cases c WHERE {scope.sql}", **scope.values)}
        assert {number for number in self.numbers.values() if self.finds(who, number)} == listed
        return {name for name, number in self.numbers.items() if number in listed}

    def finds(self, who: Principal, number: str) -> bool:
        with self.store.looking() as tx:
            try:
                return case_for(tx, who, number, START).number == number
            except Refused as refused:
                if refused.args != ("unknown_case", {"number": number}):
                    raise
                return False

    def contacts_of(self, who: Principal) -> set[str]:
        scope = contacts_in_scope(who, START)
        with self.store.looking() as tx:
            rows = tx.rows(f"SELECT c.number FROM cases c WHERE {scope.sql}", **scope.values)
        listed = {row.number for row in rows}
        return {name for name, number in self.numbers.items() if number in listed}


@pytest.fixture
def cases(store: Store) -> Cases:
    return Cases(store)


def test_each_role_reads_what_its_work_needs_and_nothing_else(store: Store, cases: Cases):
    read, contacts = {}, {}
    for role in PEOPLE:
        who = principal(store, role)
        cases.put(OWN, owner=who.actor.handle)
        read[role], contacts[role] = cases.read_by(who), cases.contacts_of(who)
    assert read == {role: WORKS_ON.get(role, set()) | READS.get(role, set()) for role in PEOPLE}
    assert contacts == {role: WORKS_ON.get(role, set()) for role in PEOPLE}


def test_the_accused_reads_no_violation_of_which_he_is_accused_whatever_his_roles(store: Store, cases: Cases):
    everybody = frozenset(PEOPLE)
    who = principal(store, Role.AUDITOR, "ann")
    who = replace(who, actor=replace(who.actor, roles=everybody))
    assert VIOLATION in cases.read_by(who)
    cases.put(VIOLATION, variables='{"accused":"ann"}', owner="ann")
    assert cases.read_by(who) == set(cases.numbers) - {VIOLATION}
    cases.put(VIOLATION, variables='{"accused":"anna"}')
    assert VIOLATION in cases.read_by(who), "another handle that begins alike is another person"


@pytest.mark.parametrize("handle", ['a"b', "o'neil", "李明", "a%_\\b"])
def test_any_handle_hides_the_matter_from_its_own_person(store: Store, cases: Cases, handle: str):
    who = principal(store, Role.AUDITOR, handle)
    cases.put(VIOLATION, variables=canonical({"accused": handle, "proven": True}))
    assert VIOLATION not in cases.read_by(who)
    assert VIOLATION in cases.read_by(principal(store, Role.AUDITOR))


@pytest.mark.parametrize("name", ["appellant", "decided_by", "investigated_by"])
def test_nobody_whom_an_appeal_concerns_reads_it(store: Store, cases: Cases, name: str):
    who = principal(store, Role.HR, "ann")
    assert APPEAL in cases.read_by(who)
    cases.put(APPEAL, variables=f'{{"{name}":"ann"}}')
    assert APPEAL not in cases.read_by(who)


def test_a_department_manager_reads_a_violation_of_another_department_not(store: Store, cases: Cases):
    who = principal(store, Role.DEPARTMENT_MANAGER)
    cases.put(VIOLATION, department="warehouse")
    assert VIOLATION not in cases.read_by(who)
    cases.put(VIOLATION, department="claims")
    assert VIOLATION in cases.read_by(who)


def test_a_handler_reads_what_he_worked_on_after_it_went_to_another_department(store: Store, cases: Cases):
    who = principal(store, Role.HANDLER)
    assert OTHER not in cases.read_by(who)
    number = new_case(store)
    sql = "UPDATE transition SET actor_id = :id WHERE case_id = :case_id"
    execute_sql(store, sql, id=who.actor.id, case_id=case_of(store, number)["id"])
    assert cases.finds(who, number)


def test_a_supervisor_reads_the_cases_of_his_people_in_other_departments(store: Store, cases: Cases):
    who = principal(store, Role.TEAM_SUPERVISOR, "tom")
    principal(store, Role.HANDLER, "han_abroad", "warehouse", boss="tom")
    assert OTHER not in cases.read_by(who)
    cases.put(OTHER, owner="han_abroad")
    assert OTHER in cases.read_by(who)


def test_a_deputy_reads_the_cases_of_whoever_is_away_while_he_is(store: Store, cases: Cases):
    principal(store, Role.ADMINISTRATOR, "root", None)
    principal(store, Role.HANDLER, "away", "warehouse")
    who = principal(store, Role.HANDLER, "deputy", "harbour")
    cases.put(OTHER, owner="away")
    change_actor(store, "away", {"deputy": "deputy"}, "root", START)
    assert not cases.finds(who, cases.numbers[OTHER])
    change_actor(store, "away", {"absent_from": START, "absent_until": START + DAY}, "root", START)
    assert cases.finds(who, cases.numbers[OTHER])
    with store.looking() as tx:
        later = cases_in_scope(who, START + 2 * DAY)
        assert refusal(lambda: find_case(tx, cases.numbers[OTHER], later)).code == "unknown_case"


def test_whoever_has_no_department_reads_no_department_of_others(store: Store, cases: Cases):
    assert cases.read_by(principal(store, Role.HANDLER, "loose", None)) == set()
    assert cases.read_by(principal(store, Role.DEPARTMENT_MANAGER, "loose_manager", None)) == {NOBODYS, VIOLATION}


def test_whoever_has_left_reads_nothing(store: Store, cases: Cases):
    for role in PEOPLE:
        who = principal(store, role)
        gone = replace(who, actor=replace(who.actor, disabled_at=1))
        assert cases.read_by(gone) == set()


def test_a_customer_reads_the_one_case_of_his_link(store: Store, cases: Cases):
    who = principal(store, Role.CUSTOMER)
    own = case_of(store, cases.numbers[OWN])["id"]
    assert cases.read_by(replace(who, kind=PrincipalKind.CUSTOMER, case_id=own)) == {OWN}
    violation = case_of(store, cases.numbers[VIOLATION])["id"]
    assert cases.read_by(replace(who, kind=PrincipalKind.CUSTOMER, case_id=violation)) == set()
    assert cases.read_by(replace(who, kind=PrincipalKind.CUSTOMER)) == set()


def test_the_owner_of_the_home_and_the_system_read_everything(store: Store, cases: Cases):
    who = principal(store, Role.ADMINISTRATOR)
    for kind in (PrincipalKind.OWNER, PrincipalKind.SYSTEM):
        assert cases.read_by(replace(who, kind=kind)) == set(cases.numbers)


def test_a_token_reads_no_more_than_its_scopes_say(store: Store, cases: Cases):
    who = principal(store, Role.GENERAL_MANAGER, scopes=frozenset({Scope.READ_CASES}))
    assert cases.read_by(who) == EVERY_ORDINARY | {VIOLATION, APPEAL}
    assert cases.contacts_of(who) == set()
    with_contacts = replace(who, scopes=frozenset({Scope.READ_CASES, Scope.READ_CONTACTS}))
    assert cases.contacts_of(with_contacts) == EVERY_ORDINARY
    for scope in set(Scope) - {Scope.READ_CASES}:
        assert cases.read_by(replace(who, scopes=frozenset({scope}))) == set()


def test_a_case_out_of_scope_and_one_that_does_not_exist_are_refused_alike(store: Store, cases: Cases):
    who = principal(store, Role.SALESPERSON)
    with store.looking() as tx:
        hidden = refusal(lambda: case_for(tx, who, cases.numbers[OTHER], START))
        missing = refusal(lambda: case_for(tx, who, "cp-26-999999", START))
    assert (hidden.code, set(hidden.params)) == (missing.code, set(missing.params)) == ("unknown_case", {"number"})


def test_investigators_read_where_a_violation_came_from_and_panels_what_is_appealed(store: Store, cases: Cases):
    team, panel = principal(store, Role.INVESTIGATION_TEAM), principal(store, Role.APPEAL_PANEL)
    parent, child = (case_of(store, cases.numbers[name])["id"] for name in (OTHER, VIOLATION))
    sql = "INSERT INTO link (parent_id, child_id, relation, at) VALUES (:parent, :child, 'came_of', 0)"
    execute_sql(store, sql, parent=parent, child=child)
    assert cases.read_by(team) == {VIOLATION, OTHER}
    assert cases.contacts_of(team) == set()
    cases.put(VIOLATION, variables='{"appeals":1}')
    assert cases.read_by(panel) == {APPEAL, VIOLATION}


def test_an_order_is_for_an_assessor_while_it_awaits_acceptance(store: Store, cases: Cases):
    who = principal(store, Role.THIRD_PARTY_ASSESSOR)
    assert cases.read_by(who) == set()
    cases.put(ORDER, state="accepting")
    assert cases.read_by(who) == {ORDER}


def test_the_agent_of_the_tests_reads_open_internal_cases_only_while_they_are_open(store: Store, cases: Cases):
    number = cases.of_kind("interruption")
    with store.looking() as tx:
        who = Principal(known_actor(tx, AGENT), PrincipalKind.PERSON, "api")
    assert cases.finds(who, number)
    execute_sql(store, "UPDATE cases SET closed = :yes WHERE number = :number", yes=True, number=number)
    assert not cases.finds(who, number)
