"""Send mail to customers and staff: the protocol, the SMTP client, a file in its place, and a fake for simulations."""

import errno
import fcntl
import json
import os
import smtplib
from dataclasses import asdict, dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import Literal, Protocol

from gateways.smtp import MailServer
from models.mail_addresses import mail_address
from models.printable_text import printable, printable_line

BLOCK = 64 * 1024
OPTIONAL = frozenset({"reply_to", "unsubscribe"})
"""The parts of a mail that a file of mails leaves out where they are empty."""
HOUSE = "closeloop"
"""What stands behind the @ of our Message-IDs."""
PERMANENT = 500
"""From this code on, the answer of a mail server is final."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. It is sent at least once; the key becomes the Message-ID, by which a duplicate is recognised.

    ``reply_to`` is the address to which its reader answers, empty where it is that of the sender.

    Subject and body are made printable here, so that no transport is given a control character or a hidden one.
    """

    key: str
    to: str
    subject: str
    body: str
    reply_to: str = ""
    unsubscribe: str = ""
    """The address at which its reader withdraws by one click (RFC 8058); empty for mails that concern his case."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "subject", printable_line(self.subject))
        object.__setattr__(self, "body", printable(self.body))


class AddressRefused(ValueError):
    """No mail server will ever take a mail for this address: to send it again is useless."""


def recipient(to: str) -> str:
    """Return the one mailbox of an address, as a mail server is given it.

    Raises ``AddressRefused`` for a text that is no address, or more than one: no transport is handed it.
    """
    address = mail_address(to)
    if "\n" in to or "\r" in to or not address.valid:
        raise AddressRefused("no address, more than one, or one with a linefeed")
    return address.written


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a mail goes: to an address, into a file, or nowhere; ``reached`` says whether its reader will get it.

    ``text`` is the masked address or the path of the file. A message for it is ``mail.destination.<code>``.
    """

    code: Literal["address", "file", "nowhere"]
    text: str
    reached: bool


NOWHERE = Destination("nowhere", "", reached=False)


class Mailer(Protocol):
    def send(self, mail: Mail) -> None:
        """Send the mail. Raises if it cannot be sent; the delivery is then tried again later.

        Raises ``AddressRefused`` where no later try can help.
        """
        ...

    def destination(self, to: str) -> Destination:
        """Return where a mail to this address goes."""
        ...


def destination_of(mailer: Mailer, to: str | None) -> Destination:
    """Return where a mail to somebody with this address, or without any, goes."""
    return mailer.destination(to) if to else NOWHERE


def masked(address: str) -> str:
    """Return an address that a page or a log may show: ``a***@example.com``."""
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}***@{domain}" if at else "***"


def message_id(key: str) -> str:
    """Return the Message-ID of the mail with this key; a key has no dots."""
    return f"<{key.replace(':', '.')}@{HOUSE}>"


def key_of_message_id(text: str) -> str:
    """Return the key of a mail by its Message-ID; empty for one that is not ours."""
    key, at, house = text.strip().removeprefix("<").removesuffix(">").rpartition("@")
    return key.replace(".", ":") if at and house == HOUSE else ""


class SmtpMailer:
    """Sends mail through a server. One that does not answer in time, cannot be reached or is not trusted raises an
    ``OSError``: see ``gateways/smtp.py``.
    """

    def __init__(self, server: MailServer, sender: str) -> None:
        self._server = server
        self._sender = sender

    def send(self, mail: Mail) -> None:
        to = recipient(mail.to)
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = Address(addr_spec=to)
        message["Subject"] = mail.subject
        message["Message-ID"] = message_id(mail.key)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no program answers it
        if mail.reply_to:
            message["Reply-To"] = Address(addr_spec=mail.reply_to)
        if mail.unsubscribe:
            message["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(mail.body)
        with self._server.connected() as server:
            try:
                server.send_message(message, to_addrs=[to])
            except smtplib.SMTPRecipientsRefused as error:
                if all(code >= PERMANENT for code, _ in error.recipients.values()):
                    raise AddressRefused from None
                raise

    def destination(self, to: str) -> Destination:
        return Destination("address", masked(to), reached=True)


class FileMailer:
    """Appends mails to a file, where nobody is sent them: one JSON object a line, synced.

    A store without a mail server uses it, so that the mails can be read and sent by hand. A mail that a full disk takes
    only in part raises ``OSError`` and leaves no part of a line.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def send(self, mail: Mail) -> None:
        recipient(mail.to)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        fields = {name: value for name, value in asdict(mail).items() if name not in OPTIONAL or value}
        line = json.dumps(fields, ensure_ascii=False) + "\n"
        handle = os.open(self.file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            append_whole(handle, line.encode())
        finally:
            os.close(handle)

    def destination(self, to: str) -> Destination:
        return Destination("file", str(self.file), reached=False)


def append_whole(handle: int, line: bytes) -> None:
    """Append a line to a file whose lock is held, and sync it; raise ``OSError`` and append nothing if it does not fit.

    Part of a line that a killed process left at the end was never reported as sent, and is cut off.
    """
    end = _end_of_lines(handle)
    os.ftruncate(handle, end)
    try:
        if os.write(handle, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, end)
        raise


def _end_of_lines(handle: int) -> int:
    """Return where the last whole line ends."""
    end = os.lseek(handle, 0, os.SEEK_END)
    while end:
        begin = max(0, end - BLOCK)
        if (at := os.pread(handle, end - begin, begin).rfind(b"\n")) >= 0:
            return begin + at + 1
        end = begin
    return 0


class FakeMailer:
    """Keeps mails in memory and, if a file is given, appends them to it. A simulation takes them for delivered.

    ``unknown`` are addresses that the server refuses for good; while ``away``, it takes no mail.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.sent: list[Mail] = []
        self.unknown: set[str] = set()
        self.away = False
        self._file = FileMailer(file) if file is not None else None

    def send(self, mail: Mail) -> None:
        if self.away:
            raise ConnectionRefusedError
        if recipient(mail.to) in self.unknown:
            raise AddressRefused
        if self._file is not None:
            self._file.send(mail)
        self.sent.append(mail)

    def destination(self, to: str) -> Destination:
        if self._file is not None:
            return Destination("file", str(self._file.file), reached=True)
        return Destination("address", masked(to), reached=True)
