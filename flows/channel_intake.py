"""Takes in the messages of a channel: words of customers, and the events of calls (A1)."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import ValidationError

from engine.commands.arrivals import Source
from engine.commands.mail_contacts import Taken
from engine.commands.phone_contacts import (
    PREFIX,
    known_call,
    note_event,
    open_call,
    row_id_of,
    staff_or,
    take_message,
)
from engine.store import Store
from gateways.inbound_messages import InboundMessage
from gateways.inbound_settings import ChannelSettings
from locales.translation import translate
from models.contact import Contact
from statemachines.refused import Refused


class Took(StrEnum):
    """What became of a message."""

    NEW = "new"
    KNOWN = "known"


def take_in(
    store: Store, channel: ChannelSettings, messages: Sequence[InboundMessage], locale: str, at: datetime
) -> Counter[Took]:
    """Take in the messages of one webhook; returns how many were new. Given again, it doubles nothing.

    Raises ``Refused('bad_inbound' | 'unknown_call')`` and what the engine raises; then the webhook is to be sent again.
    """
    for message in messages:  # a faulty one refuses all, before anything is written
        _contact(channel, message, "-", message.text or "-", at)
    return Counter(_take(store, channel, message, locale, at) for message in messages)


def _take(store: Store, channel: ChannelSettings, message: InboundMessage, locale: str, at: datetime) -> Took:
    source = Source(PREFIX + channel.name, channel.kind, channel.pack)
    row_id = row_id_of(store.secret, channel.name, message.id)
    if message.event is None:
        contact = _contact(channel, message, row_id, message.text, at)
        return Took.NEW if _taken(take_message(store, source, contact, at)).new else Took.KNOWN
    number = known_call(store, source, row_id)
    if number is None:
        if not message.sender:
            raise Refused("unknown_call")
        contact = _contact(channel, message, row_id, translate(locale, "channel.call.opened"), at)
        number = _taken(open_call(store, source, contact, at)).number or ""
    return _note(store, channel, message, number, f"{source.name}:{row_id}", locale, at)


def _taken(taken: Taken) -> Taken:
    if taken.number is None:
        raise Refused(taken.refusal or "bad_inbound", field="contact")
    return taken


def _note(
    store: Store, channel: ChannelSettings, message: InboundMessage, number: str, call: str, locale: str, at: datetime
) -> Took:
    """Note an event of a call, by its agent where he is known."""
    by = staff_or(store, channel.agents.get(message.agent, message.agent), channel.acts_as)
    key = f"{call}:{message.event}:{row_id_of(store.secret, channel.name, (message.recording,))[:8]}"
    return Took.NEW if note_event(store, number, _call_text(message, locale), by, key, at) else Took.KNOWN


def _call_text(message: InboundMessage, locale: str) -> str:
    lines = [translate(locale, f"channel.call.{message.event}", at=f"{message.at:%Y-%m-%d %H:%M:%S} UTC")]
    facts = (("agent_is", message.agent), ("recording_is", message.recording))
    return "\n".join(
        [*lines, *(translate(locale, f"channel.call.{key}", value=value) for key, value in facts if value)]
    )


def _contact(channel: ChannelSettings, message: InboundMessage, row_id: str, text: str, at: datetime) -> Contact:
    try:
        return Contact(
            row_id=row_id, at=min(message.at, at), text=text, phone=message.sender or None,
            customer=message.customer or None, channel=channel.channel,
        )  # fmt: skip
    except ValidationError as error:
        raise Refused("bad_inbound", field=str(error.errors()[0]["loc"][0])) from None
