"""Read the times of a log: as a table's, and the end of a day that ISO 8601 writes as 24:00."""

import re
from datetime import datetime, timedelta

from gateways.cells import instant_in
from gateways.contact_mapping import TableSource

_MIDNIGHT = re.compile(r"(?P<day>.*\d[T ]+)24(?P<rest>:00(:00([.,]0+)?)?(?P<offset>\s*(Z|[+-]\d\d:?\d\d))?)", re.ASCII)


def log_instant(text: str | None, source: TableSource) -> datetime | None:
    """Return the instant that a text means, None for none; 24:00 is the midnight that ends its day.

    Raises ``BadCell``.
    """
    ends_day = _MIDNIGHT.fullmatch(text.strip()) if text is not None else None
    if ends_day is None:
        return instant_in(text, source)
    begin = instant_in(f"{ends_day['day']}00{ends_day['rest']}", source)
    if begin is None:
        return None
    if ends_day["offset"]:
        return begin + timedelta(days=1)
    local = begin.astimezone(source.tz).replace(tzinfo=None) + timedelta(days=1)
    return instant_in(local.isoformat(), source)
