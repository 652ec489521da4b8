"""Reads one mail that came in: who sent it, what he wrote, what it answers, and whether a person sent it at all.

Nothing here is believed: a sender writes what he likes. Whether a mail belongs to a case decides
``engine/commands/mail_contacts.py``. A mail that cannot be read is unreadable, and a person looks at it.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage, Message, MIMEPart
from email.policy import default
from email.utils import getaddresses
from enum import StrEnum
from functools import cache
from itertools import islice
from typing import cast

from gateways.bounces import LONGEST_HEADER, MOST_BOUNDARIES, MOST_PARTS, MailReport, MailSort, mail_report
from gateways.mail import HOUSE, key_of_message_id
from gateways.mail_text import own_words, text_of_html
from models.columns import TEXT_LIMIT
from models.printable_text import printable, printable_line

UNNAMED = "file"
BOUNDARY = re.compile(rb"boundary\s*=", re.IGNORECASE)
MOST_MULTIPARTS = 100
"""The most parts that hold others: the parser takes time with the square of their nesting."""
LONGEST_BODY = 2_000_000
"""The bytes of a text in which the sender's own words are looked for."""
MOST_ADDRESSES = 50
AUTOMATIC_LISTS = ("bulk", "junk", "list", "auto_reply")
AUTOMATIC_MARKS = ("List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond")
POSTMASTERS = frozenset({"mailer-daemon", "postmaster"})
CHINESE = ("gb18030", "big5hkscs")
"""What bytes without a usable charset are read as, after UTF-8."""
SUPERSETS = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030", "big5": "big5hkscs"}


class Origin(StrEnum):
    """Who sent a mail."""

    PERSON = "person"
    AUTOMATIC = "automatic"
    """An absence note, a mailing list, or another program (RFC 3834): no case opens and nothing is answered."""
    BOUNCE = "bounce"
    """A mail of ours came back, or is delayed (RFC 3464)."""
    OURS = "ours"
    """This installation."""
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class MailFile:
    """A file that came with a mail, by the name that the sender gave it."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class IncomingMail:
    """A mail as it was read.

    ``id`` is a digest of what its sender wrote, its Message-ID among it: two mails of a program that gives each the
    same Message-ID are two. ``answers`` are the keys of our own mails that it answers; ``recipients`` all addresses
    that it was sent to, in lower case. ``text`` is the sender's own words; empty where it has none. ``report`` is what
    a bounce says.
    """

    origin: Origin
    id: str
    sender: str = ""
    name: str = ""
    subject: str = ""
    text: str = ""
    recipients: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    files: tuple[MailFile, ...] = ()
    report: MailReport | None = None


def read_mail(content: bytes) -> IncomingMail:
    """Read a mail; one that no parser can read, or that would only cost time, is unreadable.

    Each different header of a mail is parsed once: ``email`` itself parses it again at every look.
    """
    digest = hashlib.sha256(content).hexdigest()
    unreadable = IncomingMail(Origin.UNREADABLE, digest)
    if content.count(b"\n--") > MOST_BOUNDARIES or len(BOUNDARY.findall(content)) > MOST_MULTIPARTS:
        return unreadable
    try:
        mail = message_from_bytes(content, policy=default.clone(header_factory=cache(HeaderRegistry())))
        return _read(mail, digest, content)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):  # a malformed mail may raise any
        return unreadable


def _read(mail: EmailMessage, digest: str, content: bytes) -> IncomingMail:
    parts = list(islice(mail.walk(), MOST_PARTS + 1))
    long = any(len(value) > LONGEST_HEADER for part in parts for name, value in part.raw_items() if name in READ)
    if len(parts) > MOST_PARTS or long or not any(True for _ in mail.keys()):  # noqa: SIM118
        return IncomingMail(Origin.UNREADABLE, digest)
    id_, text, files = _header(mail, "Message-ID"), _text(mail), tuple(_files(mail))
    written = [id_, *(_header(mail, name) for name in ("From", "Date", "Subject")), text]
    name, sender = next(iter(getaddresses([_header(mail, "From")])), ("", ""))
    report = mail_report(content) if mail.get_content_type() == "multipart/report" else None
    answered = " ".join((_header(mail, "In-Reply-To"), _header(mail, "References"))).split()
    return IncomingMail(
        origin=_origin(mail, sender, id_, report),
        id=_digest(written, files),
        sender=sender.strip(),
        name=printable_line(name).strip()[:200],
        subject=printable_line(_header(mail, "Subject")).strip()[:500],
        text=text,
        recipients=tuple(_recipients(mail)),
        answers=tuple(key for each in answered if (key := key_of_message_id(each))),
        files=files,
        report=report,
    )


def _digest(written: list[str], files: tuple[MailFile, ...]) -> str:
    parts = [text.encode("utf-8", "surrogateescape") for text in written] + [file.content for file in files]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


READ = frozenset({"From", "To", "Cc", "Delivered-To", "X-Original-To", "Subject", "Message-ID", "In-Reply-To", "Date",
                  "Content-Type", "Content-Disposition"})  # fmt: skip
"""The headers that are parsed: the parser takes time with the square of their length."""


def _header(mail: EmailMessage, name: str) -> str:
    """Return a header as one line; bytes without a charset as UTF-8 or a Chinese encoding."""
    raw = next((value for given, value in mail.raw_items() if given.casefold() == name.casefold()), "")
    undeclared = any("\udc80" <= character <= "\udcff" for character in raw)
    text = _decoded(raw.encode("utf-8", "surrogateescape"), "utf-8") if undeclared else str(mail[name] or "")
    return " ".join(text.split())


def _recipients(mail: EmailMessage) -> Iterator[str]:
    headers = [_header(mail, name) for name in ("To", "Cc", "Delivered-To", "X-Original-To")]
    for _, address in islice(getaddresses([value for value in headers if value]), MOST_ADDRESSES):
        if "@" in address:
            yield address.strip().casefold()


def _origin(mail: EmailMessage, sender: str, id_: str, report: MailReport | None) -> Origin:
    mailbox = sender.partition("@")[0].casefold()
    if report is not None and report.sort in (MailSort.BOUNCE, MailSort.DELAY):
        return Origin.BOUNCE
    if id_.rstrip(">").endswith(f"@{HOUSE}"):
        return Origin.OURS
    submitted = _header(mail, "Auto-Submitted").partition(";")[0].strip().casefold()
    listed = _header(mail, "Precedence").casefold() in AUTOMATIC_LISTS
    automatic = submitted not in ("", "no") or listed or any(mail[name] is not None for name in AUTOMATIC_MARKS)
    returned = _header(mail, "Return-Path") == "<>" or mailbox in POSTMASTERS
    if automatic or returned or report is not None or mail.get_content_type() == "text/calendar":
        return Origin.AUTOMATIC
    return Origin.PERSON if sender else Origin.UNREADABLE


def _text(mail: EmailMessage) -> str:
    """Return the sender's own words: of the plain text, else of the HTML."""
    body = mail.get_body(("plain", "html"))
    if body is None or not isinstance(payload := body.get_payload(decode=True), bytes):
        return ""
    text = _decoded(payload[:LONGEST_BODY], str(body.get_content_charset() or "utf-8"))
    if body.get_content_subtype() == "html":
        text = text_of_html(text)
    return own_words(printable(text))[:TEXT_LIMIT].strip()


