"""What a form of a page brings: texts by field, with bounds on their number and size."""

import asyncio
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

from fastapi import Request

from statemachines.refused import Refused

MOST_BYTES, MOST_FIELDS, SECONDS = 2**20, 1_000, 20.0
FORM_TYPE = "application/x-www-form-urlencoded"
OWN_PREFIX = "_"
"""Fields of the page itself (key, step, token) begin with it; no field of a move's form does."""


class Entries(Mapping[str, str]):
    """The first value of each field. ``all`` gives every value, ``given`` the fields without those of the page."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs
        self._first = dict(reversed(pairs))

    def __getitem__(self, name: str) -> str:
        return self._first[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._first)

    def __len__(self) -> int:
        return len(self._first)

    def text(self, name: str) -> str:
        """Return a value without blanks around it, empty where there is none."""
        return self._first.get(name, "").strip()

    def all(self, name: str) -> list[str]:
        """Return every value of a field, in order."""
        return [value for field, value in self._pairs if field == name]

    def given(self) -> dict[str, str]:
        """Return the fields of the form that were filled in; several values of one field are joined by blanks."""
        names = [name for name in self._first if not name.startswith(OWN_PREFIX)]
        joined = {name: " ".join(filter(None, self.all(name))) for name in names}
        return {name: value for name, value in joined.items() if value.strip()}

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Return every field and value as they came."""
        return list(self._pairs)


async def entries_of(request: Request) -> Entries:
    """Return what a form brings.

    Raises ``Refused('media_type' | 'body_too_large' | 'body_too_slow' | 'bad_upload')``.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != FORM_TYPE:
        raise Refused("media_type", given=given[:40] or "–", wanted=FORM_TYPE)
    parts, size = list[bytes](), 0
    try:
        async with asyncio.timeout(SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > MOST_BYTES:
                    raise Refused("body_too_large", most=MOST_BYTES)
                parts.append(part)
    except TimeoutError:
        raise Refused("body_too_slow", seconds=round(SECONDS)) from None
    try:
        text = b"".join(parts).decode("ascii")
        return Entries(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"))
    except ValueError:
        raise Refused("bad_upload", most=MOST_FIELDS) from None
