"""What a form with files brings: its entries, and the files of one field."""

from dataclasses import dataclass

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from apps.api.multipart import MULTIPART, most_bytes_of, parts_of
from apps.web.entries import Entries, entries_of
from engine.attachments.upload import Upload, limits_of
from engine.settings import Settings

FILES = "_files"
"""The field of a page's form that brings files."""
MOST_FIELDS = 200


@dataclass(frozen=True, slots=True)
class SentFiles:
    """The entries of a form, and its files under the names that came with them, which nothing trusts."""

    entries: Entries
    files: tuple[Upload, ...] = ()


async def sent_files(request: Request, settings: Settings) -> SentFiles:
    """Return what a form brings, whether or not it has files. Raises ``Refused`` as ``entries_of`` and ``parts_of``."""
    if not request.headers.get("content-type", "").lower().startswith(MULTIPART):
        return SentFiles(await entries_of(request))
    limits = await run_in_threadpool(limits_of, settings)
    form = await parts_of(request, most_bytes_of(limits), MOST_FIELDS)
    try:
        pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        parts = [part for part in form.getlist(FILES) if isinstance(part, UploadFile)]
        files = [Upload(part.filename or "", await part.read()) for part in parts]
    finally:
        await form.close()
    chosen = [file for file in files if file.name or file.content]  # a browser sends an empty part for no file
    return SentFiles(Entries(pairs), tuple(chosen))
