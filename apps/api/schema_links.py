"""The links of the OpenAPI document: which value of an answer is a parameter of which other operation.

A client that follows links, and the tests of sequences of requests, need not know how our addresses are made.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Link:
    """A link to an operation; each of its ``parameters`` has a runtime expression (OpenAPI 3.1, 4.8.20.4)."""

    operation: str
    parameters: tuple[tuple[str, str], ...]


def _to(operations: Iterable[str], **parameters: str) -> tuple[Link, ...]:
    return tuple(Link(operation, tuple(parameters.items())) for operation in operations)


NUMBER, SAME_NUMBER, FIRST = "$response.body#/number", "$request.path.number", "$response.body#/cases/0/number"
FILE, SUBSCRIPTION, SAME_SUBSCRIPTION = (
    "$response.body#/attachments/0/id",
    "$response.body#/id",
    "$request.path.webhook_id",
)
READS = (
    "show_case", "show_history", "show_statements", "show_links", "show_timers", "show_moves", "list_attachments",
)  # fmt: skip
OF_A_CASE = (*READS, "follow_up", "attach_files", "erase_case_texts", "hand_access_code")
DOWNLOADS = ("download_attachment", "download_thumbnail")
OF_A_FILE = (*DOWNLOADS, "erase_case_file")
OF_A_WEBHOOK = ("rotate_webhook", "send_test_message", "replay_webhook", "unsubscribe")

LINKS: dict[str, tuple[Link, ...]] = {
    "open_case": _to(OF_A_CASE, number=NUMBER),
    "follow_up": _to(READS, number=NUMBER),
    "list_cases": (*_to(READS, number=FIRST), *_to(["list_cases"], cursor="$response.body#/next_cursor")),
    "show_moves": _to(
        ["make_move"], number=NUMBER, move="$response.body#/moves/0/move", **{"if-match": "$response.header.etag"}
    ),
    "make_move": _to(READS, number=NUMBER),
    "attach_files": _to(OF_A_FILE, number=SAME_NUMBER, attachment_id=FILE),
    "list_attachments": _to(OF_A_FILE, number=SAME_NUMBER, attachment_id=FILE),
    "list_packs": _to(["show_pack"], name="$response.body#/packs/0/name"),
    "hand_in": _to(
        ["show_arrival"], source="$request.body#/source", row_id="$request.body#/contacts/0/row_id"
    ),
    "subscribe": _to(OF_A_WEBHOOK, webhook_id=SUBSCRIPTION),
    "list_webhooks": _to(OF_A_WEBHOOK, webhook_id="$response.body#/webhooks/0/id"),
    "rotate_webhook": _to(OF_A_WEBHOOK, webhook_id=SAME_SUBSCRIPTION),
    "list_identities": _to(["undo_link"], identity_id="$response.body#/identities/0/id"),
    "list_sessions": _to(["end_one_session"], session_id="$response.body#/sessions/0/id"),
}  # fmt: skip
"""The links of the successful answer of each operation."""


def add_links(paths: dict[str, Any]) -> None:
    """Add the links to the successful answers of the paths of a document."""
    for methods in paths.values():
        for operation in methods.values():
            links = LINKS.get(operation["operationId"], ())
            if links:
                [success] = [status for status in operation["responses"] if status.startswith("2")]
                operation["responses"][success]["links"] = {
                    link.operation: {"operationId": link.operation, "parameters": dict(link.parameters)}
                    for link in links
                }
