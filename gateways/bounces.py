"""Read bounces from a file or a folder of mails: which message of ours came back, and to whom it had been sent.

A bounce is a ``multipart/report`` with a ``message/delivery-status`` (RFC 3464) and the returned message or its
headers. Its ``Action`` says whether the delivery failed; a delay is none. Nothing here is believed: whoever reads the
reports looks the message up among those that were sent.
"""

import mailbox
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import default
from email.utils import getaddresses
from enum import StrEnum
from errno import EINVAL
from itertools import islice
from pathlib import Path
from typing import cast

from gateways.mail import key_of_message_id

LARGEST = 10_000_000
"""The most bytes of one mail; a longer one is not read."""
LONGEST_HEADER = 4_000
"""The most characters of a header. A Message-ID and an address have at most 998 (RFC 5322)."""
MOST_PARTS = 200
"""The most parts of one mail; a report has three."""
MOST_BOUNDARIES = 1_000
"""The most lines that may be a boundary: the parser takes time with the square of their number."""
MBOX = b"From "
"""How an mbox file begins."""


class MailSort(StrEnum):
    """What a mail of the mailbox is."""

    BOUNCE = "bounce"
    DELAY = "delay"
    OTHER = "other"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class MailReport:
    """One mail of the mailbox: the key of the message that came back, empty where it is not ours, and its addresses."""

    sort: MailSort
    key: str = ""
    addresses: frozenset[str] = frozenset()


def mail_reports(path: Path) -> Iterator[MailReport]:
    """Yield what each mail of a file (one mail, or an mbox) or of a folder reports.

    Raises ``OSError``, also for a pipe or a device.
    """
    if not path.is_dir():
        if path.exists() and not path.is_file():
            raise OSError(EINVAL, "not a file", str(path))
        yield from _of_file(path)
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and not file.is_symlink():
            try:
                yield from _of_file(file)
            except OSError:
                yield MailReport(MailSort.UNREADABLE)


def _of_file(path: Path) -> Iterator[MailReport]:
    with path.open("rb") as file:
        first = file.read(len(MBOX))
    if first != MBOX:
        yield mail_report(path.read_bytes()) if path.stat().st_size <= LARGEST else MailReport(MailSort.UNREADABLE)
        return
    box = mailbox.mbox(path, create=False)
    try:
        for key in box.iterkeys():
            with box.get_file(key) as part:
                content = part.read(LARGEST + 1)
            yield mail_report(content) if len(content) <= LARGEST else MailReport(MailSort.UNREADABLE)
    finally:
        box.close()


def mail_report(content: bytes) -> MailReport:
    """Return what a mail reports; a mail that cannot be parsed, or only costs time, is unreadable."""
    if content.count(b"\n--") > MOST_BOUNDARIES:
        return MailReport(MailSort.UNREADABLE)
    try:
        return _parsed(message_from_bytes(content, policy=default))
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        IndexError,
        RecursionError,
    ):  # a malformed mail may raise any of these
        return MailReport(MailSort.UNREADABLE)


def _has_long_header(part: Message) -> bool:
    """Return whether a header is too long to be parsed: the parser of addresses takes time with its square."""
    return any(len(value) > LONGEST_HEADER for _, value in part.raw_items())


def _parsed(mail: Message) -> MailReport:
    if not any(True for _ in mail.keys()):  # noqa: SIM118 (a mail without a header is none)
        return MailReport(MailSort.UNREADABLE)
    parts = list(islice(mail.walk(), MOST_PARTS + 1))
    if len(parts) > MOST_PARTS or any(map(_has_long_header, parts)):
        return MailReport(MailSort.UNREADABLE)
    if mail.get_content_type() != "multipart/report":
        return MailReport(MailSort.OTHER)
    statuses = [part for part in parts if part.get_content_type() == "message/delivery-status"]
    if not statuses:
        return MailReport(MailSort.OTHER)
    fields = [block for status in statuses for block in cast("list[Message]", status.get_payload())]
    actions = {str(block["Action"]).strip().lower() for block in fields if block["Action"]}
    if not actions:
        return MailReport(MailSort.UNREADABLE)
    if "failed" not in actions:
        return MailReport(MailSort.DELAY)
    returned = _returned(parts)
    if returned is None or _has_long_header(returned) or not returned["Message-ID"]:
        return MailReport(MailSort.UNREADABLE)
    recipients = [str(block[name]).partition(";")[2] for block in fields for name in RECIPIENTS if block[name]]
    addresses = [address for _, address in getaddresses([*recipients, str(returned["To"] or "")])]
    key = key_of_message_id(str(returned["Message-ID"]))
    return MailReport(MailSort.BOUNCE, key, frozenset(address.strip().casefold() for address in addresses if address))


RECIPIENTS = ("Original-Recipient", "Final-Recipient")


def _returned(parts: list[Message]) -> Message | None:
    """Return the headers of the message that came back; None if the report has none."""
    for part in parts:
        if part.get_content_type() == "message/rfc822":
            return cast("list[Message]", part.get_payload())[0]
        if part.get_content_type() == "text/rfc822-headers":
            payload = part.get_payload(decode=True)
            return message_from_bytes(payload, policy=default) if isinstance(payload, bytes) else None
    return None
