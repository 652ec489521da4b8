"""The desk tells customers apart: what a file spoils is named by row, a doubt is asked, a person merges and parts."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.rules.policy import POLICIES
from engine.store import Store
from flows.work import Work
from models.columns import to_micros
from reports.replay_mapping import replay_mapping
from tests.apps.conftest import Closeloop
from tests.case_actions import START, execute_sql, new_case, query_rows
from tests.editions import EDITION
from tests.flows.scenes import drained, sent_mails

pytestmark = [pytest.mark.requirement("A1"), pytest.mark.requirement("A9")]

MAPPING = """
[source]
name = "desk"
kind = "complaint"
pack = "logistics"
zone = "Asia/Shanghai"
formats = ["%Y-%m-%d %H:%M"]
[contact]
row_id = "id"
at = "at"
text = "text"
customer = "who"
phone = "phone"
email = "mail"
shipment = "waybill"
"""
HEADER = "id,at,who,phone,mail,waybill,text"
OPEN = ("case", "open", "--text", "My parcel is broken.", "--as", "amy")
OFFICE: Mapping[str, Any] = {"phone": "021-61234567"}


def contact_file(folder: Path, *rows: str) -> Path:
    path = folder / "contacts.csv"
    lines = [f"{nth},2026-03-02 08:0{nth},{row}" for nth, row in enumerate(rows, start=1)]
    path.write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
    path.with_suffix(".toml").write_text(MAPPING, "utf-8")
    return path


def about_people(imported: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the remarks on numbers and addresses."""
    columns = {"phone", "mail", "waybill"}
    return [note for note in imported["noted"] if note["row"] is not None and note["column"] in columns]


