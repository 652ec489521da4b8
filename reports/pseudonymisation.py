"""Decides what an exported log may contain (H1): codes and figures as they are, people under pseudonyms, no statements.

Note [Free values]: a form's value is exported as it is only if its form allows nothing but a code, a number, an
instant, a boolean, a case's number or ids of attachments. Any other text might contain a name, whatever its purpose, so
it is left out; if the form requires it, a pseudonym replaces it, so that the log can still be replayed. A field that
the forms no longer have is left out, because its meaning is unknown.
"""

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, cast

from pydantic import TypeAdapter

from engine.actors import IMPORT, SYSTEM
from engine.commands.open_case import OPEN, Opened
from engine.commands.same_customer import OTHER, SAME, CustomerDecision
from engine.ledger.chain import keyed
from statemachines.form_model import (
    ACTOR,
    ATTACHMENTS,
    CODES,
    PERSONAL,
    Code,
    Form,
    Nothing,
    Number,
    Reprojected,
    marked,
    required,
)
from statemachines.kinds import lifecycle_of

HEX_DIGITS = 16
"""The length of a pseudonym in hex digits: no two of a million are alike."""
NOBODY = frozenset({SYSTEM, IMPORT})
CODE, NUMBER = (TypeAdapter(sort).json_schema()["pattern"] for sort in (Code, Number))
CODED = frozenset({CODE, CODES, NUMBER, ATTACHMENTS})
"""The patterns of texts that hold no words."""


class Disclosure(Enum):
    """How much of a form's field may be exported."""

    PLAIN = "plain"
    CASE = "case"
    HANDLE = "handle"
    FREE = "free"
    NEEDED = "needed"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Pseudonymisation:
    """The pseudonyms of a store's people in a log; ``whole`` exports everything as it is."""

    secret: bytes
    whole: bool = False

    def actor(self, handle: str) -> str:
        """Return the pseudonym of an actor; system and import are no people and keep their names."""
        return handle if self.whole or handle in NOBODY else f"a-{self._short('actor', handle)}"

    def party(self, party_id: int) -> str:
        """Return the pseudonym of a customer; it is the same in every log, also in a whole one."""
        return f"p-{self._short('party', str(party_id))}"

    def shipment(self, key: str) -> str:
        """Return the pseudonym of a shipment, from the store's key of it."""
        return f"s-{self._short('shipment', key)}"

    def form(self, kind: str, move: str, values: dict[str, Any]) -> dict[str, Any]:
        """Return the recorded values of a form that may be exported."""
        fields = fields_of(kind, move)
        exported: dict[str, Any] = {}
        for name, value in values.items():
            match fields.get(name):
                case Disclosure.PLAIN | Disclosure.CASE:
                    exported[name] = value
                case Disclosure.HANDLE:
                    exported[name] = self.actor(value)
                case Disclosure.NEEDED:
                    exported[name] = value if self.whole else f"f-{self._short('free', name, value)}"
                case Disclosure.FREE if self.whole:
                    exported[name] = value
                case _:
                    continue
        return exported

    def _short(self, *parts: str) -> str:
        return keyed(self.secret, "export", *parts)[:HEX_DIGITS]


def fields_of(kind: str, move: str) -> dict[str, Disclosure]:
    """Return the fields of a move's current form; none for a move that no longer exists."""
    return _fields(_form(kind, move))


@cache
def _fields(form: type[Form]) -> dict[str, Disclosure]:
    properties = cast(dict[str, dict[str, Any]], form.model_json_schema().get("properties", {}))
    return {name: _sort(form, name, schema) for name, schema in properties.items()}


def _form(kind: str, move: str) -> type[Form]:
    if move == OPEN:
        return Opened
    if move == "reproject":
        return Reprojected
    if move in (SAME, OTHER):
        return CustomerDecision
    rows = lifecycle_of(kind).rows.get(move)
    return rows[0].form if rows else Nothing


def _sort(form: type[Form], name: str, schema: dict[str, Any]) -> Disclosure:
    if name in marked(form, PERSONAL):
        return Disclosure.WORDS
    if name in marked(form, ACTOR):
        return Disclosure.HANDLE
    alternatives: list[dict[str, Any]] = schema.get("anyOf", [schema])
    if not any(_free(alternative) for alternative in alternatives):
        return (
            Disclosure.CASE
            if any(alternative.get("pattern") == NUMBER for alternative in alternatives)
            else Disclosure.PLAIN
        )
    return Disclosure.NEEDED if name in required(form) else Disclosure.FREE


def _free(alternative: dict[str, Any]) -> bool:
    """Whether the schema allows any text."""
    if alternative.get("type") != "string" or "enum" in alternative or "const" in alternative:
        return False
    return alternative.get("format") != "date-time" and alternative.get("pattern") not in CODED
