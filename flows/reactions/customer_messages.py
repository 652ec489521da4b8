"""Sends customers what a move says to them, and opens the promises again where a message does not arrive (A5)."""

from typing import Final

from engine.backoff import TRIES
from engine.outbox.mails import NO_ADDRESS, REFUSED, SENT, ComposedMail, compose
from flows.customer_letters import render
from flows.mailing import attempt_composed, composed_mails, record_outcomes
from flows.notifications import OWNER, Word, locale_of, mail_key, send
from flows.reaction_context import ReactionContext
from flows.reaction_registry import EVERY, on_message, on_move
from flows.work import off_loop
from models import Party
from statemachines.lifecycle import Refused

UNKNOWN_ADDRESS: Final = "unknown_address"
"""The mail server refuses the address for good."""
ERASED: Final = "erased"
"""The words were erased before they were sent."""
LOST: Final = "lost"
"""The process that sent the message died at every try."""


@on_message(EVERY)
async def send_message(context: ReactionContext) -> None:
    """Send the customer the words of a move. What the mail server does not take is tried again, like any delivery.

    Where it does not arrive (no server, no address, refused for good or at the last try), the case records it.
    """
    party = await context.party()
    mail = await _composed(context, party) if party is not None and party.email else None
    if party is None or not party.email or mail is None:
        await undelivered(context, ERASED if party is not None and party.email else NO_ADDRESS)
        return
    if mail.outcome == SENT:
        return
    ended = await attempt_composed(context.work, mail, party.email)
    await context.batch.grouped(record_outcomes, ended.outcome)
    if ended.error is not None:
        if context.leased.tries >= TRIES:
            await undelivered(context, REFUSED)
        raise ended.error
    if (outcome := ended.outcome.outcome) != SENT:
        await undelivered(context, UNKNOWN_ADDRESS if outcome == NO_ADDRESS else outcome)


async def _composed(context: ReactionContext, party: Party) -> ComposedMail | None:
    """Return the mail as it was first composed, under the delivery's key; None where its words were erased."""
    event = context.event
    speech = next(row.speaks for row in context.table.rows[event.move] if row.speaks)
    key = mail_key(context, speech.template, "")
    if (stored := await context.batch.grouped(composed_mails, key)) is not None:
        return stored
    texts = {name: text for name in speech.fields if (text := await context.statement(name))}
    if not texts:
        return None
    letter = render(speech, context.number, texts, locale_of(party, context.work))
    mail = ComposedMail(key, "", letter.subject, letter.body)
    await off_loop(compose, context.work.store, [mail], await context.work.now())
    return mail


async def undelivered(context: ReactionContext, cause: str) -> None:
    """Record once that the message of this event did not arrive; the promises that it met are open again."""
    try:
        await context.advance("message_undelivered", message=context.event.seq, cause=cause)
    except Refused as refused:
        if refused.code != "key_reused":
            raise


@on_move(EVERY, "message_undelivered")
async def tell_undelivered(context: ReactionContext) -> None:
    """Mail whoever has the work that a message did not reach the customer, who must be told in another way."""
    cause = Word("not_reached", context.form["cause"])
    await send(context, OWNER, "message_undelivered", step=context.form["message"], cause=cause)
