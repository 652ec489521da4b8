"""Which files a customer opens on the portal: those that he sent, and those that a letter to him names; no others."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from engine.attachments.erasure import erase_attachment
from engine.attachments.upload import Upload, upload
from engine.create_store import set_clock
from engine.store import Store
from tests.apps.portal.visitors import WANG, Visitor, hidden_of
from tests.case_actions import START, history_of, make_move, new_case, new_resolved_case, query_rows
from tests.engine.attachments.evidence import LIMITS, WAYBILL, add_administrator, attach_files, photo, principal_of

pytestmark = [pytest.mark.requirement("A10"), pytest.mark.requirement("H3")]

LEE: dict[str, Any] = {"customer": "Mr Lee", "email": "lee@example.com"}
NOTHING = "0" * 32


def upload_for_move(store: Store, number: str, name: str, content: bytes) -> str:
    """Take a file of ours in, which waits for the move that names it; return its id."""
    [file] = upload(store, principal_of(store), number, [Upload(name, content)], LIMITS, START)
    return file.id


def ids_in(store: Store) -> set[str]:
    """Return the ids of all attachments of a store."""
    return {row["id"] for row in query_rows(store, "SELECT id FROM attachment")}


def sends(guest: Visitor, name: str, content: bytes) -> str:
    """Add a file to the visitor's own case; return its id."""
    csrf = hidden_of(guest.get("/case").text, "/portal/case/follow_up")["_csrf"]
    files = {"_files": (name, content, "application/octet-stream")}
    before = ids_in(guest.store)
    answer = guest.client.post("/portal/files", data={"_csrf": csrf, "_key": f"key of {name}"}, files=files)
    assert answer.headers["location"] == "/portal/case?done=attach"
    [id_] = ids_in(guest.store) - before
    return id_


def test_he_opens_what_he_sent_himself(visitor: Visitor):
    visitor.log_in(new_case(visitor.store, **WANG))
    id_ = sends(visitor, "waybill.txt", WAYBILL)
    assert f'href="/portal/files/{id_}"' in visitor.get("/case").text
    answer = visitor.get(f"/files/{id_}")
    assert (answer.status_code, answer.content) == (200, WAYBILL)
    reading = query_rows(visitor.store, "SELECT via, kind, fields FROM reading ORDER BY id")[-1]
    assert (reading["via"], reading["kind"], reading["fields"]) == ("portal", "customer", "attachments")


def test_he_opens_a_file_that_came_with_a_letter_to_him(visitor: Visitor):
    number = new_case(visitor.store, **WANG)
    make_move(visitor.store, number, "classify")
    id_ = upload_for_move(visitor.store, number, "offer.txt", WAYBILL)
    visitor.log_in(number)
    assert visitor.get(f"/files/{id_}").status_code == 404, "it waits for its letter"
    make_move(visitor.store, number, "reply", message="Here is our offer.", attachments=id_)
    assert "offer.txt" in visitor.get("/case").text
    assert visitor.get(f"/files/{id_}").content == WAYBILL


def test_he_opens_a_file_that_came_with_the_result(guest: Visitor):
    number = new_case(guest.store, **WANG)
    make_move(guest.store, number, "classify")
    make_move(guest.store, number, "investigate", findings="Our forklift broke it.")
    id_ = upload_for_move(guest.store, number, "result.txt", WAYBILL)
    make_move(guest.store, number, "resolve", result="Paid.", message="We pay it all.", attachments=id_)
    guest.log_in(number)
    assert guest.get(f"/files/{id_}").content == WAYBILL


@pytest.mark.parametrize(
    ("move", "fields"),
    [
        ("investigate", {"findings": "Our forklift broke it."}),
        ("note", {"note": "See the report."}),
        ("attach", {}),
        ("resolve", {"result": "Paid.", "message": None}),
    ],
)
def test_a_file_that_nobody_meant_for_him_is_neither_shown_nor_opened(
    guest: Visitor, move: str, fields: dict[str, Any]
):
    number = new_case(guest.store, **WANG)
    make_move(guest.store, number, "classify")
    if move == "resolve":
        make_move(guest.store, number, "investigate", findings="Our forklift broke it.")
    id_ = upload_for_move(guest.store, number, "internal.txt", b"The forklift of the night shift.")
    make_move(guest.store, number, move, **fields, attachments=id_)
    guest.log_in(number)
    assert id_ not in guest.get("/case").text
    assert "internal.txt" not in guest.get("/case").text
    assert guest.get(f"/files/{id_}").status_code == 404


