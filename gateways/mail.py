"""Send mail to customers and staff: the protocol, the SMTP client, and a fake that keeps the mails."""

import json
import os
import smtplib
import ssl
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

SMTP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. It is sent at least once; the key becomes the Message-ID, by which a duplicate is recognised."""

    key: str
    to: str
    subject: str
    body: str


class Mailer(Protocol):
    def send(self, mail: Mail) -> None:
        """Send the mail. Raises if it cannot be sent; the delivery is then tried again later."""
        ...


class SmtpMailer:
    """Sends mail through a server: ``smtp://user:password@host:587`` (STARTTLS) or ``smtps://…``.

    A server that does not answer within ``seconds``, or cannot be reached, raises an ``OSError``.
    """

    def __init__(self, url: str, sender: str, seconds: float = SMTP_SECONDS) -> None:
        self._parts = urlsplit(url)
        self._sender = sender
        self._seconds = seconds

    def send(self, mail: Mail) -> None:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Message-ID"] = f"<{mail.key.replace(':', '.')}@closeloop>"
        message.set_content(mail.body)
        with self._connected() as server:
            server.send_message(message)

    def _connected(self) -> smtplib.SMTP:
        host, port = self._parts.hostname or "localhost", self._parts.port
        if self._parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port or 465, timeout=self._seconds)
        else:
            server = smtplib.SMTP(host, port or 25, timeout=self._seconds)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
        if self._parts.username:
            server.login(unquote(self._parts.username), unquote(self._parts.password or ""))
        return server


class FakeMailer:
    """Keeps mails in memory and appends them to the file ``drop``, if given: one JSON object a line, synced."""

    def __init__(self, drop: Path | None = None) -> None:
        self.sent: list[Mail] = []
        self._drop = drop

    def send(self, mail: Mail) -> None:
        self.sent.append(mail)
        if self._drop is None:
            return
        self._drop.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(asdict(mail), ensure_ascii=False) + "\n"
        handle = os.open(self._drop, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line.encode())
            os.fsync(handle)
        finally:
            os.close(handle)
