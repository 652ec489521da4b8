"""Composes the digests of people whom many cases asked within a short time. See ``engine/outbox/notices.py``."""

from collections.abc import Sequence

from engine.outbox.digests import WaitingNotice, assign_digest, digests_due, waiting_notices
from engine.outbox.mails import ComposedMail
from flows.case_address import with_staff_page
from flows.notifications import all_staff
from flows.work import Work, off_loop
from locales.translation import DEFAULT, label, translate

LISTED = 50
"""The most cases that a digest lists; it gives the number of the others."""
TRIES = 5
"""How often a digest is composed again because another process has assigned one of its notices."""


async def queue_digests(work: Work) -> int:
    """Queue the digests that are due; returns how many notices they carry, or were settled meanwhile."""
    handles = await off_loop(digests_due, work.store, await work.now())
    if not handles:
        return 0
    locales = {actor.handle: actor.locale for actor in await off_loop(all_staff, work.store)}
    return sum([await _queue(work, handle, locales.get(handle, DEFAULT)) for handle in handles])


async def _queue(work: Work, handle: str, locale: str) -> int:
    for _ in range(TRIES):
        now = await work.now()
        notices = await off_loop(waiting_notices, work.store, handle, now)
        live = [notice for notice in notices if not notice.moot]
        mail = _digest(work, handle, locale, live) if live else ComposedMail("", handle, "", "")
        if await off_loop(assign_digest, work.store, mail, notices, now):
            return len(notices)
    return 0  # other processes compose it


def _digest(work: Work, handle: str, locale: str, notices: Sequence[WaitingNotice]) -> ComposedMail:
    """Compose a digest. A notice is in one digest only, so the first of them gives it its key."""
    first = notices[0]
    lines = [
        with_staff_page(work, notice.number, translate(locale, "notice.digest_line", line=notice.line))
        for notice in notices[:LISTED]
    ]
    if len(notices) > LISTED:
        lines.append(translate(locale, "reminder.more", count=len(notices) - LISTED))
    level = label(locale, "", "level", str(first.level))
    params = {"handle": handle, "count": len(notices), "level": level, "cases": "\n".join(lines)}
    subject, body = (translate(locale, f"mail.digest_of_notices.{part}", **params) for part in ("subject", "body"))
    return ComposedMail(f"notices:{first.case_id}:{first.seq}:digest_of_notices:{handle}", handle, subject, body)
