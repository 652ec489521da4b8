"""Reads a body of several parts, with files among them: within bounds of size, number and time, and never cut off."""

import asyncio

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.types import Message

from engine.attachments.content_types import Limits
from statemachines.refused import Refused

MULTIPART = "multipart/form-data"
MOST_FILES, FIELD_BYTES = 20, 256 * 2**10
FILES_PER_BODY = 2
"""The size limit of a body, as a multiple of the size limit of one file."""
UPLOAD_SECONDS = 120.0
TAIL = 400
"""How many bytes at the end of a body are searched for its last boundary."""


def most_bytes_of(limits: Limits) -> int:
    """Return the size limit of a body that brings files of these limits."""
    return FILES_PER_BODY * limits.bytes_each + 2**20


async def parts_of(request: Request, most: int, most_fields: int) -> FormData:
    """Return the parts of a body of at most ``most`` bytes.

    Raises ``Refused('media_type' | 'body_too_large' | 'body_too_slow' | 'bad_upload')``.
    """
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    if media_type.decode("latin-1").lower() != MULTIPART:
        raise Refused("media_type", given=media_type.decode("latin-1")[:40] or "–", wanted=MULTIPART)
    size, tail, end = 0, b"", b"--" + options.get(b"boundary", b"") + b"--"

    async def counted() -> Message:
        nonlocal size, tail
        message = await request.receive()
        body = message.get("body", b"")
        size, tail = size + len(body), (tail + body[-TAIL:])[-TAIL:]
        if size > most:
            raise Refused("body_too_large", most=most)
        last = message["type"] == "http.request" and not message.get("more_body")
        if last and end not in tail:  # the parser would drop the part that was cut off, and leave its file open
            raise Refused("bad_upload", most=MOST_FILES)
        return message

    parts = Request(request.scope, counted)
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            return await parts.form(max_files=MOST_FILES, max_fields=most_fields, max_part_size=FIELD_BYTES)
    except TimeoutError:
        raise Refused("body_too_slow", seconds=round(UPLOAD_SECONDS)) from None
    except (HTTPException, ValueError):
        raise Refused("bad_upload", most=MOST_FILES) from None
