"""Visits the portal as a customer does: asks for a code, reads it in his mail, fills in the forms of the page."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

from fastapi.testclient import TestClient
from httpx import Response

from engine.store import Store
from tests.apps.api.serving import until
from tests.case_actions import query_rows

WANG: dict[str, Any] = {"customer": "Ms Wang", "email": "wang@example.com"}
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


def hidden_of(page: str, action: str) -> dict[str, str]:
    """Return the hidden fields of the form that is sent to an address; fail where the page has none."""
    form = re.search(rf'<form method="post" action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    assert form is not None, f"no form for {action}"
    return {name: unescape(value) for name, value in HIDDEN.findall(form[0])}


def codes_in(store: Store) -> list[dict[str, Any]]:
    """Return the mails with codes that wait to be sent, in the order in which they were queued."""
    sql = "SELECT recipient, subject, body FROM mail WHERE key LIKE :keys AND body <> '' ORDER BY composed_at"
    return query_rows(store, sql, keys="portal-code:%")


def mailed_code(store: Store) -> str:
    """Return the code of the newest mail that waits to be sent; it is queued after the page was answered."""
    rows = until(lambda: codes_in(store))
    found = [match[0] for row in rows if (match := re.search(r"\b\d{6}\b", row["body"]))]
    assert found, "no code was queued"
    return found[-1]


@dataclass
class Visitor:
    """Somebody in front of a browser."""

    client: TestClient
    store: Store

    def get(self, path: str) -> Response:
        """Read a page of the portal."""
        return self.client.get(f"/portal{path}")

    def send(self, path: str, **fields: str) -> Response:
        """Send a form as it stands on no page."""
        return self.client.post(f"/portal{path}", data=fields)

    def fill_in(self, page: str, path: str, **fields: str) -> Response:
        """Fill in the form of a page, with its hidden fields, and send it."""
        return self.send(path, **hidden_of(self.get(page).text, f"/portal{path}") | fields)

    def ask_for_code(self, number: str) -> str:
        """Ask for a code; return the ticket of the form in which it is entered."""
        answer = self.send("/status", number=number)
        assert answer.status_code == 200
        return hidden_of(answer.text, "/portal/code")["ticket"]

    def log_in(self, number: str) -> None:
        """Come to a case by the code that its customer was sent."""
        ticket = self.ask_for_code(number)
        answer = self.send("/code", ticket=ticket, code=mailed_code(self.store))
        assert (answer.status_code, answer.headers["location"]) == (303, "/portal/case")

    def does(self, move: str, **fields: str) -> Response:
        """Fill in the form of a move on the page of his case."""
        return self.fill_in("/case", f"/case/{move}", **fields)
