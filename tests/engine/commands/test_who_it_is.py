"""Who a contact comes from: valid numbers and addresses identify, all else is kept and identifies nobody (A9)."""

from typing import Any

import pytest

from engine.commands.open_case import Opening, open_case, open_unless_known
from engine.duplicates.similar import similar
from engine.store import Store
from reports.same_person import open_questions, questions_of
from tests.case_actions import AGENT, HOUR, START, case_of, contact, new_case, query_rows, refusal

pytestmark = [pytest.mark.requirement("A1"), pytest.mark.requirement("A9"), pytest.mark.any_database]

MOBILE, OFFICE = "13800138000", "021-61234567"
WANG: dict[str, Any] = {"customer": "王女士", "email": "wang@example.com"}
LEE: dict[str, Any] = {"customer": "Mr Lee", "email": "lee@example.com"}


def person_of(store: Store, number: str) -> int:
    [row] = query_rows(
        store,
        "SELECT coalesce(p.person_id, p.id) AS person FROM cases c JOIN party p ON p.id = c.party_id"
        " WHERE c.number = :number",
        number=number,
    )
    return row["person"]


def party_of(store: Store, number: str) -> dict[str, Any]:
    [row] = query_rows(
        store,
        "SELECT p.name, p.phone, p.email FROM cases c JOIN party p ON p.id = c.party_id WHERE c.number = :number",
        number=number,
    )
    return row


def questions(store: Store) -> list[tuple[str, str, tuple[str, ...]]]:
    with store.looking() as tx:
        return [(question.case, question.other, question.why) for question in open_questions(tx, 100)]


def people(store: Store, *numbers: str) -> int:
    return len({person_of(store, number) for number in numbers})


@pytest.mark.parametrize(
    "phone",
    ["0", "无", "-", "N/A", "１１１１１１１１１１１", "12345678", "138****8000", "138xxxx8000", "1.38E+10", "#N/A",
     "１．３８Ｅ＋１０", "#########", "400-820-8820", "95554", "021-61234567转8012", "13800138000转1234", "1380013800",
     "暂无", "不详"],
)  # fmt: skip
def test_strangers_with_a_text_in_common_are_several_customers_each_with_his_own_address(store: Store, phone: str):
    wang, lee = (new_case(store, phone=phone, **who) for who in (WANG, LEE))
    nobody = new_case(store, phone=phone, customer="赵先生")
    assert people(store, wang, lee, nobody) == 3
    assert [party_of(store, number)["email"] for number in (wang, lee)] == ["wang@example.com", "lee@example.com"]
    assert party_of(store, nobody)["name"] == "赵先生"


def test_what_identifies_nobody_is_kept_and_the_record_says_why(store: Store):
    number = new_case(store, phone="138****8000", customer="王女士", shipment="7.55E+14")
    assert party_of(store, number)["phone"] == "138****8000"
    [opened] = query_rows(store, "SELECT form FROM transition")
    assert '"unusable":"phone_masked shipment_spoiled"' in opened["form"]
    assert case_of(store, number)["shipment"] is None


def test_a_placeholder_alone_makes_no_customer(store: Store):
    number = new_case(store, phone="无", email="-")
    assert case_of(store, number)["party_id"] is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"phone": MOBILE}, {"phone": "+86 138-0013-8000"}),
        ({"phone": MOBILE, "customer": "王女士"}, {"phone": "0086-138-0013-8000", "customer": "王小明"}),
        ({"phone": MOBILE, **WANG}, {"phone": "１３８００１３８０００", "email": "other@example.com"}),
        ({"email": "Wang@EXAMPLE.com"}, {"email": "wang＠example.com", "customer": "王女士"}),
        ({"phone": OFFICE, **WANG}, {"phone": "0", **WANG}),
        ({"phone": MOBILE, "customer": "Bruce Lee"}, {"phone": MOBILE, "customer": "Mr Lee"}),
    ],
)
def test_one_person_is_recognised_however_the_number_is_written(
    store: Store, first: dict[str, Any], second: dict[str, Any]
):
    assert people(store, new_case(store, **first), new_case(store, **second)) == 1
    assert questions(store) == []