def _decoded(payload: bytes, charset: str) -> str:
    for name in (SUPERSETS.get(charset.casefold(), charset), "utf-8", *CHINESE):
        try:
            return payload.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return payload.decode("utf-8", "replace")


def _files(mail: EmailMessage) -> Iterator[MailFile]:
    """Yield what is attached, and pictures within the text; a forwarded mail as a whole."""
    body = mail.get_body(("plain", "html"))
    for part in _leaves(mail):
        name = part.get_filename()
        if part is body or (part.get_content_maintype() == "text" and not name):
            continue
        payload: object = part.get_payload(decode=True)
        if part.get_content_type() == "message/rfc822":
            payload = _whole(cast("list[Message]", part.get_payload())[0])
        if isinstance(payload, bytes) and payload:
            yield MailFile(printable_line(str(name or _unnamed(part)))[:200], payload)


def _whole(mail: Message) -> bytes:
    """Return a mail within a mail as a file, the same at each reading: where a boundary is missing, one is drawn."""
    for place, part in enumerate(mail.walk()):
        if part.get_content_maintype() == "multipart" and part.get_boundary() is None:
            part.set_boundary(f"part-{place}")
    return mail.as_bytes()


def _leaves(part: MIMEPart) -> Iterator[MIMEPart]:
    """Yield the parts that hold no others; a mail within the mail is one."""
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for inner in part.iter_parts():
            yield from _leaves(inner)
    else:
        yield part


def _unnamed(part: MIMEPart) -> str:
    return f"{UNNAMED}.{'eml' if part.get_content_subtype() == 'rfc822' else part.get_content_subtype()}"
