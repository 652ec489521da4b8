"""The route by which channels hand in messages: call centre, SMS, WeChat. Its callers sign what they send.

Note [Limits]: what is signed counts for its channel, whatever it holds; what is not, for the address that it came from.
So nobody without the key can use up the limit of a channel.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Security
from fastapi.security import APIKeyHeader
from pydantic import BaseModel

from apps.api.addresses import PREFIX
from apps.api.responses import WRITE
from apps.channel_settings import ReadyChannel, ready_channels
from engine.accounts.attempt_limits import Limit, count_try
from engine.settings import Settings
from engine.store import Store
from flows.channel_intake import Took, take_in
from gateways.inbound_messages import BadMessage, BadSignature, InboundMessage, check_signature, read_messages
from statemachines.refused import Refused

router = APIRouter(prefix=f"{PREFIX}/channels", tags=["intake"])

UNSIGNED = Limit("channel without signature by address", "30 per 1 minute")
SIGNATURE = APIKeyHeader(
    name="webhook-signature",
    auto_error=False,
    scheme_name="signature",
    description="`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`, as Standard Webhooks says.",
)
EXAMPLE = {"id": "m-1", "from": "13800000000", "at": "2026-03-02T09:00:00+08:00", "text": "还没到"}
HEADER = {"required": True, "schema": {"type": "string"}, "in": "header"}
SIGNED = {
    "parameters": [{"name": name, **HEADER} for name in ("webhook-id", "webhook-timestamp")],
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"examples": [EXAMPLE]}}}},
}


class TakenMessages(BaseModel):
    """How many messages of a webhook were new, and how many had been taken in before; others do not concern us."""

    new: int
    known: int


async def _body(request: Request) -> bytes:
    return await request.body()


@router.post("/{name}/messages", status_code=202, responses=WRITE, openapi_extra=SIGNED)
def take_channel_messages(
    name: Annotated[str, Path(max_length=40, examples=["hotline"])],
    request: Request,
    body: Annotated[bytes, Depends(_body)],
    _signature: Annotated[object, Security(SIGNATURE)],
) -> TakenMessages:
    """Take in what a channel sends, signed by Standard Webhooks. Sent again, nothing is taken in twice."""
    settings: Settings = request.app.state.settings
    store: Store = request.app.state.store
    at = store.now()
    channel = ready_channels(settings.where, settings.locale).get(name)
    if channel is None:
        raise Refused("unknown_address")
    messages = _messages(store, channel, request, body, at)
    took = take_in(store, channel.settings, messages, settings.locale, at)
    return TakenMessages(new=took[Took.NEW], known=took[Took.KNOWN])


def _messages(store: Store, channel: ReadyChannel, request: Request, body: bytes, at: datetime) -> list[InboundMessage]:
    """Return what a signed body holds. Raises ``Refused('bad_signature' | 'bad_inbound')`` and ``RateLimited``."""
    try:
        check_signature(channel.key, request.headers, body, at)
    except BadSignature as bad:
        address = request.client.host if request.client else ""
        count_try(store, [(UNSIGNED, address)], at)
        raise Refused("bad_signature", why=bad.why) from None
    limit = Limit("channel", f"{channel.settings.per_minute} per 1 minute")
    count_try(store, [(limit, channel.settings.name)], at)
    try:
        return read_messages(body, channel.mapping)
    except BadMessage as bad:
        raise Refused("bad_inbound", field=bad.field) from None