def test_each_case_keeps_the_name_the_number_and_the_address_it_came_with(store: Store):
    first = new_case(store, phone=MOBILE, **WANG)
    second = new_case(store, phone=MOBILE, customer="王小明", email="new@example.com")
    assert people(store, first, second) == 1
    assert party_of(store, first) == {"name": "王女士", "phone": MOBILE, "email": "wang@example.com"}
    assert party_of(store, second) == {"name": "王小明", "phone": MOBILE, "email": "new@example.com"}


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ({"phone": MOBILE, **WANG}, {"phone": MOBILE, **LEE}, ("phone",)),
        ({"phone": OFFICE, **WANG}, {"phone": "+86 21 6123 4567", **LEE}, ("phone",)),
        ({"phone": OFFICE, "customer": "王女士"}, {"phone": OFFICE, "customer": "王女士"}, ("phone",)),
        ({"customer": "王女士", "email": "info@x.cn"}, {"customer": "李先生", "email": "INFO@x.cn"}, ("email",)),
        ({"customer": "王先生", "email": "w@x.cn"}, {"customer": "王女士", "email": "w@x.cn"}, ("email",)),
    ],
)  # fmt: skip
def test_a_doubt_is_an_open_question_and_decides_nothing(
    store: Store, first: dict[str, Any], second: dict[str, Any], why: tuple[str, ...]
):
    one, other = new_case(store, **first), new_case(store, HOUR, **second)
    assert people(store, one, other) == 2
    assert questions(store) == [(other, one, why)]
    with store.looking() as tx:
        [of_first] = questions_of(tx, case_of(store, one)["id"], one)
    assert (of_first.case, of_first.other, of_first.name, of_first.other_name) == (
        one, other, first["customer"], second["customer"],
    )  # fmt: skip


def test_number_and_address_of_two_people_make_a_third_until_a_person_decides(store: Store):
    by_phone = new_case(store, phone=MOBILE, customer="王女士")
    by_mail = new_case(store, email="wang@example.com", customer="王女士")
    both = new_case(store, HOUR, phone=MOBILE, email="wang@example.com")
    assert people(store, by_phone, by_mail, both) == 3
    assert {other for _, other, _ in questions(store)} == {by_phone, by_mail}
    again = new_case(store, 2 * HOUR, phone="138 0013 8000", email="wang@example.com", customer="王小明")
    assert person_of(store, again) == person_of(store, both), "who gives both is the one who gave both"


def test_an_office_line_of_many_asks_only_about_equal_names(store: Store):
    names = ("王女士", "李先生", "赵先生", "孙女士", "周先生", "吴女士")
    for nth, name in enumerate(names):
        new_case(store, nth * HOUR, phone=OFFICE, customer=name)
    before = len(questions(store))
    stranger = new_case(store, DAY_LATER, phone=OFFICE, customer="郑女士")
    assert len(questions(store)) == before
    namesake = new_case(store, DAY_LATER, phone=OFFICE, customer="王女士")
    asked = [(case, other) for case, other, _ in questions(store) if case in {stranger, namesake}]
    assert len(asked) == 1


DAY_LATER = 24 * HOUR


def test_no_question_names_a_report(store: Store):
    open_case(store, Opening(contact(phone=MOBILE, customer="王女士"), "report"), START)
    number = new_case(store, phone=MOBILE, customer="Mr Lee")
    assert questions(store) == []
    with store.looking() as tx:
        assert questions_of(tx, case_of(store, number)["id"], number) == []


def test_a_second_case_is_refused_for_the_customer_and_not_for_his_office_line(store: Store):
    first = new_case(store, phone=OFFICE, **WANG)
    other = open_unless_known(store, Opening(contact(phone=OFFICE, **LEE), actor=AGENT), START)
    assert other.number != first
    refused = refusal(lambda: open_unless_known(store, Opening(contact(phone="无", **WANG), actor=AGENT), START))
    assert refused.params == {"numbers": [first]}
    with store.looking() as tx:
        found = similar(tx, store.secret, contact(phone="+86 21 61234567", text="Where is it?"))
    assert {(candidate.number, candidate.why) for candidate in found} == {(first, ("line",)), (other.number, ("line",))}


@pytest.mark.parametrize(
    ("written", "again", "same"),
    [
        ("SF1234567890", "ＳＦ １２３４－５６７８９０", True),
        ("sf-1234567890", "SF1234567890\u200b", True),
        ("7.55123E+14", "7.55123E+14", False),
        ("无", "无", False),
        ("755123456789012000", "755123456789012000", False),
        ("000000", "000000", False),
    ],
)
def test_shipments_are_told_apart_and_known_again(store: Store, written: str, again: str, same: bool):
    first, second = new_case(store, shipment=written), new_case(store, shipment=again)
    keys = [case_of(store, number)["shipment"] for number in (first, second)]
    assert (keys[0] is not None and keys[0] == keys[1]) is same


@pytest.mark.parametrize(
    "email",
    ["a; b", "a, b", "a@example.com; b@example.com", "a@example.com,b@example.com", "wang", "wang@", "w***@x.cn"],
)
def test_a_person_who_enters_what_is_no_address_is_refused_and_a_file_keeps_the_row(store: Store, email: str):
    refused = refusal(lambda: open_case(store, Opening(contact(email=email), actor=AGENT), START))
    assert (refused.code, refused.params["field"]) == ("bad_address", "email")
    assert query_rows(store, "SELECT id FROM cases") == []
    kept = open_case(store, Opening(contact(email=email, customer="王女士"), actor="import"), START)
    assert party_of(store, kept.number) == {"name": "王女士", "phone": None, "email": None}
    [statement] = query_rows(store, "SELECT content FROM statement WHERE field = 'address_as_written'")
    assert statement["content"] == email
