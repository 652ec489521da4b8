"""What a log that leaves the house may tell (H1): codes and figures as they are, people under a pseudonym, no words.

Note [Free values]: a form's value is told as it is only where its form allows nothing but a code, a figure, an
instant, a truth or a case's number. Any other text might hold a name, whatever it is meant for, so it is left out;
where the form cannot do without it, a pseudonym stands for it, so that the log can still be replayed. A field that
the forms no longer have is left out: nobody knows any more what it held.
"""

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, cast

from pydantic import TypeAdapter

from engine.actors import IMPORT, SYSTEM
from engine.commands.open_case import OPEN, Opened
from engine.ledger.chain import keyed
from statemachines.form_model import ACTOR, PERSONAL, Code, Form, Nothing, Number, Reprojected, marked, required
from statemachines.kinds import lifecycle_of

SIGNS = 16
"""So many hex digits has a pseudonym: enough that among a million no two are alike."""
NOBODY = frozenset({SYSTEM, IMPORT})
CODE, NUMBER = (TypeAdapter(sort).json_schema()["pattern"] for sort in (Code, Number))


class Field(Enum):
    """How much of a form's field may be told."""

    PLAIN = "plain"
    CASE = "case"
    HANDLE = "handle"
    FREE = "free"
    NEEDED = "needed"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Pseudonymisation:
    """How a store's people are named in a log; ``whole`` tells everything as it is."""

    secret: bytes
    whole: bool = False

    def actor(self, handle: str) -> str:
        """The one who acts; system and import are nobody, and need no other name."""
        return handle if self.whole or handle in NOBODY else f"a-{self._short('actor', handle)}"

    def party(self, party_id: int) -> str:
        """The customer; even who may read all finds the same id in every log."""
        return f"p-{self._short('party', str(party_id))}"

    def shipment(self, key: str) -> str:
        """The shipment, by the key that the store has for it."""
        return f"s-{self._short('shipment', key)}"

    def form(self, kind: str, move: str, told: dict[str, Any]) -> dict[str, Any]:
        """The values of a form, as its record has them, that may be told."""
        fields = fields_of(kind, move)
        found: dict[str, Any] = {}
        for name, value in told.items():
            match fields.get(name):
                case Field.PLAIN | Field.CASE:
                    found[name] = value
                case Field.HANDLE:
                    found[name] = self.actor(value)
                case Field.NEEDED:
                    found[name] = value if self.whole else f"f-{self._short('free', name, value)}"
                case Field.FREE if self.whole:
                    found[name] = value
                case _:
                    continue
        return found

    def _short(self, *parts: str) -> str:
        return keyed(self.secret, "export", *parts)[:SIGNS]


def fields_of(kind: str, move: str) -> dict[str, Field]:
    """The fields of the form that a move of a kind asks for, as it is today. A move that is no more has none."""
    return _fields(_form(kind, move))


@cache
def _fields(form: type[Form]) -> dict[str, Field]:
    properties = cast(dict[str, dict[str, Any]], form.model_json_schema().get("properties", {}))
    return {name: _sort(form, name, schema) for name, schema in properties.items()}


def _form(kind: str, move: str) -> type[Form]:
    if move == OPEN:
        return Opened
    if move == "reproject":
        return Reprojected
    rows = lifecycle_of(kind).rows.get(move)
    return rows[0].form if rows else Nothing


def _sort(form: type[Form], name: str, schema: dict[str, Any]) -> Field:
    if name in marked(form, PERSONAL):
        return Field.WORDS
    if name in marked(form, ACTOR):
        return Field.HANDLE
    arms: list[dict[str, Any]] = schema.get("anyOf", [schema])
    if not any(_free(arm) for arm in arms):
        return Field.CASE if any(arm.get("pattern") == NUMBER for arm in arms) else Field.PLAIN
    return Field.NEEDED if name in required(form) else Field.FREE


def _free(arm: dict[str, Any]) -> bool:
    """Whether any text may stand here."""
    if arm.get("type") != "string" or "enum" in arm or "const" in arm:
        return False
    return arm.get("format") != "date-time" and arm.get("pattern") not in (CODE, NUMBER)
