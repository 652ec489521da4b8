"""Takes in the mails of a mailbox: what customers wrote, what came back, and what only a program sent.

Each mail is taken in whole before it is filed away, and every step of it finds what an earlier try did: whoever is
killed in between fetches the mail again and doubles nothing.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pydantic import ValidationError

from engine.access.system_principal import system_principal
from engine.attachments.attach import attach
from engine.attachments.content_types import Limits, checked_type
from engine.attachments.file_names import safe_name
from engine.attachments.upload import Upload
from engine.commands.arrivals import Source
from engine.commands.mail_contacts import PREFIX, MailClues, Taken, take_contact
from engine.outbox.bounces import record_bounce
from engine.outbox.duty_replies import AlertReply, acknowledge_by_reply, alert_reply
from engine.store import Store
from gateways.bounces import MailSort
from gateways.incoming_mail import IncomingMail, MailFile, Origin, read_mail
from gateways.mailboxes import FetchedMail, MailboxSettings
from locales.translation import translate
from models.columns import TEXT_LIMIT
from models.contact import Contact
from statemachines.refused import Refused

VIA = "import"
ROW_ID_DIGITS = 40


class Outcome(StrEnum):
    """What became of a mail."""

    CASE = "case"
    """It opened a case, or its words stand on the case that it joined."""
    KNOWN = "known"
    """It had been taken in before."""
    ALERT = "alert"
    """It answered an alert of whoever is on duty, who acknowledged by it now or before."""
    BOUNCE = "bounce"
    AUTOMATIC = "automatic"
    PROBLEM = "problem"
    """It could not be taken in, and lies in the folder of problems for a person."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What taking mails in needs: the store, what files it admits, and the language of the words that it adds."""

    store: Store
    limits: Limits
    locale: str


class Waiting(Protocol):
    """The mails that wait in a mailbox, and the folders into which they are filed."""

    def mails(self) -> Iterator[FetchedMail]:
        """Yield the mails that wait."""
        ...

    def file_away(self, mail: FetchedMail, folder: str) -> None:
        """Move a mail into a folder."""
        ...


def fetch(desk: Desk, box: Waiting, settings: MailboxSettings, at: datetime) -> Counter[Outcome]:
    """Take in the mails that wait in a mailbox and file each away; returns how many ended how.

    Raises ``OSError`` where the mail server fails and ``Refused`` where the database does: what was not filed away is
    taken in at the next visit.
    """
    ended = Counter[Outcome]()
    for mail in box.mails():
        outcome = take_mail(desk, settings, mail, at)
        box.file_away(mail, _folder(settings, outcome))
        ended[outcome] += 1
    return ended


def take_mail(desk: Desk, settings: MailboxSettings, fetched: FetchedMail, at: datetime) -> Outcome:
    """Take one mail in. Raises ``Refused`` where the database can do nothing now."""
    if fetched.content is None:
        return Outcome.PROBLEM
    mail = read_mail(fetched.content)
    if mail.origin is Origin.BOUNCE:
        report = mail.report
        if report is not None and report.sort is MailSort.BOUNCE:
            record_bounce(desk.store, report.key, report.addresses, at)
        return Outcome.BOUNCE
    if mail.origin is not Origin.PERSON:
        return Outcome.PROBLEM if mail.origin is Origin.UNREADABLE else Outcome.AUTOMATIC
    if (reply := alert_reply(mail.recipients, mail.sender, mail.text)) is not None:
        return _acknowledged(desk, reply, at)
    return _contact(desk, settings, mail, min(fetched.received_at or at, at), at)


def _acknowledged(desk: Desk, reply: AlertReply, at: datetime) -> Outcome:
    """Acknowledge an alert. An answer that does not is a person's to look at, and opens no case: staff wrote it."""
    try:
        acknowledge_by_reply(desk.store, reply, at)
    except Refused as refused:
        if refused.code not in NO_ACKNOWLEDGEMENT:
            raise
        return Outcome.ALERT if refused.code == "no_alert" else Outcome.PROBLEM
    return Outcome.ALERT


def _contact(desk: Desk, settings: MailboxSettings, mail: IncomingMail, received: datetime, at: datetime) -> Outcome:
    admitted, left_out = _divided(mail.files, desk.limits)
    words = mail.text or mail.subject or translate(desk.locale, "mail_intake.no_words")
    if left_out:
        words = _with_note(words, translate(desk.locale, "mail_intake.left_out", files=", ".join(left_out)))
    source = Source(PREFIX + settings.name, settings.kind, settings.pack)
    try:
        contact = Contact(
            row_id=mail.id[:ROW_ID_DIGITS],
            at=received,
            text=words,
            subject=mail.subject or None,
            customer=mail.name or None,
            email=mail.sender,
            channel=settings.channel,
        )
    except ValidationError:
        return Outcome.PROBLEM
    clues = MailClues(mail.sender, mail.recipients, mail.answers, mail.subject)
    taken = take_contact(desk.store, source, contact, clues, at)
    if taken.number is None:
        return Outcome.PROBLEM
    return _with_files(desk, taken, taken.number, admitted, contact.row_id, at)


def _with_files(desk: Desk, taken: Taken, number: str, files: Sequence[Upload], row_id: str, at: datetime) -> Outcome:
    if files:
        key = f"{PREFIX}{row_id}"
        try:
            attach(desk.store, system_principal(desk.store, VIA, at), number, files, desk.limits, at, key=key)
        except Refused as refused:
            if refused.code not in LASTING:
                raise
            return Outcome.PROBLEM
    return Outcome.CASE if taken.new else Outcome.KNOWN


NO_ACKNOWLEDGEMENT = frozenset({
    "alert_reply_unknown", "alert_reply_unclear", "no_alert", "not_alerted", "actor_disabled", "actor_absent",
})  # fmt: skip
"""Refusals of an answer to an alert; of ``no_alert`` nobody need know: another person was faster, or the work done."""
LASTING = frozenset({"too_many_attachments", "key_reused", "unknown_case", "not_now", "guard"})
"""Refusals of files that no later visit would lift; a person looks at the mail."""


def _divided(files: Sequence[MailFile], limits: Limits) -> tuple[list[Upload], list[str]]:
    """Return the files that are admitted, and the names of those that are not."""
    admitted, left_out = list[Upload](), list[str]()
    for file in files:
        name = safe_name(file.name)
        try:
            checked_type(name, file.content, limits)
            admitted.append(Upload(name, file.content))
        except Refused:
            left_out.append(name)
    return admitted, left_out


def _with_note(words: str, note: str) -> str:
    return f"{words[: TEXT_LIMIT - len(note) - 2]}\n\n{note}"


def _folder(settings: MailboxSettings, outcome: Outcome) -> str:
    if outcome is Outcome.AUTOMATIC:
        return settings.automatic
    return settings.problems if outcome is Outcome.PROBLEM else settings.taken
