"""Check the signature of a webhook that comes in, and read its messages by a mapping. Nothing is looked up.

The signature is that of Standard Webhooks: ``webhook-id``, ``webhook-timestamp`` (seconds) and ``webhook-signature``,
which holds HMAC-SHA256 of ``id.timestamp.body``, in base64 behind ``v1,``; several are separated by blanks.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from gateways.inbound_settings import CallEvent, Condition, InboundMapping, Sort

WINDOW = timedelta(minutes=5)
"""How far the clock of a sender may differ from ours; an older message is a repetition by somebody else."""
MOST = 200
"""The most messages of one webhook."""
LEAST_KEY_BYTES = 16
ISO, UNIX, UNIX_MS = "iso", "unix", "unix_ms"
PREFIX, VERSION = "whsec_", "v1"


class BadSignature(Exception):
    """A webhook whose signature is not accepted; ``why`` is ``missing``, ``old`` or ``wrong``."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class BadMessage(Exception):
    """A message that the mapping does not fit; ``field`` is what is missing or wrong, never its value."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """A message of a customer, or an event of a call (``event``), as the provider sent it; ``id`` has several parts."""

    id: tuple[str, ...]
    at: datetime
    sender: str = ""
    text: str = ""
    customer: str = ""
    agent: str = ""
    recording: str = ""
    event: CallEvent | None = None


def signing_key(text: str) -> bytes:
    """Return the key of a file: base64 behind ``whsec_``, else the text itself. Raises ``ValueError`` if too short."""
    text = text.strip()
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True) if text.startswith(PREFIX) else text.encode()
    except binascii.Error as error:
        raise ValueError("no base64") from error
    if len(key) < LEAST_KEY_BYTES:
        raise ValueError("too short")
    return key


def check_signature(key: bytes, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raise ``BadSignature`` unless one of the signatures is right and not older than the window."""
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    message_id, stamp, signatures = (headers.get(name, "") for name in names)
    if not (message_id and stamp and signatures):
        raise BadSignature("missing")
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        raise BadSignature("wrong")
    right = signature(key, message_id, stamp, body)
    given = [each.partition(",") for each in signatures.split(" ")]
    if not any(version == VERSION and hmac.compare_digest(value.encode(), right) for version, _, value in given):
        raise BadSignature("wrong")
    if abs(now - datetime.fromtimestamp(int(stamp), UTC)) > WINDOW:
        raise BadSignature("old")


def signature(key: bytes, message_id: str, stamp: str, body: bytes) -> bytes:
    """Return the signature of a message, in base64."""
    signed = b".".join((message_id.encode(), stamp.encode(), body))
    return base64.b64encode(hmac.digest(key, signed, "sha256"))


def read_messages(body: bytes, mapping: InboundMapping) -> list[InboundMessage]:
    """Return the messages of a body that concern us. Raises ``BadMessage``: then none is to be believed."""
    try:
        document: Any = json.loads(body)
    except ValueError:
        raise BadMessage("json") from None
    found: Any = _at(document, mapping.items) if mapping.items else document
    items = cast("list[Any]", found if isinstance(found, list) else [found])
    if len(items) > MOST:
        raise BadMessage("items")
    if not all(isinstance(item, dict) for item in items):
        raise BadMessage("json")
    return [_message(item, mapping) for item in items if all(_concerns(item, rule) for rule in mapping.only)]


def _message(item: dict[str, Any], mapping: InboundMapping) -> InboundMessage:
    parts = tuple(_text(item, (path,)) for path in mapping.id)
    if not all(parts):
        raise BadMessage("id")
    event = None
    if mapping.sort is Sort.CALL:
        event = next((CallEvent(rule.name) for rule in mapping.events if _holds(item, rule)), None)
        if event is None:
            raise BadMessage("event")
    sender, text = _text(item, mapping.sender), _text(item, mapping.text)
    for name, value in (("sender", sender), ("text", text)):
        if mapping.sort is Sort.MESSAGE and not value.strip():
            raise BadMessage(name)
    at = _instant(_text(item, mapping.at), mapping)
    customer, agent = _text(item, mapping.customer), _text(item, mapping.agent)
    return InboundMessage(parts, at, sender, text, customer, agent, _text(item, mapping.recording), event)


def _concerns(item: dict[str, Any], rule: Condition) -> bool:
    """Return whether the item has the value, or nothing there."""
    value = _text(item, (rule.path,))
    return not value or rule.value is None or value == rule.value


def _holds(item: dict[str, Any], rule: Condition) -> bool:
    value = _text(item, (rule.path,))
    return bool(value) and (rule.value is None or value == rule.value)


def _text(item: Any, paths: Sequence[str]) -> str:
    """Return what stands at the first of the paths that is there, as text; objects and lists are none."""
    for path in paths:
        value = _at(item, path)
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
            return str(value)
    return ""


def _at(item: Any, path: str) -> Any:
    for name in path.split("."):
        item = cast("dict[str, Any]", item).get(name) if isinstance(item, dict) else None
    return item


def _instant(text: str, mapping: InboundMapping) -> datetime:
    try:
        if mapping.time in (UNIX, UNIX_MS):
            return datetime.fromtimestamp(int(text) / (1000 if mapping.time == UNIX_MS else 1), UTC)
        read = datetime.fromisoformat(text) if mapping.time == ISO else datetime.strptime(text, mapping.time)  # noqa: DTZ007
        return (read if read.tzinfo is not None else read.replace(tzinfo=ZoneInfo(mapping.zone))).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise BadMessage("at") from None
