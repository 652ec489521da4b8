"""Composes and sends what groups of staff in messengers are told: ids, codes and deadlines, nothing of a customer.

A message is a row of the outbox like a queued mail. A group that does not accept it after some tries is given up for
this message, and a mail to the address that the group's settings name goes in its place.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from engine.outbox.mails import FELL_BACK, REFUSED, SENT, ComposedMail, MailOutcome, QueuedMail
from flows.work import Work, off_loop
from gateways.groups import GroupAlert, GroupFailed, GroupSettings
from models.mail_marks import INSTEAD_OF_GROUP, OF_GROUP

TRIES: Final = 3
"""The tries after which a mail goes in place of the message: the last one 50 seconds after the first."""
TRIES_OF_BUSY: Final = 5
"""The tries where the provider is called too often: the last one about 14 minutes after the first."""

Compose = Callable[[GroupSettings], tuple[str, str]]
"""Returns subject and body in the language of a group."""


async def to_groups(
    work: Work, key: str, alert: GroupAlert, compose: Compose, department: str | None = None, level: int | None = None
) -> list[ComposedMail]:
    """Return a message to each group that wants such an alert, keyed by ``key`` and its name."""
    groups = await off_loop(work.groups.listed)
    return [message_to(group, key, compose) for group in groups if group.wants(alert, department, level)]


def message_to(group: GroupSettings, key: str, compose: Compose) -> ComposedMail:
    """Return the message to one group."""
    return ComposedMail(f"{key}:group:{group.name}", f"{OF_GROUP}{group.name}", *compose(group))


async def attempt_group(work: Work, queued: QueuedMail) -> MailOutcome:
    """Try to send a message to its group, and say what became of it."""
    mail = queued.mail
    group = (await _by_name(work)).get(mail.recipient.removeprefix(OF_GROUP))
    if group is None:
        return MailOutcome(mail.key, mail.recipient, FELL_BACK, "no_group")
    try:
        answer = await off_loop(work.groups.send, group, mail.subject, mail.body, await work.now())
    except GroupFailed as failed:
        last = queued.tries >= (TRIES_OF_BUSY if failed.busy else TRIES)
        return MailOutcome(mail.key, mail.recipient, FELL_BACK if last else REFUSED, failed.code)
    return MailOutcome(mail.key, mail.recipient, SENT, answer)


def in_place_of_groups(ended: Sequence[tuple[QueuedMail, MailOutcome]]) -> list[ComposedMail]:
    """Return the mails that go in place of messages that groups did not accept; composed again, they are the same."""
    return [
        ComposedMail(f"{mail.key}:mail", f"{INSTEAD_OF_GROUP}{mail.recipient.removeprefix(OF_GROUP)}", mail.subject,
                     mail.body)
        for mail, outcome in ((queued.mail, outcome) for queued, outcome in ended)
        if outcome.outcome == FELL_BACK
    ]  # fmt: skip


async def fallback_addresses(work: Work) -> dict[str, str]:
    """Return the mail address that stands for each group, by the recipient of such a mail."""
    return {f"{INSTEAD_OF_GROUP}{name}": group.fallback for name, group in (await _by_name(work)).items()}


async def _by_name(work: Work) -> dict[str, Any]:
    return {group.name: group for group in await off_loop(work.groups.listed)}
