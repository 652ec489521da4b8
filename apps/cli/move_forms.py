"""What a command about a case reads as its text, and how it tells the answer."""

import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from apps import views
from apps.cli.context import cli
from engine.commands.advance import Answer
from locales.translation import label
from models.contact import Contact
from statemachines.lifecycle import Refused


def text_of(source: str | None) -> str:
    """The text of a file, or of standard input for "-". Raises ``Refused('no_text' | 'unreadable_body')``."""
    if source is None:
        raise Refused("no_text")
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refused("unreadable_body", file=source) from None


def contact_of(move: str, **told: Any) -> Contact:
    """The contact as somebody at the desk tells it. Raises ``Refused('form')`` by the names of its fields."""
    try:
        return Contact.model_validate({"row_id": "-", **told})
    except ValidationError as error:
        faults = [{"field": str(fault["loc"][0]), "text": fault["msg"]} for fault in error.errors(include_input=False)]
        raise Refused("form", move=move, fields=faults) from None


def document_of(answer: Answer) -> dict[str, Any]:
    """The answer as programs read it."""
    return {
        "case": answer.number,
        "seq": answer.seq,
        "state": answer.state,
        "level": answer.level,
        "again": answer.again,
    }


def words_of(answer: Answer) -> str:
    """The answer as people read it."""
    kind = views.kind_of(cli.store, answer.number)
    stands = label(cli.locale, kind, "state", answer.state)
    return cli.translate("again" if answer.again else "moved", number=answer.number, seq=answer.seq, state=stands)
