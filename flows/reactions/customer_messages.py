"""Sends customers what a move says to them, and opens the promises again where a message does not arrive (A5)."""

from collections.abc import Sequence
from typing import Final

from engine.accounts.customer_keys import link_of
from engine.backoff import TRIES
from engine.commands.complete_form import ids_in
from engine.outbox.mails import BOUNCED, NO_ADDRESS, REFUSED, SENT, ComposedMail, compose
from engine.store import Store
from flows.customer_letters import names_portal, render
from flows.mailing import attempt_composed, composed_mails, record_outcomes
from flows.notifications import OWNER, Word, locale_of, mail_key, send
from flows.reaction_context import ReactionContext
from flows.reaction_registry import EVERY, on_message, on_move
from flows.work import Work, off_loop
from models import Party
from models.columns import from_micros
from reports.linked_cases import Addressee, customer_address
from statemachines.lifecycle import Refused, Speech

UNKNOWN_ADDRESS: Final = "unknown_address"
"""The mail server refuses the address for good."""
ERASED: Final = "erased"
"""The words were erased before they were sent."""
HONOURED = "SELECT key FROM idempotency_key WHERE key = ANY(:keys)"
LOST: Final = "lost"
"""The process that sent the message died at every try."""


@on_message(EVERY)
async def send_message(context: ReactionContext) -> None:
    """Send the customer the words of a move. What the mail server does not take is tried again, like any delivery.

    Where it does not arrive (no server, no address, refused for good or at the last try), the case records it.
    """
    speech = next(row.speaks for row in context.table.rows[context.event.move] if row.speaks)
    customer = await _customer(context, speech)
    if customer is None or not customer.email:
        await undelivered(context, NO_ADDRESS)
        return
    mail = await _composed(context, speech, customer)
    if mail is None:
        await undelivered(context, ERASED)
        return
    if mail.outcome == SENT:
        await arrived(context)
    if mail.outcome in {SENT, BOUNCED}:
        return
    ended = await attempt_composed(context.work, mail, customer.email)
    await context.batch.grouped(record_outcomes, ended.outcome)
    if ended.error is not None:
        if context.leased.tries >= TRIES:
            await undelivered(context, REFUSED)
        raise ended.error
    if (outcome := ended.outcome.outcome) != SENT:
        await undelivered(context, UNKNOWN_ADDRESS if outcome == NO_ADDRESS else outcome)
    else:
        await arrived(context)


async def _customer(context: ReactionContext, speech: Speech) -> Party | Addressee | None:
    """Return the customer who is told: of the case that the form names, else of the case itself."""
    other = context.form.get(speech.customer_of)
    if other is None:
        return await context.party()
    return await off_loop(customer_address, context.work.store, other)


async def _composed(context: ReactionContext, speech: Speech, customer: Party | Addressee) -> ComposedMail | None:
    """Return the mail as it was first composed, under the delivery's key; None where its words were erased."""
    key = mail_key(context, speech.template, "")
    if (stored := await context.batch.grouped(composed_mails, key)) is not None:
        return stored
    locale = locale_of(customer, context.work)
    texts = {name: text for name in speech.fields if (text := await context.statement(name))}
    if not texts:
        return None
    files = len(ids_in(str(context.form.get("attachments", ""))))
    letter = render(speech, context.number, texts, locale, _link(context, customer, speech), files)
    mail = ComposedMail(key, "", letter.subject, letter.body)
    await off_loop(compose, context.work.store, [mail], await context.work.now())
    return mail


def _link(context: ReactionContext, customer: Party | Addressee, speech: Speech) -> str:
    """Return the link by which the customer sees his case; empty without a portal, or in a letter about another one."""
    url, work = context.work.portal_url, context.work
    other = context.form.get(speech.customer_of)
    if not customer.email or not names_portal(url, context.table, customer.email, other):
        return ""
    written_at = from_micros(context.event.occurred_at)
    return f"{url}/link/{link_of(work.store.secret, context.number, customer.email, written_at)}"


async def undelivered(context: ReactionContext, cause: str) -> None:
    """Record once that the message of this event did not arrive; the promises that it met are open again."""
    try:
        await context.advance("message_undelivered", message=context.event.seq, cause=cause)
    except Refused as refused:
        if refused.code != "key_reused":
            raise


async def arrived(context: ReactionContext) -> None:
    """Record that a message was sent after all which was recorded as undelivered; it meets its promises again.

    A case that has ended has no promise to meet.
    """
    recorded = await context.batch.grouped(_recorded, f"{context.key}:message_undelivered")
    if recorded and not (await context.case()).closed:
        await context.advance("message_arrived", message=context.event.seq)


async def _recorded(work: Work, keys: Sequence[str]) -> Sequence[bool]:
    """Return of each key whether a move was made under it."""
    return await off_loop(_honoured, work.store, keys)


def _honoured(store: Store, keys: Sequence[str]) -> list[bool]:
    with store.looking() as tx:
        honoured = {row.key for row in tx.rows_among(HONOURED, keys=list(keys))}
    return [key in honoured for key in keys]


@on_move(EVERY, "message_undelivered")
async def tell_undelivered(context: ReactionContext) -> None:
    """Mail whoever has the work that a message did not reach the customer, who must be told in another way."""
    cause = Word("not_reached", context.form["cause"])
    await send(context, OWNER, "message_undelivered", step=context.form["message"], cause=cause)
