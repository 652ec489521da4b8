"""Bounces are recognised by RFC 3464 in single mails, mboxes and folders; anything else is named for what it is."""

import mailbox
from pathlib import Path

import pytest

from gateways.bounces import MailReport, MailSort, mail_reports
from gateways.mail import key_of_message_id, message_id
from tests.gateways.bounce_mails import bounce, ordinary_mail

KEY = "cp-26-000001:4:send_message:customer_message"
WANG = "wang@example.com"


def written(folder: Path, content: bytes, name: str = "mail.eml") -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.requirement("A5")
@pytest.mark.parametrize("headers_only", [False, True])
def test_a_failed_delivery_names_our_message_and_its_addresses(tmp_path: Path, headers_only: bool):
    content = bounce(KEY, "forwarded@elsewhere.example", sent_to=f"Ms Wang <{WANG.upper()}>", headers_only=headers_only)
    [report] = mail_reports(written(tmp_path, content))
    assert report == MailReport(MailSort.BOUNCE, KEY, frozenset({WANG, "forwarded@elsewhere.example"}))


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_a_report_of_anything_but_a_failure_is_no_bounce(tmp_path: Path, action: str):
    [report] = mail_reports(written(tmp_path, bounce(KEY, WANG, action=action)))
    assert report.sort is MailSort.DELAY


def test_a_message_id_that_is_not_ours_has_no_key(tmp_path: Path):
    [report] = mail_reports(written(tmp_path, bounce(KEY, WANG, returned_id="<77@other.example>")))
    assert (report.sort, report.key) == (MailSort.BOUNCE, "")
    assert key_of_message_id("<closeloop>") == key_of_message_id("") == ""
    assert key_of_message_id(message_id(KEY)) == KEY


def test_other_mails_and_damaged_files_are_named(tmp_path: Path):
    written(tmp_path, ordinary_mail(), "1.eml")
    written(tmp_path, b"\x00\xff\xfe", "2.eml")
    written(tmp_path, b"", "3.eml")
    cut = bounce(KEY, WANG)
    written(tmp_path, cut[: cut.index(b"message/rfc822")], "4.eml")
    sorts = [report.sort for report in mail_reports(tmp_path)]
    assert sorts == [MailSort.OTHER, *[MailSort.UNREADABLE] * 3]


def test_a_folder_and_an_mbox_are_read_mail_by_mail(tmp_path: Path):
    (tmp_path / "new").mkdir()
    written(tmp_path / "new", bounce(KEY, WANG), "1700000000.M1.host")
    box = mailbox.mbox(tmp_path / "returned.mbox")
    for content in (ordinary_mail(), bounce(KEY, WANG)):
        box.add(content)
    box.close()
    assert [report.sort for report in mail_reports(tmp_path / "returned.mbox")] == [MailSort.OTHER, MailSort.BOUNCE]
    assert [report.key for report in mail_reports(tmp_path) if report.key] == [KEY, KEY]


def test_a_missing_file_is_an_error(tmp_path: Path):
    with pytest.raises(OSError, match="nowhere"):
        list(mail_reports(tmp_path / "nowhere.eml"))
