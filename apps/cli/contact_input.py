"""What a command is given of a contact: its body and its checked fields."""

from typing import Annotated, Any

import typer
from pydantic import ValidationError

from models.contact import Contact
from statemachines.form_faults import form_faults
from statemachines.refused import Refused

Body = Annotated[str | None, typer.Option()]


def contact_of(move: str, **fields: Any) -> Contact:
    """Return the contact with these fields. Raises ``Refused('form')``, which names the faulty ones."""
    try:
        return Contact.model_validate({"row_id": "-", **fields})
    except ValidationError as error:
        raise Refused("form", move=move, fields=form_faults(error)) from None
