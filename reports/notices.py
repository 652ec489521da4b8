"""Counts the notices and other mails that reached nobody, by cause, for the status, the report and `closeloop up`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.outbox.mails import undelivered
from engine.transaction import Tx
from locales.translation import translate


@dataclass(frozen=True, slots=True)
class NoticeCount:
    """How many mails one cause kept from their readers, and the key of the message that says so."""

    key: str
    count: int

    def text(self, locale: str) -> str:
        """Return the message."""
        return translate(locale, self.key, count=self.count)


@dataclass(frozen=True, slots=True)
class UndeliveredNotices:
    """The mails that reached nobody, by cause: no_server, no_address, nobody or refused."""

    causes: Mapping[str, int]

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(self.causes.values())

    @property
    def ok(self) -> bool:
        """Whether every mail reached somebody."""
        return not self.count

    @property
    def total(self) -> NoticeCount:
        """The sum, for a line of its own."""
        return NoticeCount("undelivered.total", self.count)

    @property
    def lines(self) -> tuple[NoticeCount, ...]:
        """One line for each cause, with its remedy."""
        return tuple(NoticeCount(f"undelivered.{cause}", count) for cause, count in self.causes.items())


def undelivered_notices(tx: Tx, since: datetime) -> dict[str, int]:
    """Count the mails since then that reached nobody, by cause; those that were sent at a later try are not counted."""
    return undelivered(tx, since)


def notices(tx: Tx, since: datetime) -> UndeliveredNotices:
    """Return the same with the keys of their messages, for the morning report."""
    return UndeliveredNotices(undelivered_notices(tx, since))
