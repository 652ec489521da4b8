"""Reads which mailboxes the home names, and checks that they are read."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apps.health import Health
from apps.process_health import read_note
from engine.settings import Settings
from locales.translation import translate
from statemachines.refused import Refused

if TYPE_CHECKING:
    from gateways.mailboxes import MailboxSettings

FILE = "mailboxes.toml"
NOTE = "mailboxes.json"
"""The note of the last visits, in the home's folder ``run``."""
UNREAD = timedelta(minutes=10)
"""A mailbox that nobody emptied for so long is a fault."""
LONG_AGO = "1970-01-01T00:00:00+00:00"


def mailboxes(home: Path, locale: str) -> "tuple[MailboxSettings, ...]":
    """Return the mailboxes of a home; none without the file. Raises ``Refused('bad_mailboxes')`` with each fault."""
    path = home / FILE
    if not path.exists():
        return ()
    from gateways.mailboxes import MailboxFile  # SSL and IMAP: only where there are mailboxes
    from gateways.mapping_file import BadMapping, load_mapping

    try:
        return load_mapping(path, MailboxFile).mailbox
    except BadMapping as error:
        faults = [f"{each.row or 1}: {translate(locale, each.code, **each.params)}" for each in error.problems]
        raise Refused("bad_mailboxes", file=str(path), problems=faults) from None


def mailbox_health(settings: Settings, now: datetime) -> list[Health]:
    """Return whether the mailboxes are read; nothing where the home names none."""
    try:
        boxes = mailboxes(settings.where, settings.locale)
    except Refused:
        return [Health("mailboxes", False, "faulty")]
    if not boxes:
        return []
    notes = read_note(settings.where, NOTE) or {}
    visits = [notes.get(box.name, {}) for box in boxes]
    facts: dict[str, Any] = {"names": ", ".join(box.name for box in boxes)}
    if faulty := [(box.name, note["fault"]) for box, note in zip(boxes, visits, strict=True) if "fault" in note]:
        facts |= {"names": ", ".join(name for name, _ in faulty), "fault": ", ".join(fault for _, fault in faulty)}
        return [Health("mailboxes", False, "away", facts)]
    if any(now - datetime.fromisoformat(note.get("emptied_at", LONG_AGO)) > UNREAD for note in visits):
        return [Health("mailboxes", False, "unread", facts)]
    problems = sum(note["problems"] for note in visits)
    return [Health("mailboxes", problems == 0, "problems" if problems else "emptied", facts | {"count": problems})]