def test_a_form_of_his_that_names_a_file_of_ours_does_not_open_it(guest: Visitor):
    number = new_case(guest.store, **WANG)
    [file] = attach_files(guest.store, number, ("internal.txt", b"The forklift of the night shift."))
    guest.log_in(number)
    guest.does("follow_up", words="Show it to me.", attachments=file.id)
    assert file.id not in history_of(guest.store, number)[-1]["form"]
    make_move(guest.store, number, "attach", by="customer", attachments=file.id)
    assert guest.get(f"/files/{file.id}").status_code == 404
    assert file.id not in guest.get("/case").text


def test_files_of_others_guessed_ids_and_erased_files_are_answered_alike(guest: Visitor):
    others, own = new_case(guest.store, **LEE), new_case(guest.store, **WANG)
    guest.log_in(others)
    of_others = sends(guest, "of-lee.txt", b"Lee's own.")
    guest.log_in(own)
    erased = sends(guest, "erased.txt", b"Not to be kept.")
    admin = add_administrator(guest.store)
    erase_attachment(guest.store, principal_of(guest.store, admin), own, erased, "He asked for it.", START)
    answers = [
        guest.get(f"/files/{id_}{end}") for id_ in (of_others, NOTHING, erased, "x") for end in ("", "/thumbnail")
    ]
    assert {answer.status_code for answer in answers} == {404}
    varying = [(answer.headers["x-request-id"], answer.request.url.path) for answer in answers]
    pages = {
        answer.text.replace(id_, "").replace(path, "") for answer, (id_, path) in zip(answers, varying, strict=True)
    }
    assert len(pages) == 1, "nothing tells them apart"
    page = guest.get("/case").text
    assert erased not in page
    assert "A file that was deleted" in page


def test_whoever_has_no_visit_opens_no_file(guest: Visitor):
    guest.log_in(new_case(guest.store, **WANG))
    id_ = sends(guest, "waybill.txt", WAYBILL)
    guest.send("/leave", sent="1")
    assert guest.get(f"/files/{id_}").status_code == 401


def test_a_visit_that_has_ended_opens_no_file(guest: Visitor):
    guest.log_in(new_case(guest.store, **WANG))
    id_ = sends(guest, "waybill.txt", WAYBILL)
    set_clock(guest.store, START + timedelta(hours=1, seconds=1))
    assert guest.get(f"/files/{id_}").status_code == 401


def test_no_browser_opens_runs_or_keeps_a_file(guest: Visitor):
    guest.log_in(new_case(guest.store, **WANG))
    answer = guest.get(f"/files/{sends(guest, '请看 “box”.txt', WAYBILL)}")
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-store"


def test_the_small_picture_of_a_photo_tells_no_place(guest: Visitor):
    guest.log_in(new_case(guest.store, **WANG))
    id_ = sends(guest, "box.jpg", photo())
    assert f'src="/portal/files/{id_}/thumbnail"' in guest.get("/case").text
    small = Image.open(BytesIO(guest.get(f"/files/{id_}/thumbnail").content))
    assert (small.format, dict(small.getexif())) == ("JPEG", {})


def test_a_reporter_opens_what_he_sent_and_is_warned_of_what_a_photo_tells(guest: Visitor):
    shown = guest.fill_in("/report", "/report", text="The driver signed for me.").text
    receipt = shown.partition("<strong>")[2].partition("</strong>")[0]
    assert guest.send("/receipt", receipt=receipt).status_code == 303
    assert "A photo may tell where" in guest.get("/case").text
    csrf = hidden_of(guest.get("/case").text, "/portal/case/reporter_writes")["_csrf"]
    files = {"_files": ("list.txt", WAYBILL, "text/plain")}
    guest.client.post("/portal/files", data={"_csrf": csrf, "_key": "k"}, files=files)
    [id_] = ids_in(guest.store)
    assert guest.get(f"/files/{id_}").content == WAYBILL


def test_a_resolved_case_shows_no_file_where_none_is_his(guest: Visitor):
    number = new_resolved_case(guest.store, **WANG)
    guest.log_in(number)
    assert "/portal/files/" not in guest.get("/case").text.replace('action="/portal/files"', "")
