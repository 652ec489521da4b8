"""Files are attached to cases, named by moves, and handed out as they were taken in (A10)."""

import stat
from datetime import timedelta

import pytest

from engine.attachments.attach import attach
from engine.attachments.content_types import Limits
from engine.attachments.reading import attachments_of, open_attachment
from engine.attachments.upload import Upload, upload
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.store import Store
from models.columns import to_micros
from tests.case_actions import (
    AUDITOR,
    DAY,
    HANDLER,
    HOUR,
    START,
    execute_sql,
    history_of,
    make_move,
    moves_of,
    new_case,
    new_resolved_case,
    query_rows,
    refusal,
    run_concurrently,
)
from tests.engine.attachments.evidence import LIMITS, PDF, WAYBILL, attach_files, contents_in, photo, principal_of

pytestmark = pytest.mark.requirement("A10")


def opening_refused(store: Store, number: str, id_: str) -> str:
    """Return the code with which it is refused to open an attachment."""
    return refusal(lambda: open_attachment(store, principal_of(store), number, id_, START)).code


def test_a_file_is_attached_listed_and_handed_out_as_it_was_taken_in(store: Store):
    number, content = new_case(store), photo()
    [file] = attach_files(store, number, ("破损照片.jpg", content))
    opened = open_attachment(store, principal_of(store), number, file.id, START)
    assert (opened.name, opened.type, opened.content) == ("破损照片.jpg", "image/jpeg", content)
    [view] = attachments_of(store, principal_of(store), number, START)
    assert (view.id, view.name, view.seq, view.uploaded_by, view.size) == (file.id, file.name, 2, HANDLER, len(content))
    assert moves_of(store, number) == ["open", "attach"]


def test_the_record_names_the_salted_digest_of_each_file(store: Store):
    number = new_case(store)
    files = attach_files(store, number, ("a.txt", WAYBILL), ("b.txt", WAYBILL))
    assert files[0].digest != files[1].digest, "equal contents must not be seen to be equal"
    form = history_of(store, number)[-1]["form"]
    assert all(f"{file.id}:{file.digest}" in form for file in files)
    assert "a.txt" not in form, "a name may be personal"


def test_ids_are_long_random_and_say_nothing_of_the_content(store: Store):
    number = new_case(store)
    ids = [file.id for file in attach_files(store, number, *[("a.txt", WAYBILL)] * 5)]
    assert len(set(ids)) == 5
    assert all(len(name) == 32 and int(name, 16) >= 0 for name in ids)
    assert all(file.id not in file.digest for file in attach_files(store, number, ("a.txt", WAYBILL)))


def test_contents_are_for_the_owner_of_the_home_alone(store: Store):
    attach_files(store, new_case(store), ("a.pdf", PDF))
    [file] = contents_in(store)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (file.parent, file.parent.parent)} == {0o700}


def test_evidence_can_be_attached_after_the_end(store: Store):
    number = new_resolved_case(store)
    make_move(store, number, "refer", by="mei")
    [file] = attach_files(store, number, ("judgement.pdf", PDF))
    assert moves_of(store, number)[-2:] == ["refer", "attach"]
    assert attachments_of(store, principal_of(store), number, START)[0].id == file.id


def test_an_uploaded_file_is_named_by_a_note_or_by_any_form_with_such_a_field(store: Store):
    number = new_case(store)
    [file] = upload(store, principal_of(store), number, [Upload("a.txt", WAYBILL)], LIMITS, START)
    assert attachments_of(store, principal_of(store), number, START)[0].seq is None
    make_move(store, number, "note", attachments=file.id)
    make_move(store, number, "classify")
    make_move(store, number, "investigate", attachments=file.id)
    assert attachments_of(store, principal_of(store), number, START)[0].seq == 2
    assert f"{file.id}:{file.digest}" in history_of(store, number)[-1]["form"]


def test_a_digest_that_somebody_typed_is_replaced_by_the_one_of_the_file(store: Store):
    number = new_case(store)
    [file] = upload(store, principal_of(store), number, [Upload("a.txt", WAYBILL)], LIMITS, START)
    make_move(store, number, "note", attachments=f"{file.id}:{'0' * 64}")
    assert f"{file.id}:{file.digest}" in history_of(store, number)[-1]["form"]


def test_a_file_of_another_case_is_unknown_here(store: Store):
    mine, other = new_case(store), new_case(store, HOUR)
    [file] = attach_files(store, other, ("a.txt", WAYBILL))
    assert refusal(lambda: make_move(store, mine, "note", attachments=file.id)).code == "unknown_attachment"
    assert (
        refusal(lambda: open_attachment(store, principal_of(store), mine, file.id, START)).code == "unknown_attachment"
    )


