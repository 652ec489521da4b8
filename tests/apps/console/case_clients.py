"""Clients of the console for tests of a case's pages: read a page, send its form as a browser would."""

from html.parser import HTMLParser
from typing import Any

from fastapi.testclient import TestClient
from httpx import Response


class _Fields(HTMLParser):
    """Collects the hidden fields of the page itself."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = dict[str, str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        name = values.get("name") or ""
        if tag == "input" and values.get("type") == "hidden" and name.startswith("_"):
            self.hidden[name] = values.get("value") or ""


def hidden_fields(page: str) -> dict[str, str]:
    """Return the hidden fields of a page: token, key, step."""
    reader = _Fields()
    reader.feed(page)
    return reader.hidden


def send_form(client: TestClient, address: str, page: str = "", files: Any = None, **typed: Any) -> Response:
    """Send the form at an address with what is typed; ``page`` is that on which the form stands."""
    page = page or client.get(address).text
    return client.post(address, data={**hidden_fields(page), **typed}, files=files)
