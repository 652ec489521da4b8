"""Write into groups: by the robots of WeCom, DingTalk and Feishu, and into others by ``apprise``.

Note [The answer is in the body]: the three robots answer a refused message with status 200 and a code in the body. So
they are spoken to directly; ``apprise`` looks at the status alone and takes such a message for sent.

The protocols are those of the providers' documentation: developer.work.weixin.qq.com/document/path/91770,
open.dingtalk.com (custom robots), open.feishu.cn/document/client-docs/bot-v3/add-custom-bot.
"""

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import quote_plus

from gateways.groups import FILE, GroupFailed, GroupSettings, Provider, log, read_groups
from gateways.webhook_http import HttpAnswer
from gateways.webhook_sender import WebhookFailed
from models.printable_text import printable, printable_line

MOST_BYTES = 2000
"""The most bytes of a message: WeCom accepts 2048, the others more."""
MORE = " …"
JSON = {"content-type": "application/json; charset=utf-8"}
BUSY = {
    Provider.WECOM: frozenset({45009, 45033}),
    Provider.DINGTALK: frozenset({130101, 130102, 660026}),
    Provider.FEISHU: frozenset({9499, 11232}),
}
"""The codes by which a provider says that it is called too often."""
TOO_MANY_REQUESTS = "status_429"


class Poster(Protocol):
    """Sends a request and returns the answer: ``HttpSender``."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """Send a request. Raises ``WebhookFailed``."""
        ...


@dataclass(frozen=True, slots=True)
class RobotGroups:
    """The groups of the file in a home. The file is read each time: a change needs no restart."""

    home: Path
    poster: Poster

    def listed(self) -> Sequence[GroupSettings]:
        if not (self.home / FILE).exists():
            return ()
        from gateways.mapping_file import BadMapping  # the evidence for encodings: only where there are groups

        try:
            return read_groups(self.home)
        except BadMapping:
            log.error("groups.toml cannot be used: alerts go by mail alone")
            return ()

    def send(self, group: GroupSettings, subject: str, body: str, at: datetime) -> str:
        """Send a message. Codes of ``GroupFailed``: the provider's, those of ``HttpSender.send``, ``no_address``
        (its file cannot be read), ``not_accepted`` (by ``apprise``).
        """
        address = self._secret(group.address_file)
        key = self._secret(group.secret_file) if group.secret_file is not None else ""
        text = shortened(f"{printable_line(subject)}\n{printable(body)}")
        if group.provider is Provider.APPRISE:
            return _by_apprise(address, text)
        url, document = REQUESTS[group.provider](address, key, text, at)
        try:
            answer = self.poster.post(url, JSON, json.dumps(document, ensure_ascii=False).encode())
        except WebhookFailed as failed:
            raise GroupFailed(failed.code, busy=failed.code == TOO_MANY_REQUESTS) from None
        return _accepted(group.provider, answer.body)

    def _secret(self, file: Path) -> str:
        try:
            return (self.home / file).read_text("utf-8").strip()
        except (OSError, UnicodeError):
            raise GroupFailed("no_address") from None


def shortened(text: str) -> str:
    """Return a text that has no more than ``MOST_BYTES`` in UTF-8; one that was cut ends with ``…``."""
    encoded = text.encode()
    if len(encoded) <= MOST_BYTES:
        return text
    return encoded[: MOST_BYTES - len(MORE.encode())].decode(errors="ignore") + MORE


def _wecom(address: str, key: str, text: str, at: datetime) -> tuple[str, dict[str, Any]]:  # noqa: ARG001
    return address, {"msgtype": "text", "text": {"content": text}}


def _dingtalk(address: str, key: str, text: str, at: datetime) -> tuple[str, dict[str, Any]]:
    document = {"msgtype": "text", "text": {"content": text}}
    if not key:
        return address, document
    stamp = str(round(at.timestamp() * 1000))
    signature = quote_plus(_signature(key, f"{stamp}\n{key}"))
    return f"{address}&timestamp={stamp}&sign={signature}", document


def _feishu(address: str, key: str, text: str, at: datetime) -> tuple[str, dict[str, Any]]:
    document: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
    if key:
        stamp = str(int(at.timestamp()))
        document |= {"timestamp": stamp, "sign": _signature(f"{stamp}\n{key}", "")}
    return address, document


REQUESTS: Mapping[Provider, Callable[[str, str, str, datetime], tuple[str, dict[str, Any]]]] = {
    Provider.WECOM: _wecom,
    Provider.DINGTALK: _dingtalk,
    Provider.FEISHU: _feishu,
}


def _signature(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _accepted(provider: Provider, body: bytes) -> str:
    """Return the code ``0`` of an accepted message. See Note [The answer is in the body]."""
    try:
        document = json.loads(body)
        code: object = document["code" if provider is Provider.FEISHU else "errcode"]
    except (ValueError, KeyError, TypeError):
        raise GroupFailed("answer") from None
    if type(code) is not int:
        raise GroupFailed("answer")
    if code:
        raise GroupFailed(str(code), busy=code in BUSY[provider])
    return "0"


def _by_apprise(address: str, text: str) -> str:
    """Send by ``apprise``, whose log names addresses: it is silenced, and so is that of its connections."""
    import apprise  # a second of imports: only where a group needs it

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    try:
        target = cast("Any", apprise.Apprise())
        if not target.add(address):
            raise GroupFailed("address")
        if target.notify(body=text) is not True:
            raise GroupFailed("not_accepted")
    except GroupFailed:
        raise
    except Exception:  # noqa: BLE001 (the text of an error may name the address)
        raise GroupFailed("not_accepted") from None
    return "0"
