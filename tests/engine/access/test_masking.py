"""What of a customer's personal data is masked for whom, and that unmasking needs a reason and is logged (H1, H4)."""

from dataclasses import replace

import pytest

from engine.access.masking import EVERYTHING, PersonalData, disclosure, masked_address, masked_number, redacted, unmask
from engine.access.principal import PrincipalKind, Scope
from engine.access.reading_log import log_reading, readings
from engine.store import Store
from statemachines.roles import Role
from tests.case_actions import AGENT, AUDITOR, DAY, START, case_of, new_case, query_rows, refusal
from tests.engine.access.people import principal

pytestmark = [pytest.mark.requirement("H1"), pytest.mark.requirement("H4")]

NAME, PHONE, EMAIL = "王小明女士", "+8613800138000", "wang@example.com"
TEXT = "Please call 138-0013-8000 or write to wang@example.com, order 20260302."


def shown(store: Store, number: str, who) -> tuple[str | None, ...]:
    with store.looking() as tx:
        seen = disclosure(tx, who, case_of(store, number)["id"], START)
    return seen.name(NAME), seen.phone(PHONE), seen.email(EMAIL), seen.text("text", TEXT)


def test_whoever_works_on_a_case_sees_how_its_customer_is_reached(store: Store):
    number = new_case(store)
    assert shown(store, number, principal(store, Role.AGENT)) == (NAME, PHONE, EMAIL, TEXT)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.QUALITY_TEAM, Role.EVALUATION_GROUP])
def test_whoever_reviews_sees_the_text_without_names_numbers_and_addresses(sqlite_store: Store, role: Role):
    number = new_case(sqlite_store)
    text = "Please call *** or write to ***, order ***."
    assert shown(sqlite_store, number, principal(sqlite_store, role)) == ("王**", "***8000", "w***@example.com", text)


def test_a_token_without_the_scope_for_contacts_sees_no_text(sqlite_store: Store):
    number = new_case(sqlite_store)
    who = principal(sqlite_store, Role.AGENT, scopes=frozenset({Scope.READ_CASES}))
    assert shown(sqlite_store, number, who) == ("王**", "***8000", "w***@example.com", "***")


def test_fields_that_hold_nothing_but_a_contact_are_masked_whole(sqlite_store: Store):
    number = new_case(sqlite_store)
    with sqlite_store.looking() as tx:
        seen = disclosure(tx, principal(sqlite_store, Role.AUDITOR), case_of(sqlite_store, number)["id"], START)
    assert [seen.text(field, "Wang") for field in ("recipient", "address_as_written", "text")] == ["***", "***", "Wang"]
    assert (seen.name(None), seen.phone(""), seen.email(None), seen.text("text", None)) == (None, "", None, None)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("电话１３８００１３８０００请回", "电话***请回"),
        ("+86 138 0013 8000", "***"),
        ("(021) 6888-1234", "(***"),
        ("邮箱：wang@example.com。谢谢", "邮箱：***。谢谢"),
        ("We paid 50 000 on 2 March.", "We paid 50 000 on 2 March."),
    ],
)
def test_numbers_and_addresses_in_a_text_are_masked(text: str, masked: str):
    assert redacted(text) == masked


def test_a_short_number_and_an_address_without_domain_are_masked_whole():
    assert (masked_number("8000"), masked_number("6888123"), masked_address("wang")) == ("***", "***", "***")


def test_unmasking_shows_what_was_asked_for_and_is_logged_with_its_reason(store: Store):
    number, who = new_case(store), principal(store, Role.AUDITOR, "ann")
    with store.writing() as tx:
        seen = unmask(tx, who, number, [PersonalData.PHONE], "Check of the call of 2 March", START)
    assert (seen.phone(PHONE), seen.email(EMAIL)) == (PHONE, "w***@example.com")
    [row] = readings(store, AUDITOR, START, 10, number=number)
    assert (row.actor, row.via, row.kind, row.fields) == ("ann", "api", "person", ("phone",))
    assert row.reason == "Check of the call of 2 March"


def test_nobody_unmasks_without_a_reason_or_a_case_that_he_may_not_read(store: Store):
    number, who = new_case(store), principal(store, Role.AUDITOR)
    seller = replace(who, actor=replace(who.actor, roles=frozenset({Role.SALESPERSON})))
    name = [PersonalData.NAME]
    with store.writing() as tx:
        assert refusal(lambda: unmask(tx, who, number, name, "  ", START)).code == "no_reason"
        assert refusal(lambda: unmask(tx, who, "cp-26-999999", name, "why", START)).code == "unknown_case"
        assert refusal(lambda: unmask(tx, seller, number, name, "why", START)).code == "unknown_case"
    assert query_rows(store, "SELECT id FROM reading") == []


@pytest.mark.parametrize("role", [Role.MARKET, Role.OPERATIONS, Role.THIRD_PARTY_ASSESSOR])
def test_a_role_without_the_right_does_not_unmask_what_it_may_read(sqlite_store: Store, role: Role):
    number, who = new_case(sqlite_store), principal(sqlite_store, role)
    with sqlite_store.writing() as tx:
        tx.run("UPDATE cases SET owner = :owner WHERE number = :number", owner=who.actor.handle, number=number)
        refused = refusal(lambda: unmask(tx, who, number, [PersonalData.NAME], "why", START))
    assert refused.code == "may_not_unmask"


def test_a_token_without_the_scope_for_contacts_unmasks_nothing(sqlite_store: Store):
    number = new_case(sqlite_store)
    who = principal(sqlite_store, Role.AUDITOR, scopes=frozenset({Scope.READ_CASES}))
    with sqlite_store.writing() as tx:
        refused = refusal(lambda: unmask(tx, who, number, [PersonalData.NAME], "why", START))
    assert refused.code == "may_not_unmask"


def test_an_auditor_searches_the_readings_by_case_reader_and_time(store: Store):
    first, second = new_case(store), new_case(store)
    ids = [case_of(store, number)["id"] for number in (first, second)]
    ann, bob = principal(store, Role.AGENT, "ann"), principal(store, Role.AGENT, "bob")
    with store.writing() as tx:
        log_reading(tx, ann, ids, ["phone", "name"], START)
        log_reading(tx, bob, ids[:1], ["texts"], START + DAY)
    found = [(row.actor, row.number, row.fields) for row in readings(store, AUDITOR, START, 10)]
    assert found == [("bob", first, ("texts",)), ("ann", second, ("name", "phone")), ("ann", first, ("name", "phone"))]
    assert [row.actor for row in readings(store, AUDITOR, START, 10, number=first)] == ["bob", "ann"]
    assert [row.number for row in readings(store, AUDITOR, START, 10, actor="ann")] == [second, first]
    assert [row.actor for row in readings(store, AUDITOR, START, 10, since=START + DAY)] == ["bob"]
    assert [row.actor for row in readings(store, AUDITOR, START, 1)] == ["bob"]
    assert refusal(lambda: readings(store, AGENT, START, 10)).code == "not_in_charge"


def test_what_shows_nothing_personal_and_what_the_owner_reads_is_not_logged(sqlite_store: Store):
    who, number = principal(sqlite_store, Role.AGENT), new_case(sqlite_store)
    ids = [case_of(sqlite_store, number)["id"]]
    with sqlite_store.writing() as tx:
        log_reading(tx, who, ids, [], START)
        log_reading(tx, replace(who, kind=PrincipalKind.OWNER), ids, ["name"], START)
        assert disclosure(tx, replace(who, kind=PrincipalKind.OWNER), ids[0], START) == EVERYTHING
    assert query_rows(sqlite_store, "SELECT id FROM reading") == []
