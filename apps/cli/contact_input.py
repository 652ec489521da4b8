"""What a command is given of a contact: its text, from an option, a file or standard input, and its checked fields."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from models.contact import Contact
from statemachines.form_faults import form_faults
from statemachines.refused import Refused

Body = Annotated[str | None, typer.Option()]


def text_of(source: str | None) -> str:
    """Read a file, or standard input for "-". Raises ``Refused('no_text' | 'unreadable_body')``."""
    if source is None:
        raise Refused("no_text")
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refused("unreadable_body", file=source) from None


def contact_of(move: str, **fields: Any) -> Contact:
    """Return the contact with these fields. Raises ``Refused('form')``, which names the faulty ones."""
    try:
        return Contact.model_validate({"row_id": "-", **fields})
    except ValidationError as error:
        raise Refused("form", move=move, fields=form_faults(error)) from None
