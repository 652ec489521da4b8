"""Stand-ins for the robots of WeCom, DingTalk and Feishu: they check and answer as the providers' pages document it.

Each answers a refused message with status 200 and its code in the body, as the real ones do.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "SEC-of-the-robot"
TOKEN = "token-of-the-group"


def _signed(key: str, text: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()


def wecom(query: dict[str, str], document: dict[str, Any], now: datetime) -> dict[str, Any]:
    if query.get("key") != TOKEN:
        return {"errcode": 93000, "errmsg": "invalid webhook url"}
    if document["msgtype"] != "text" or len(document["text"]["content"].encode()) > 2048:
        return {"errcode": 40058, "errmsg": "content exceed max length"}
    return {"errcode": 0, "errmsg": "ok"}


def dingtalk(query: dict[str, str], document: dict[str, Any], now: datetime) -> dict[str, Any]:
    if query.get("access_token") != TOKEN:
        return {"errcode": 300005, "errmsg": "token is not exist"}
    stamp = query.get("timestamp", "0")
    fresh = abs(now.timestamp() * 1000 - int(stamp)) <= 3_600_000
    if not fresh or query.get("sign") != _signed(KEY, f"{stamp}\n{KEY}"):
        return {"errcode": 310000, "errmsg": "sign not match"}
    return {"errcode": 0, "errmsg": "ok"} if document["text"]["content"] else {"errcode": 40035, "errmsg": "empty"}


def feishu(query: dict[str, str], document: dict[str, Any], now: datetime) -> dict[str, Any]:
    stamp = document.get("timestamp", "0")
    fresh = abs(now.timestamp() - int(stamp)) <= 3600
    if not fresh or document.get("sign") != _signed(f"{stamp}\n{KEY}", ""):
        return {"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time"}
    if document["msg_type"] != "text" or not document["content"]["text"]:
        return {"code": 9499, "msg": "Bad Request"}
    return {"code": 0, "msg": "success", "data": {}, "StatusCode": 0, "StatusMessage": "success"}


@dataclass
class Robots:
    """A server at whose paths the three robots answer, and what they were sent: (path, text)."""

    now: Callable[[], datetime]
    heard: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    answer: dict[str, Any] | None = None
    """What every robot answers in place of its own."""
    port: int = 0

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def served(self) -> ThreadingHTTPServer:
        """Return a server; whoever asked for it shuts it down."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = server.server_address[1]
        return server

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        robots = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                answer = json.dumps(robots.answered(self.path, json.loads(body))).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Say nothing."""

        return Handler

    def answered(self, target: str, document: dict[str, Any]) -> dict[str, Any]:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        speak = {"/cgi-bin/webhook/send": wecom, "/robot/send": dingtalk}.get(parts.path, feishu)
        answer = self.answer or speak(query, document, self.now())
        if not answer.get("errcode", answer.get("code")):
            text = document["content"]["text"] if speak is feishu else document["text"]["content"]
            self.heard.append((parts.path, text))
        return answer
