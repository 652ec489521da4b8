"""The forms of moves: made from their models, nothing typed is lost, letters are seen before they are sent."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from engine.attachments.customer_files import files_for_customer
from engine.ledger.record import case_by_number
from engine.settings import Settings
from engine.store import Store
from statemachines.kinds import lifecycles
from tests.apps.console.case_clients import hidden_fields, send_form
from tests.apps.console.conftest import HANDLES
from tests.apps.web_site import site_client
from tests.case_actions import AGENT, HANDLER, SUPERVISOR, make_move, moves_of, new_case
from tests.engine.accounts.people_with_accounts import add_accounts
from tests.engine.attachments.evidence import photo

pytestmark = [pytest.mark.requirement("B1"), pytest.mark.any_database]


@pytest.fixture
def han(settings: Settings, store: Store) -> Iterator[TestClient]:
    add_accounts(store, *HANDLES)
    with site_client(settings, store, HANDLER) as client:
        yield client


@pytest.fixture
def number(store: Store) -> str:
    case = new_case(store, customer="王小明女士", email="wang@example.com", language="zh_CN")
    make_move(store, case, "classify")
    return case


def form(number: str, move: str) -> str:
    return f"/console/cases/{number}/moves/{move}"


def test_a_move_is_made_by_its_form_and_once_only(han: TestClient, store: Store, number: str):
    page = han.get(form(number, "note")).text
    for _ in range(2):
        answer = send_form(han, form(number, "note"), page, note="He calls every day.")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/console/cases/{number}?done=moved")
    assert moves_of(store, number).count("note") == 1


def test_an_error_stands_at_its_field_and_what_was_typed_is_kept(han: TestClient, store: Store, number: str):
    answer = send_form(han, form(number, "promise"), promise="A call.", due_at="soon")
    assert answer.status_code == 422
    assert 'id="field-due_at-error"' in answer.text
    assert ">\nA call.</textarea>" in answer.text
    assert moves_of(store, number).count("promise") == 0


def test_somebody_else_was_faster_and_nothing_typed_is_lost(han: TestClient, store: Store, number: str):
    page = han.get(form(number, "note")).text
    make_move(store, number, "escalate", SUPERVISOR)
    answer = send_form(han, form(number, "note"), page, note="Typed for an hour.")
    assert answer.status_code == 412
    assert "Typed for an hour." in answer.text
    meanwhile = answer.text.partition('id="meanwhile"')[2].partition("</section>")[0]
    assert f"<b>{SUPERVISOR}</b>" in meanwhile
    again = send_form(han, form(number, "note"), answer.text, note="Typed for an hour.")
    assert again.status_code == 303
    assert moves_of(store, number)[-1] == "note"


def test_a_handler_returns_a_case_with_a_reason(han: TestClient, store: Store, number: str):
    assert send_form(han, form(number, "return"), code="").status_code == 422
    answer = send_form(han, form(number, "return"), code="not_ours", reason="It went by air.")
    assert answer.status_code == 303
    assert moves_of(store, number)[-1] == "return"


def test_findings_come_with_their_photos(han: TestClient, store: Store, number: str):
    files = [("_files", ("破损.jpg", photo(), "image/jpeg"))]
    answer = send_form(han, form(number, "investigate"), files=files, findings="The pallet fell.")
    assert answer.status_code == 303, answer.text
    page = han.get(f"/console/cases/{number}").text
    assert "破损.jpg" in page
    assert "/thumbnail" in page


@pytest.mark.requirement("A10")
def test_the_form_of_a_letter_takes_files_and_says_that_the_customer_will_open_them(
    han: TestClient, store: Store, number: str
):
    page = han.get(form(number, "reply")).text
    assert "The customer can open these files on the portal." in page
    assert "The customer can open" not in han.get(form(number, "investigate")).text
    files = [("_files", ("offer.txt", b"1,200 yuan", "text/plain"))]
    assert send_form(han, form(number, "reply"), page, files=files, message="See our offer.").status_code == 303
    with store.looking() as tx:
        assert [view.name for view in files_for_customer(tx, case_by_number(tx, number)).values()] == ["offer.txt"]


def test_files_stay_chosen_where_the_form_is_refused(han: TestClient, store: Store, number: str):
    files = [("_files", ("box.jpg", photo(), "image/jpeg"))]
    answer = send_form(han, form(number, "investigate"), files=files, findings=" ")
    assert answer.status_code == 422
    assert answer.text.count(" checked> box.jpg") == 1
    kept = answer.text.partition(" checked> box.jpg")[0].rpartition('value="')[2].partition('"')[0]
    again = send_form(han, form(number, "investigate"), answer.text, findings="It fell.", attachments=kept)
    assert again.status_code == 303
    assert moves_of(store, number)[-1] == "investigate"


def test_the_letter_is_seen_as_the_customer_will_read_it(han: TestClient, store: Store, number: str):
    answer = send_form(han, form(number, "reply"), message="今天送到。", _act="preview")
    assert answer.status_code == 200
    letter = answer.text.partition('id="letter"')[2].partition("</section>")[0]
    assert number in letter
    assert "今天送到。" in letter
    assert "客户" in letter, "the words around it are in the customer's language"
    assert "reply" not in moves_of(store, number)


def test_an_expression_that_is_forbidden_is_warned_of_before_it_is_sent(han: TestClient, store: Store, number: str):
    warned = send_form(han, form(number, "reply"), message="这不归我管，等着吧。")
    assert warned.status_code == 422
    assert "<mark>不归我管</mark>" in warned.text
    assert "<mark>等着吧</mark>" in warned.text
    assert "reply" not in moves_of(store, number)
    sent = send_form(han, form(number, "reply"), warned.text, message="这不归我管，等着吧。", _act="anyway")
    assert sent.status_code == 303
    assert moves_of(store, number)[-1] == "reply"


def test_a_template_fills_in_number_and_promise(han: TestClient, store: Store, number: str):
    page = han.get(form(number, "reply")).text
    assert "Apologise and propose a solution" in page
    assert '<option value="zh_CN" lang="zh-CN" selected>' in page, "the language of the customer"
    filled = send_form(han, form(number, "reply"), page, _act="template", _template="received", _language="zh_CN")
    assert filled.status_code == 200
    assert "您反映的情况我们已经收到" in filled.text
    assert "您好" not in filled.text.partition("<textarea")[2], "the letter greets"
    assert number in filled.text.partition("<textarea")[2]
    english = send_form(han, form(number, "reply"), page, _act="template", _template="received", _language="en")
    assert "We have received your matter" in english.text
    assert "by 2026-03-" in english.text


def test_a_template_replaces_another_but_nothing_that_was_typed(han: TestClient, number: str):
    asked = {"_act": "template", "_language": "en"}
    typed = "Mr Li of\r\nthe depot called."
    first = send_form(han, form(number, "reply"), _template="received", message=typed, **asked)
    words = first.text.partition('name="message"')[2].partition("</textarea>")[0]
    assert "under number" in words
    assert "the depot called." in words
    fresh = send_form(han, form(number, "reply"), _template="received", **asked)
    filled = hidden_fields(fresh.text)["_filled"].replace("\n", "\r\n")
    second = send_form(han, form(number, "reply"), fresh.text, _template="delay", message=filled, **asked)
    words = second.text.partition('name="message"')[2].partition("</textarea>")[0]
    assert "sorry that you have to wait" in words
    assert "under number" not in words


def test_every_move_of_a_complaint_has_a_form_page(han: TestClient, store: Store, number: str):
    for move in lifecycles()["complaint"].rows:
        page = han.get(form(number, move))
        assert page.status_code == 200, move
        assert hidden_fields(page.text)["_seq"] == "2", move


def test_an_unknown_move_and_a_case_of_others_are_refused(han: TestClient, settings: Settings, store: Store):
    foreign = new_case(store)
    assert han.get(form(foreign, "note")).status_code == 404
    page = han.get("/console/cases").text
    assert send_form(han, form(foreign, "note"), page, note="Mine.").status_code == 404
    with site_client(settings, store, AGENT) as amy:
        assert amy.get(form(foreign, "explode")).status_code == 422


def test_files_are_listed_added_and_handed_out_as_downloads(han: TestClient, store: Store, number: str):
    address = f"/console/cases/{number}/attachments"
    name = '"><img src=x onerror=alert(1)>.jpg'
    answer = send_form(han, address, files=[("_files", (name, photo(), "image/jpeg"))], note="The box.")
    assert answer.status_code == 303, answer.text
    page = han.get(address).text
    assert "<img src=x" not in page
    link = page.partition('class="file" href="')[2].partition('"')[0]
    file = han.get(link)
    assert (file.status_code, file.content) == (200, photo())
    assert file.headers["content-disposition"].startswith("attachment; ")
    assert "sandbox" in file.headers["content-security-policy"]
    assert han.get(f"{link}/thumbnail").headers["content-type"] == "image/jpeg"
    refused = send_form(han, address, files=[("_files", ("a.html", b"<html>", "text/html"))], note="Kept.")
    assert refused.status_code == 415
    assert 'value="Kept."' in refused.text


def test_what_was_typed_beside_files_is_kept_when_the_session_has_ended(han: TestClient, number: str):
    page = han.get(form(number, "investigate")).text
    han.cookies.clear()
    files = [("_files", ("box.jpg", photo(), "image/jpeg"))]
    answer = send_form(han, form(number, "investigate"), page, files=files, findings="It fell.")
    assert answer.status_code == 401
    assert 'name="kept.findings" value="It fell."' in answer.text
