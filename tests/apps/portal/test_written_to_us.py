"""What somebody without an account writes to us: contacts, evaluations, reports without a name."""

import re

import pytest

from tests.apps.portal.visitors import WANG, Visitor, hidden_of
from tests.case_actions import SUPERVISOR, case_of, execute_sql, make_move, query_rows

NATURES = {
    "complaint": "complaint", "consultation": "inquiry", "suggestion": "inquiry", "praise": "inquiry",
    "lead": "inquiry", "order": "service_order", "service": "service_order",
}  # fmt: skip


def only_case(guest: Visitor) -> dict[str, object]:
    """Return the row of the only case of the store."""
    [row] = query_rows(guest.store, "SELECT number, kind, channel FROM cases")
    return row


@pytest.mark.requirement("A1")
@pytest.mark.parametrize(("nature", "kind"), NATURES.items())
def test_any_kind_of_contact_comes_in_by_the_form(guest: Visitor, nature: str, kind: str):
    answer = guest.fill_in("/contact", "/contact", nature=nature, text="The parcel is broken.", **WANG)
    assert answer.headers["location"] == "/portal/case?done=contact"
    row = only_case(guest)
    assert (row["kind"], row["channel"]) == (kind, "website")
    page = guest.get("/case?done=contact").text
    assert str(row["number"]) in page
    assert "The parcel is broken." in page


def test_a_contact_is_written_on_each_database(visitor: Visitor):
    visitor.fill_in("/contact", "/contact", nature="complaint", text="坏了。", phone="13800138000")
    visitor.fill_in("/report", "/report", text="He signed for me.")
    assert sorted(row["kind"] for row in query_rows(visitor.store, "SELECT kind FROM cases")) == [
        "complaint", "violation",
    ]  # fmt: skip
    [actor] = query_rows(visitor.store, "SELECT roles FROM actor WHERE handle = 'customer'")
    assert actor["roles"] == "customer"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"nature": ""}, "nature"), ({"text": "  "}, "text"), ({"email": "nowhere"}, "email"), ({"nature": "report"}, "")],
)
def test_a_fault_stands_at_its_field_and_nothing_typed_is_lost(guest: Visitor, wrong: dict[str, str], message: str):
    typed = {"nature": "complaint", "text": "It is wet.", "demand": "A new one.", **WANG}
    answer = guest.fill_in("/contact", "/contact", **typed | wrong)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert f'id="field-{message}-error"' in answer.text or not message
    assert "A new one." in answer.text
    assert query_rows(guest.store, "SELECT number FROM cases") == []


def test_a_contact_that_is_sent_twice_opens_one_case(guest: Visitor):
    fields = hidden_of(guest.get("/contact").text, "/portal/contact") | {"nature": "complaint", "text": "It is wet."}
    assert [guest.send("/contact", **fields).status_code for _ in range(2)] == [303, 303]
    only_case(guest)


def test_one_address_writes_ten_times_an_hour(guest: Visitor):
    answers = [
        guest.fill_in("/contact", "/contact", nature="complaint", text=f"Parcel {place}.").status_code
        for place in range(11)
    ]
    assert answers == [303] * 10 + [429]


@pytest.mark.requirement("E8")
@pytest.mark.parametrize("order", ["", "so-26-000001"])
def test_anybody_rates_at_any_time_with_or_without_an_order(guest: Visitor, order: str):
    answer = guest.fill_in("/rate", "/rate", text="Slow, but friendly.", attitude="5", timeliness="1", shipment=order)
    assert answer.status_code == 303
    assert only_case(guest)["kind"] == "evaluation"
    page = guest.get("/case").text
    assert re.search("How we treated you: 5 of 5", page)
    assert (f"About: {order}" in page) == bool(order)


@pytest.mark.requirement("A1")
def test_a_report_names_nobody_and_is_read_and_written_to_by_its_receipt(guest: Visitor):
    shown = guest.fill_in("/report", "/report", text="The driver signed for me.")
    receipt = re.search(r"<strong>(VI-[A-Z0-9-]+)</strong>", shown.text)
    assert receipt is not None
    number = str(only_case(guest)["number"])
    row = case_of(guest.store, number)
    assert (row["kind"], row["party_id"]) == ("violation", None)
    assert guest.get("/case").status_code == 401, "the browser of a reporter keeps nothing"

    told = "Which day was it?"
    execute_sql(guest.store, "UPDATE actor SET roles = roles || ' quality_team' WHERE handle = :h", h=SUPERVISOR)
    make_move(guest.store, number, "write_to_reporter", message=told)
    answer = guest.send("/receipt", receipt=f" {receipt[1].lower()} ")
    assert answer.headers["location"] == "/portal/case"
    page = guest.get("/case").text
    assert told in page
    assert "The driver signed for me." in page
    assert guest.does("reporter_writes", words="On Sunday.").status_code == 303
    assert "On Sunday." in guest.get("/case").text


def test_no_network_address_of_a_reporter_is_kept(guest: Visitor):
    guest.client.headers["X-Forwarded-For"] = "203.0.113.77"
    guest.fill_in("/report", "/report", text="The driver signed for me.")
    tables = [row["name"] for row in query_rows(guest.store, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    kept = [str(row) for table in tables for row in query_rows(guest.store, f"SELECT * FROM {table}")]
    assert not [text for text in kept if "203.0.113.77" in text or "testclient" in text]


def test_a_report_leaves_no_cookie(guest: Visitor):
    shown = guest.fill_in("/report", "/report", text="The driver signed for me.")
    assert "set-cookie" not in shown.headers
    assert shown.headers["cache-control"] == "private, no-store"


HOSTILE = '"><img src=x onerror=alert(1)><script>alert(1)</script>'


def test_nothing_that_a_stranger_types_becomes_markup(guest: Visitor):
    fields = dict.fromkeys(("text", "demand", "shipment", "customer", "phone", "subject"), HOSTILE)
    pages = [
        guest.fill_in("/contact", "/contact", **fields | {"nature": HOSTILE}),
        guest.fill_in("/contact", "/contact", **fields | {"nature": "complaint", "email": HOSTILE}),
        guest.send("/status", number=HOSTILE),
        guest.send("/code", ticket=HOSTILE, code=HOSTILE),
        guest.send("/receipt", receipt=HOSTILE),
        guest.fill_in("/report", "/report", text=""),
        guest.get(f"/link/{HOSTILE}"),
        guest.get(f"/contact?done={HOSTILE}"),
        guest.send("/language", language=HOSTILE, next=HOSTILE),
        guest.fill_in("/rate", "/rate", text=HOSTILE, email=HOSTILE),
    ]
    assert guest.fill_in("/contact", "/contact", **fields | {"nature": "complaint"}).status_code == 303
    csrf = hidden_of(guest.get("/case").text, "/portal/case/follow_up")["_csrf"]
    files = {"_files": (f"{HOSTILE}.txt", b"x", "text/plain")}
    guest.client.post("/portal/files", data={"_csrf": csrf, "_key": "k", "note": HOSTILE}, files=files)
    guest.does("follow_up", words=HOSTILE)
    pages += [guest.get("/case"), guest.does("withdraw", reason="")]
    for page in pages:
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    assert "&lt;script&gt;alert" in pages[-2].text
