"""The contact that opens a case of a log: what the mapping reads for it from the case's first event."""

from datetime import datetime
from typing import Any

from pydantic import ValidationError

from gateways.cells import instant_in
from gateways.logs.mapping import LogMapping
from gateways.problems import BadCell
from models.contact import Contact
from models.log_event import LogEvent

NO_TEXT = "(no text in the log)"
"""What a case says whose log keeps no words."""


def opened_at(mapping: LogMapping, first: LogEvent) -> datetime | None:
    """When the case was opened: by the column named for it, else by its first event. Raises ``BadCell``."""
    column = mapping.opening.at
    told = mapping.told(first, column) if column else None
    return instant_in(told, mapping.source) or first.at


def contact_of(mapping: LogMapping, first: LogEvent, at: datetime) -> Contact:
    """The contact of the case whose first event this is, received at ``at``; ``row_id`` is the case's id in the log.

    Raises ``BadCell`` where a column does not hold what its field takes.
    """
    values = {name: value for name, value in mapping.opening if name != "at" and value is not None}
    always: dict[str, Any] = {"text": NO_TEXT, "channel": mapping.source.channel}
    try:
        return Contact.model_validate({**always, **mapping.values(first, values), "row_id": first.case, "at": at})
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        raise BadCell("bad_log.unfit_value", field=field) from error
