"""A swapped or missing file shows; a backup brings files back; an erased one is gone, and the record stays whole."""

import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.access.principal import Principal, Scope
from engine.attachments.erasure import erase_attachment
from engine.attachments.orphans import remove_orphans
from engine.attachments.reading import OpenedAttachment, attachments_of, open_attachment
from engine.attachments.upload import Upload, upload
from engine.audit.backup import back_up
from engine.audit.restore import restore
from engine.audit.verify import verify
from engine.clock import system_now
from engine.ledger.anchoring import anchor
from engine.settings import Settings
from engine.store import Store
from tests.case_actions import DAY, SECRET, START, execute_sql, new_case, query_rows, refusal
from tests.engine.attachments.evidence import (
    LIMITS,
    PDF,
    WAYBILL,
    add_administrator,
    attach_files,
    contents_in,
    photo,
    principal_of,
)

pytestmark = pytest.mark.requirement("A10")

REASON = "He asks for it."
NOW = system_now()
"""By the clock that stamps files; contents of the tests were written after it."""


def faults(store: Store, since: datetime | None = None) -> list[tuple[str, int, str]]:
    return [(fault.number, fault.seq, fault.what) for fault in verify(store, since).faults]


@pytest.fixture
def number(store: Store) -> str:
    """A case with a photo and a waybill."""
    number = new_case(store)
    attach_files(store, number, ("photo.jpg", photo()), ("waybill.txt", WAYBILL))
    anchor(store, START + DAY)
    return number


def content_of(store: Store, column: str = "digest", type_: str = "image/jpeg") -> Path:
    """Return the file of a content."""
    [row] = query_rows(store, f"SELECT {column} AS digest FROM attachment WHERE type = :type_", type_=type_)
    return next(file for file in contents_in(store) if file.parent.name + file.name == row["digest"])


def test_a_store_with_attachments_is_whole(store: Store, number: str):
    assert faults(store) == []


@pytest.mark.parametrize("column", ["digest", "thumbnail"])
def test_a_swapped_file_shows_and_is_handed_out_to_nobody(store: Store, number: str, column: str):
    content_of(store, column).write_bytes(photo("blue"))
    assert (number, 2, "attachment_altered") in faults(store, START)
    [id_] = [view.id for view in attachments_of(store, principal_of(store), number, START) if view.thumbnail]
    small = column == "thumbnail"
    refused = refusal(lambda: open_attachment(store, principal_of(store), number, id_, START, thumbnail=small))
    assert refused.code == "attachment_altered"


def test_a_missing_file_shows(store: Store, number: str):
    content_of(store).unlink()
    assert faults(store) == [(number, 2, "attachment_missing")]
    shutil.rmtree(content_of(store, type_="text/plain").parent.parent)
    assert faults(store) == [(number, 2, "attachment_missing")] * 2


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("UPDATE attachment SET name = 'other.txt' WHERE type = 'text/plain'", "journal_changed attachment"),
        ("UPDATE attachment SET type = 'text/html' WHERE type = 'text/plain'", "journal_changed attachment"),
        ("UPDATE attachment SET digest = thumbnail WHERE type = 'image/jpeg'", "attachment_row_altered"),
        ("UPDATE attachment SET erased_at = 5, salt = NULL", "journal_changed attachment"),
        ("DELETE FROM attachment WHERE type = 'text/plain'", "attachment_row_missing"),
    ],
)
def test_a_changed_row_shows(store: Store, number: str, sql: str, what: str):
    execute_sql(store, sql)
    assert any(what in fault for _, _, fault in faults(store))


