"""The page about webhooks lists the events there are, and its receiver verifies what is sent."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from engine.clock import system_now
from engine.webhooks.event_names import SUBSCRIBABLE
from engine.webhooks.signing import new_nonce, signed_headers, signing_secret
from tests.docs.pages import ROOT, blocks

PAGE = "docs/webhooks.md"
SECRET = signing_secret(b"a secret of the tests", new_nonce())


def receive(headers: dict[str, str], body: bytes) -> Any:
    """Run the receiver of the page."""
    [code] = [block.text for block in blocks(PAGE) if block.language == "python"]
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the page's own code
    return names["receive"](SECRET, headers, body)


def test_the_page_lists_every_event_and_no_other():
    listed = re.findall(r"^\| `(case\.\w+)` \|", (ROOT / PAGE).read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(name.value for name in SUBSCRIBABLE)


def test_the_receiver_of_the_page_verifies_a_message_and_refuses_others():
    [body] = [block.text.strip().encode() for block in blocks(PAGE) if block.language == "json"]
    headers = signed_headers((SECRET,), "cp-26-000001:4:webhook:1", system_now(), body)
    assert receive(headers, body) == json.loads(body)
    with pytest.raises(WebhookVerificationError):
        receive(headers, body.replace(b"resolved", b"received"))
    with pytest.raises(WebhookVerificationError):
        receive({**headers, "webhook-id": "cp-26-000002:4:webhook:1"}, body)
    old = signed_headers((SECRET,), "cp-26-000001:4:webhook:1", datetime(2026, 3, 2, tzinfo=UTC), body)
    with pytest.raises(WebhookVerificationError):
        receive(old, body)
