"""Sends greetings to customers who agreed to them (D3): the daily run queues them, a tick sends them in their hours.

A run does what is due, however often it comes: each greeting has a key of its own, by the customer and the occasion.
Without a portal nobody could withdraw by the link of a greeting, so none is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.care.consent import link_of
from engine.care.greetings import (
    ClaimedGreeting,
    Reason,
    claim_greeting,
    postpone_greeting,
    queue_greetings,
    queued_greetings,
    settle_greeting,
)
from engine.outbox.mails import NO_ADDRESS, NO_SERVER, REFUSED, SENT
from engine.rules.care_section import BIRTHDAY
from flows.mailing import attempt
from flows.run_text import RunText
from flows.work import Work, off_loop
from gateways.mail import Mail
from locales.translation import locales, translate

NO_PORTAL: Final = "no_portal"
AGAINST: Final[Mapping[str, Reason]] = {
    NO_ADDRESS: "no_address", NO_SERVER: "no_server", NO_PORTAL: "no_portal",
}  # fmt: skip
"""Why a greeting is withheld that was tried, by the outcome of its mail."""


@dataclass(frozen=True, slots=True)
class Greeted:
    """How many greetings a run has queued, and how many it has sent."""

    queued: int
    sent: int

    @property
    def did(self) -> int:
        """How much was done."""
        return self.queued + self.sent


async def greet_customers(work: Work) -> Greeted:
    """Queue the greetings until the next daily run, and send those whose hours have begun."""
    if work.portal_url is None:
        work.log(RunText("log.no_portal_to_greet"))
        return Greeted(0, 0)
    queued = await off_loop(queue_greetings, work.store, await work.now())
    sent = await send_greetings(work)
    work.log(RunText("log.greeted", queued=queued, sent=sent))
    return Greeted(queued, sent)


async def send_greetings(work: Work) -> int:
    """Send the queued greetings that are due; return how many went out. Each is settled, or tried again later."""
    sent = 0
    while keys := await off_loop(queued_greetings, work.store, await work.now()):
        for key in keys:
            greeting = await off_loop(claim_greeting, work.store, key, await work.now())
            if greeting is not None:
                sent += await _sent(work, greeting)
    return sent


async def _sent(work: Work, greeting: ClaimedGreeting) -> bool:
    """Send a greeting and record what became of it."""
    if work.portal_url is None:  # it was there when the greeting was queued
        outcome = NO_PORTAL
    else:
        outcome = (await attempt(work, _mail(work, greeting, work.portal_url), "")).outcome.outcome
    now = await work.now()
    if outcome == REFUSED:
        await off_loop(postpone_greeting, work.store, greeting.key, now)
    else:
        await off_loop(settle_greeting, work.store, greeting.key, now, AGAINST.get(outcome))
    return outcome == SENT


def _mail(work: Work, greeting: ClaimedGreeting, portal: str) -> Mail:
    locale = greeting.locale if greeting.locale in locales() else work.locale
    link = f"{portal}/care/{link_of(work.store.secret, greeting.person)}"
    name = greeting.key.occasion.partition(":")[0]
    if name == BIRTHDAY:
        subject, words = (translate(locale, f"mail.care_birthday.{part}") for part in ("subject", "words"))
    else:
        occasion = greeting.care.occasions[name]
        subject, words = occasion.name[locale], occasion.words[locale]
    body = translate(locale, "mail.care_greeting.body", words=words, link=link)
    return Mail(greeting.key.mail, greeting.address, subject, body, unsubscribe=link)