def test_an_erased_file_is_gone_and_the_record_whole(store: Store, number: str):
    administrator = principal_of(store, add_administrator(store))
    before = len(contents_in(store))
    [picture] = [view for view in attachments_of(store, principal_of(store), number, START) if view.thumbnail]
    erase_attachment(store, administrator, number, picture.id, REASON, START)
    assert len(contents_in(store)) == before - 2, "the photo and its thumbnail"
    [row] = query_rows(store, "SELECT name, salt, thumbnail FROM attachment WHERE id = :id", id=picture.id)
    assert set(row.values()) == {None}
    assert faults(store) == []
    refused = refusal(lambda: open_attachment(store, principal_of(store), number, picture.id, START))
    assert refused.code == "attachment_erased"
    erase_attachment(store, administrator, number, picture.id, REASON, START)
    [entry] = query_rows(store, "SELECT made_by FROM journal WHERE subject = 'attachment' ORDER BY seq DESC LIMIT 1")
    assert entry["made_by"] == administrator.actor.handle
    assert execute_sql(store, "UPDATE attachment SET erasure_reason = 'Lost.' WHERE id = :id", id=picture.id) == 1
    assert [what.partition(" [")[0] for _, _, what in faults(store)] == ["journal_changed attachment"]


def test_only_an_administrator_erases_and_says_why(store: Store, number: str):
    [id_, *_] = [view.id for view in attachments_of(store, principal_of(store), number, START)]
    administrator = principal_of(store, add_administrator(store))

    def code_of(who: Principal, erased: str, reason: str = REASON) -> str:
        return refusal(lambda: erase_attachment(store, who, number, erased, reason, START)).code

    assert code_of(principal_of(store), id_) == "not_in_charge"
    assert code_of(replace(administrator, scopes=frozenset({Scope.WRITE_CASES})), id_) == "scope_missing"
    assert code_of(administrator, id_, reason=" ") == "no_reason"
    assert code_of(administrator, "0" * 32) == "unknown_attachment"


def opened_of(store: Store, number: str) -> list[OpenedAttachment]:
    """Return every file of a case as it is handed out."""
    whoever = principal_of(store)
    return [
        open_attachment(store, whoever, number, view.id, START)
        for view in attachments_of(store, whoever, number, START)
    ]


def test_a_backup_brings_the_files_back(
    store: Store, settings: Settings, tmp_path: Path, number: str, request: pytest.FixtureRequest
):
    wanted = opened_of(store, number)
    back_up(store, tmp_path / "store.backup", START + DAY)
    url = request.getfixturevalue("new_database")() if settings.database_url else None
    elsewhere = Settings(home=tmp_path / "elsewhere", secret=SECRET, database_url=url)
    elsewhere.where.mkdir()
    shutil.copy(store.home / "anchor.key", elsewhere.where / "anchor.key")
    assert restore(elsewhere, tmp_path / "store.backup", START + DAY).verdict.faults == ()
    restored = elsewhere.store()
    assert opened_of(restored, number) == wanted
    restored.close()


def test_what_an_upload_left_is_collected(store: Store, number: str):
    kept = contents_in(store)
    upload(store, principal_of(store), number, [Upload("a.pdf", PDF)], LIMITS, START)
    stray = kept[0].parent / ("0" * 62)
    stray.write_bytes(b"of an upload that was killed")
    assert remove_orphans(store, START + 2 * DAY, NOW) == 0, "both may still be in the making"
    after = START + 2 * DAY + timedelta(microseconds=1)
    assert remove_orphans(store, after, NOW + 2 * DAY) == 2
    assert contents_in(store) == kept
    assert faults(store) == []
    assert remove_orphans(store, after + 99 * DAY, NOW + 99 * DAY) == 0, "what a move names stays"


def test_a_content_that_outlived_its_erasure_is_collected_at_once(store: Store, number: str):
    file = content_of(store)
    content = file.read_bytes()
    [picture] = [view for view in attachments_of(store, principal_of(store), number, START) if view.thumbnail]
    erase_attachment(store, principal_of(store, add_administrator(store)), number, picture.id, REASON, START)
    file.write_bytes(content)
    assert remove_orphans(store, START, NOW) == 1
    assert not file.exists()
