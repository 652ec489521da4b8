"""Mailboxes from which contacts come in: what a file says of them, and how a server hands out their mails (IMAP).

A mail is fetched whole, and filed into another folder once it was taken: whoever is killed between fetches it again.
"""

import imaplib
import re
import ssl
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self, cast

from imap_tools import AND, BaseMailBox, ImapToolsError, MailBox, MailBoxStartTls, MailBoxUnencrypted
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from models.contact import Channel

TIMEOUT = 30.0
LARGEST = 60 * 2**20
"""The most bytes of a mail that is read; a longer one is left to a person."""
BATCH = 200
"""The most mails of one visit, so that each mailbox gets its turn."""
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
INTERNAL_DATE = re.compile(rb'INTERNALDATE "([^"]+)"')
SIZE = re.compile(rb"RFC822\.SIZE (\d+)")

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255, pattern=r"^[^\x00-\x1f]+$")
]


class Security(StrEnum):
    """How the connection is protected. Certificates are always verified; ``none`` is for this machine alone."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class MailboxSettings(BaseModel):
    """One mailbox: where it is, and of which kind, pack and channel the contacts are that come by it (A1)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Word
    host: Line
    port: int = Field(default=993, ge=1, le=65_535)
    security: Security = Security.TLS
    ca: Path | None = None
    user: Line
    password_file: Path
    kind: Word = "complaint"
    pack: Word = "logistics"
    channel: Channel = Channel.MAIL
    folder: Line = "INBOX"
    since: date | None = None
    """Mails that came in earlier are left alone."""
    taken: Line = "closeloop-taken"
    automatic: Line = "closeloop-automatic"
    problems: Line = "closeloop-problems"

    @model_validator(mode="after")
    def _protected(self) -> Self:
        if self.security is Security.NONE and self.host not in LOCAL:
            raise ValueError("security = 'none' is for a server on this machine alone")
        if self.folder in (self.taken, self.automatic, self.problems):
            raise ValueError("a mail is filed into another folder than that in which it waits")
        return self


class MailboxFile(BaseModel):
    """The file ``mailboxes.toml`` of the home."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mailbox: tuple[MailboxSettings, ...] = ()

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [mailbox.name for mailbox in self.mailbox]
        if len(set(names)) != len(names):
            raise ValueError("two mailboxes have one name")
        return self


@dataclass(frozen=True, slots=True)
class FetchedMail:
    """A mail of a mailbox, and when the server took it in, if it says so; one that is too long has no ``content``."""

    uid: str
    received_at: datetime | None
    content: bytes | None


class Mailbox:
    """An open mailbox."""

    def __init__(self, client: BaseMailBox, settings: MailboxSettings) -> None:
        self._client, self._settings = client, settings
        self._folders: set[str] = set()

    def mails(self) -> Iterator[FetchedMail]:
        """Yield the mails that wait, oldest first. Raises ``OSError`` where the server fails."""
        since = self._settings.since
        criteria = AND(all=True) if since is None else AND(date_gte=since)
        for uid in self._client.uids(criteria)[:BATCH]:
            facts = self._fetched(uid, "(INTERNALDATE RFC822.SIZE)")
            if facts is None:
                continue  # another reader filed it meanwhile
            head = facts[0]
            size = SIZE.search(head)
            content = None
            if size is None or int(size[1]) <= LARGEST:
                whole = self._fetched(uid, "(BODY.PEEK[])")
                if whole is None:
                    continue
                content = whole[1]
            yield FetchedMail(uid, _instant(head), content)

    def file_away(self, mail: FetchedMail, folder: str) -> None:
        """Move a mail into a folder, which is made if there is none. Raises ``OSError``."""
        if folder not in self._folders:
            if not self._client.folder.exists(folder):
                cast("Any", self._client.folder).create(folder)
            self._folders.add(folder)
        cast("Any", self._client).move(mail.uid, folder)

    def count(self, folder: str) -> int:
        """Return how many mails lie in a folder, which need not be there. Raises ``OSError``."""
        folders = self._client.folder
        return folders.status(folder)["MESSAGES"] if folders.exists(folder) else 0

    def _fetched(self, uid: str, what: str) -> tuple[bytes, bytes] | None:
        """Return what the server says of a mail, and its content if that was asked for; None where it is gone."""
        answer: list[Any] = self._client.client.uid("FETCH", uid, what)[1]
        for part in answer:
            if isinstance(part, tuple):
                return cast("tuple[bytes, bytes]", part)
            if isinstance(part, bytes) and b"UID" in part:
                return part, b""
        return None


@contextmanager
def opened(settings: MailboxSettings, home: Path) -> Generator[Mailbox]:
    """Open a mailbox and close it afterwards.

    Raises ``OSError`` where the server cannot be reached, is not trusted, refuses the log-in or fails.
    """
    password = (home / settings.password_file).read_text("utf-8").strip()
    try:
        with _logged_in(_client(settings, home), settings, password) as client:
            yield Mailbox(client, settings)
    except (imaplib.IMAP4.error, ImapToolsError) as error:
        raise OSError(str(error)) from error


def _logged_in(client: BaseMailBox, settings: MailboxSettings, password: str) -> BaseMailBox:
    try:
        return client.login(settings.user, password, settings.folder)
    except BaseException:
        client.client.shutdown()
        raise


def _client(settings: MailboxSettings, home: Path) -> BaseMailBox:
    if settings.security is Security.NONE:
        return MailBoxUnencrypted(settings.host, settings.port, timeout=TIMEOUT)
    context = ssl.create_default_context(cafile=None if settings.ca is None else str(home / settings.ca))
    kind = MailBox if settings.security is Security.TLS else MailBoxStartTls
    return kind(settings.host, settings.port, timeout=TIMEOUT, ssl_context=context)


def _instant(head: bytes) -> datetime | None:
    """Return when the server took the mail in; None where it does not say."""
    found = INTERNAL_DATE.search(head)
    try:
        return datetime.strptime((found or [b"", b""])[1].decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z")
    except ValueError:
        return None