@pytest.mark.parametrize("guess", ["0" * 32, "1", "../../secret", "a\0b", "%", "\ud800", "x" * 10_000], ids=str.__len__)
def test_a_guessed_id_opens_nothing(store: Store, guess: str):
    number = new_case(store)
    attach_files(store, number, ("a.txt", WAYBILL))
    assert (
        refusal(lambda: open_attachment(store, principal_of(store), number, guess, START)).code == "unknown_attachment"
    )


def test_a_refused_move_leaves_neither_file_nor_row(store: Store):
    number = new_case(store)
    assert refusal(lambda: attach_files(store, number, ("a.jpg", photo()), by=AUDITOR)).code == "role"
    assert (contents_in(store), query_rows(store, "SELECT * FROM attachment")) == ([], [])


def test_a_case_has_no_more_files_than_the_settings_admit(store: Store):
    number, few = new_case(store), Limits(per_case=2)
    files = [Upload(f"{place}.txt", WAYBILL) for place in range(3)]
    refused = refusal(lambda: attach(store, principal_of(store), number, files, few, START))
    assert (refused.code, refused.params["limit"]) == ("too_many_attachments", 2)
    assert contents_in(store) == []


def test_two_uploads_at_once_do_not_exceed_the_limit_together(store: Store):
    number, few = new_case(store), Limits(per_case=3)
    files = [Upload(f"{place}.txt", WAYBILL) for place in range(2)]
    works = [lambda: upload(store, principal_of(store), number, files, few, START)] * 2
    outcomes = run_concurrently(works)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Refused", "list"]
    assert len(contents_in(store)) == len(query_rows(store, "SELECT * FROM attachment")) == 2


def test_a_repeated_request_attaches_nothing_twice(store: Store):
    number, files = new_case(store), [Upload("a.txt", WAYBILL), Upload("b.txt", WAYBILL)]
    first, second = (
        attach(store, principal_of(store), number, files, LIMITS, START, note="Both.", key="k-1") for _ in range(2)
    )
    assert (first[0].again, second[0].again) == (False, True)
    assert [file.id for file in first[1]] == [file.id for file in second[1]]
    assert len(contents_in(store)) == 2
    assert moves_of(store, number) == ["open", "attach"]


def test_a_key_is_not_used_for_another_file(store: Store):
    number = new_case(store)
    attach(store, principal_of(store), number, [Upload("a.txt", WAYBILL)], LIMITS, START, key="k-1")
    other = [Upload("a.txt", WAYBILL + b"!")]
    assert (
        refusal(lambda: attach(store, principal_of(store), number, other, LIMITS, START, key="k-1")).code
        == "key_reused"
    )
    assert len(contents_in(store)) == 1


def test_two_requests_with_one_key_at_once_attach_it_once(store: Store):
    number, files = new_case(store), [Upload("a.txt", WAYBILL)]
    works = [lambda: attach(store, principal_of(store), number, files, LIMITS, START, key="k-1")] * 2
    outcomes = run_concurrently(works)
    assert all(isinstance(outcome, tuple) for outcome in outcomes), outcomes
    assert moves_of(store, number) == ["open", "attach"]
    assert len(query_rows(store, "SELECT * FROM attachment")) == 1


def test_an_upload_waits_a_day_for_its_move(store: Store):
    number = new_case(store)
    [file] = upload(store, principal_of(store), number, [Upload("a.txt", WAYBILL)], LIMITS, START)
    late = DAY + timedelta(microseconds=1)
    refused = refusal(lambda: make_move(store, number, "note", after=late, attachments=file.id))
    assert refused.code == "unknown_attachment"
    make_move(store, number, "note", after=DAY, attachments=file.id)
    make_move(store, number, "note", after=9 * DAY, attachments=file.id)


def test_who_is_away_uploads_nothing(store: Store):
    number = new_case(store)
    execute_sql(store, "UPDATE actor SET disabled_at = :at WHERE handle = :who", at=to_micros(START), who=HANDLER)
    assert refusal(lambda: attach_files(store, number, ("a.txt", WAYBILL))).code == "actor_disabled"
    assert contents_in(store) == []


def test_history_that_is_imported_names_files_without_having_them(store: Store):
    number = new_case(store)
    form = {"attachments": f"{'a' * 32}:{'b' * 64}"}
    execute_sql(store, "UPDATE actor SET roles = 'import system' WHERE handle = 'import'")
    advance(store, Command(number, "attach", form, actor="import"), START)
    assert history_of(store, number)[-1]["form"] == f'{{"attachments":"{"a" * 32}"}}'