def test_a_file_names_by_row_and_column_what_identifies_nobody(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    path = contact_file(
        tmp_path,
        "王女士,0,wang@example.com,,两箱破损",
        "Mr Lee,0,lee@example.com,7.55123E+14,My parcel is late",
        "赵先生,1.38E+10,zhao@example.com,无,运费多收",
        "孙女士,138****8000,a@x.cn; b@x.cn,SF1234567890,没有送到",
        "周先生,13800138000,zhou@example.com,sf 1234567890,没有送到",
    )  # fmt: skip
    imported = closeloop.json("import", path)
    assert (imported["new"], imported["taken"]) == (5, 5)
    assert [(note["row"], note["column"], note["code"]) for note in about_people(imported)] == [
        (2, "phone", "file_note.phone_placeholder"),
        (3, "phone", "file_note.phone_placeholder"),
        (3, "waybill", "file_note.shipment_spoiled"),
        (4, "phone", "file_note.phone_spoiled"),
        (4, "waybill", "file_note.shipment_placeholder"),
        (5, "phone", "file_note.phone_masked"),
        (5, "mail", "file_note.email_several"),
    ]
    assert "1.38" not in json.dumps(about_people(imported), ensure_ascii=False)
    for email in ("wang@example.com", "lee@example.com", "zhao@example.com"):
        [customer] = closeloop.json("customer", "--email", email)["customers"]
        assert len(customer["cases"]) == 1
    shipments = [row["shipment"] for row in query_rows(simulated, "SELECT shipment FROM cases ORDER BY id")]
    assert shipments[1] is None
    assert shipments[3] == shipments[4] is not None


def test_the_words_of_the_notes_are_those_of_the_reader(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    path = contact_file(tmp_path, "王女士,1.38E+10,无,,两箱破损")
    output = closeloop("import", path).output
    assert "Row 2, column “phone”: a spreadsheet spoiled the telephone number" in output
    assert "Row 2, column “mail”: a placeholder in place of a mail address" in output


def test_the_desk_is_told_what_cannot_be_used(closeloop: Closeloop, simulated: Store):
    opened = closeloop.json(*OPEN, "--customer", "王女士", "--phone", "138****8000", "--shipment", "1.2E+14")
    assert opened["unusable"] == ["phone_masked", "shipment_spoiled"]
    shown = closeloop("case", "show", opened["case"], "--as", "amy").output
    assert "telephone number: partly hidden" in shown
    assert closeloop.json("case", "show", opened["case"])["unusable"] == [], "for staff only"


@pytest.mark.parametrize("email", ["a; b", "a@x.cn, b@x.cn", "wang", "wang@", "无人@"])
def test_what_is_no_address_is_refused_at_the_desk_and_of_an_actor(closeloop: Closeloop, simulated: Store, email: str):
    refused = closeloop.refused(*OPEN, "--email", email)
    assert (refused["code"], refused["params"]["field"]) == ("bad_address", "email")
    assert "name@example.com" in refused["text"]
    assert closeloop.refused("actor", "add", "zoe", "--role", "agent", "--email", email)["code"] == "bad_address"
    closeloop("actor", "add", "root", "--role", "administrator", "--email", "root@example.com")
    assert closeloop.refused("actor", "set", "root", "--email", email, "--as", "root")["code"] == "bad_address"
    assert query_rows(simulated, "SELECT id FROM cases") == []


def test_a_question_is_shown_in_the_list_and_on_both_cases_and_answered_once(closeloop: Closeloop, simulated: Store):
    wang, lee = new_case(simulated, **OFFICE, customer="王女士"), new_case(simulated, **OFFICE, customer="Mr Lee")
    [asked] = closeloop.json("customer", "questions")["questions"]
    assert (asked["case"], asked["other"], asked["why"]) == (lee, wang, ["phone"])
    for mine, other in ((wang, lee), (lee, wang)):
        [shown] = closeloop.json("case", "show", mine, "--as", "amy")["same_person"]
        assert (shown["case"], shown["other"]) == (mine, other)
        assert closeloop.json("case", "show", mine)["same_person"] == [], "for staff only"
    assert "same person?" in closeloop("case", "show", wang, "--as", "amy").output
    assert len(closeloop.json("customer", "--phone", "+86 21 6123 4567")["customers"]) == 2
    merged = closeloop.json("customer", "merge", lee, wang, "--reason", "Mr Lee calls for her.", "--as", "amy")
    assert merged == {"case": lee, "other": wang, "changed": True}
    assert closeloop.json("customer", "questions") == {"questions": []}
    [both] = closeloop.json("customer", "--phone", "021 61234567")["customers"]
    assert {row["case"] for row in both["cases"]} == {wang, lee}
    assert "Same customer as in another case" in closeloop("case", "history", wang).output
    assert closeloop.json("customer", "part", lee, wang, "--reason", "Two people.", "--as", "amy")["changed"] is True
    assert len(closeloop.json("customer", "--phone", "021-61234567")["customers"]) == 2
    assert closeloop.json("customer", "part", lee, wang, "--reason", "Two people.", "--as", "amy")["changed"] is False
    assert closeloop.json("verify")["ok"] is True


@pytest.mark.parametrize("name", ["王　小明", "王 小明", "王\u200b小明", "ｗａｎｇ　ｍｉｎ", "WANG  MIN"])
def test_a_name_is_found_in_any_form(closeloop: Closeloop, simulated: Store, name: str):
    new_case(simulated, customer="Wang Min" if name.isascii() or "ｗ" in name else "王小明")
    assert len(closeloop.json("customer", "--name", name)["customers"]) == 1


def test_a_look_up_by_what_is_no_number_says_so(closeloop: Closeloop, simulated: Store):
    new_case(simulated, phone="0", customer="王女士")
    found = closeloop.json("customer", "--phone", "0")
    assert found == {"customers": [], "unusable": ["phone_placeholder"]}
    assert "a placeholder" in closeloop("customer", "--phone", "0").output


def test_a_customer_who_does_not_say_his_name_again_is_shown_by_it(closeloop: Closeloop, simulated: Store):
    new_case(simulated, phone="13800138000", customer="王女士", email="wang@example.com")
    again = new_case(simulated, phone="138 0013 8000")
    shown = closeloop.json("case", "show", again, "--as", "amy")["customer"]
    assert shown == {"name": "王女士", "phone": "138 0013 8000", "email": None}


def test_the_region_of_the_pack_completes_a_number(closeloop: Closeloop, simulated: Store):
    content = (POLICIES / "logistics.toml").read_text("utf-8").replace('zone = "', 'region = "TW"\nzone = "', 1)
    execute_sql(simulated, EDITION, pack="logistics", version="in Taiwan", content=content, at=to_micros(START))
    new_case(simulated, phone="0912 345 678", customer="王女士")
    assert len(closeloop.json("customer", "--phone", "+886 912 345 678")["customers"]) == 1
    assert len(closeloop.json("customer", "--phone", "0912345678")["customers"]) == 1
    assert closeloop.json(*OPEN, "--phone", "0912-345-678")["returning"] is True


def test_each_is_told_at_the_address_his_case_came_with(work: Work):
    phones = {"wang@example.com": "0", "lee@example.com": "0", "zhao@example.com": "13800138000",
              "other@example.com": "13800138000", "info@example.com": "021-61234567"}  # fmt: skip
    who: Mapping[str, Any] = {"customer": "王女士"}
    cases = {email: new_case(work.store, phone=phone, email=email, **who) for email, phone in phones.items()}
    drained(work, timedelta())
    receipts = {mail.key.partition(":")[0]: mail.to for mail in sent_mails(work) if "acknowledge" in mail.key}
    assert receipts == {number: email for email, number in cases.items()}


def test_a_log_with_a_decision_about_customers_is_replayed(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    wang, lee = new_case(simulated, **OFFICE, customer="王女士"), new_case(simulated, **OFFICE, customer="Mr Lee")
    closeloop("customer", "merge", lee, wang, "--reason", "Mr Lee calls for her.", "--as", "amy")
    log, mapping = tmp_path / "log.csv", tmp_path / "own.toml"
    assert closeloop("export", "--format", "csv", "--out", log).code == 0
    assert "same_customer" in log.read_text("utf-8")
    assert "Mr Lee calls" not in log.read_text("utf-8")
    mapping.write_text(replay_mapping("complaint", "logistics"), "utf-8")
    assert closeloop("mapping", "check", mapping).code == 0
    replayed = closeloop("replay", log, "--mapping", mapping, "--json")
    assert replayed.code == 0, replayed.output
