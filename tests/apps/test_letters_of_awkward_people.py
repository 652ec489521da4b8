"""Whatever door people come by, and whoever is taken for whom, a case's letters go to the address that it came with."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.commands.same_customer import Decision, join_customers, part_customers
from engine.store import Store
from flows.work import Work
from tests.apps.conftest import Closeloop
from tests.apps.test_cli_customers import contact_file
from tests.case_actions import AGENT, HOUR, START, make_move, new_case, query_rows
from tests.flows.scenes import drained, sent_mails

pytestmark = [pytest.mark.requirement("A1"), pytest.mark.requirement("A9"), pytest.mark.any_database]
SEND = {"medium": "send", "recipient": None}


def letters_to(work: Work, number: str) -> set[str]:
    """Return the addresses to which letters of a case went."""
    return {
        mail.to for mail in sent_mails(work) if mail.key.startswith(f"{number}:") and mail.to.endswith("@example.org")
    }


def reply(work: Work, number: str) -> None:
    """Reply to the customer of a case by mail."""
    make_move(work.store, number, "reply", after=HOUR, message="We look for it.", **SEND)
    drained(work, HOUR)


def test_an_office_line_of_four_people_with_three_addresses(work: Work):
    people = {"wang@example.org": "王女士", "lee@example.org": "Mr Lee", "kefu@example.org": "客户"}
    cases = {
        mail: new_case(work.store, phone="021-61234567", email=mail, customer=name) for mail, name in people.items()
    }
    silent = new_case(work.store, phone="021-61234567", customer="赵先生")
    drained(work, timedelta())
    for mail, number in cases.items():
        reply(work, number)
        assert letters_to(work, number) == {mail}
    assert letters_to(work, silent) == set()


@pytest.mark.parametrize("decide", [join_customers, part_customers])
def test_merging_and_parting_people_moves_no_letter(work: Work, decide: object):
    assert callable(decide)
    first = new_case(work.store, phone="13800138000", email="old@example.org", customer="王女士")
    second = new_case(work.store, phone="13900139000", email="new@example.org", customer="王小姐")
    decide(work.store, Decision(second, first, reason="She said so.", actor=AGENT), START)
    for number, mail in ((first, "old@example.org"), (second, "new@example.org")):
        reply(work, number)
        assert letters_to(work, number) == {mail}


def test_an_address_that_changes_is_that_of_the_new_case_only(work: Work):
    moved: Mapping[str, Any] = {"phone": "13800138000", "customer": "王女士"}
    old = new_case(work.store, email="old@example.org", **moved)
    new = new_case(work.store, email="new@example.org", **moved)
    none = new_case(work.store, **moved)
    for number in (old, new):
        reply(work, number)
    assert (letters_to(work, old), letters_to(work, new)) == ({"old@example.org"}, {"new@example.org"})
    drained(work, HOUR)
    assert letters_to(work, none) == set(), "what she gave for another matter is not used here"


@pytest.mark.parametrize("name", ["客户", "先生", "匿名", "不详", None])
def test_nameless_people_of_one_placeholder_are_strangers(store: Store, name: str | None):
    for email in ("a@example.org", "b@example.org", "c@example.org"):
        new_case(store, phone="13800000000", email=email, customer=name)
    people = query_rows(store, "SELECT email, phone, phone_key, person_id FROM party ORDER BY id")
    assert [row["email"] for row in people] == ["a@example.org", "b@example.org", "c@example.org"]
    assert [(row["phone"], row["phone_key"], row["person_id"]) for row in people] == [(None, None, None)] * 3
    assert query_rows(store, "SELECT 1 FROM same_person") == []


def test_two_who_are_called_customer_and_have_one_address_by_chance_are_asked_about(store: Store):
    for phone, name in (("13800138001", "王女士"), ("13800138002", "李先生"), (None, "客户"), (None, "客户")):
        new_case(store, phone=phone, email="office.shanghai@example.org", customer=name)
    people = query_rows(store, "SELECT name, person_id FROM party ORDER BY id")
    assert [row["person_id"] for row in people[:3]] == [None, None, None], "nobody is taken for another by that word"
    assert len(query_rows(store, "SELECT 1 FROM same_person")) >= 1


def test_a_file_of_awkward_people(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    path = contact_file(
        tmp_path,
        "客户,13800000000,a@example.org,运单号：SF1234567890,破损",
        "客户,13800000000,张三 <b@example.org>,SF1234567890,迟到",
        "王总,客户未提供,mailto:c@example.org,SF1234567890、SF1234567891,少件",
        "Mr Lee,1-800-356-9377,d@example.org;,顺丰SF1234567890（破损）,late",
    )
    noted = {(note["row"], note["column"], note["code"]) for note in closeloop.json("import", path)["noted"]}
    assert {
        (2, "phone", "file_note.phone_placeholder"),
        (3, "phone", "file_note.phone_placeholder"),
        (4, "phone", "file_note.phone_placeholder"),
        (4, "waybill", "file_note.shipment_several"),
        (5, "phone", "file_note.phone_invalid"),
    } <= noted
    rows = query_rows(
        simulated, "SELECT p.email, c.shipment FROM cases c JOIN party p ON p.id = c.party_id ORDER BY c.id"
    )
    assert [row["email"] for row in rows] == [f"{letter}@example.org" for letter in "abcd"]
    first, second, several, last = (row["shipment"] for row in rows)
    assert first == second == last
    assert several is None


def test_a_follow_up_with_another_address_is_said_to_keep_the_cases_own(
    closeloop: Closeloop, simulated: Store, tmp_path: Path
):
    number = new_case(simulated, phone="13800138000", email="old@example.org")
    path = contact_file(tmp_path, "王女士,13800138000,new@example.org,,还没有消息")
    mapping = path.with_suffix(".toml")
    mapping.write_text(mapping.read_text("utf-8") + 'case = "case"\n', "utf-8")
    lines = path.read_text("utf-8").splitlines()
    path.write_text(f"{lines[0]},case\n{lines[1].replace('03-02 08:01', '03-02 09:00')},{number}\n", "utf-8")
    output = closeloop("import", path).output
    assert f"Case {number} is followed up: messages go to the address of that case" in output
    assert "“mail”" in output
