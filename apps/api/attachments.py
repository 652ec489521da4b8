"""Routes for the files of a case: take in, list, hand out. A body of files never passes the guard of JSON bodies."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Self
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import FormData, UploadFile

from apps.api.caller import Called, Caller, IdempotencyKey
from apps.api.case_documents import EXAMPLE_CASE, MovedCase
from apps.api.cases import CaseNumber
from apps.api.multipart import MOST_FILES, MULTIPART, most_bytes_of, parts_of
from apps.api.responses import READ, WRITE
from apps.principal_moves import key_of
from engine.attachments.attach import attach
from engine.attachments.content_types import TYPES
from engine.attachments.file_names import safe_name
from engine.attachments.reading import AttachmentView, OpenedAttachment, attachments_of, open_attachment
from engine.attachments.thumbnails import THUMBNAIL_TYPE
from engine.attachments.upload import Upload, Uploaded, limits_of, upload
from statemachines.refused import Refused

router = APIRouter(prefix="/cases/{number}/attachments", tags=["attachments"])

MOST_FIELDS = 5
EXAMPLE_ID = "6f0c1e2d3b4a59687786958493a2b1c0"
SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
"""What a browser may do with a file that it opens all the same: nothing."""

AttachmentId = Annotated[str, Path(max_length=100, examples=[EXAMPLE_ID], description="The id of an attachment.")]
Reason = Annotated[
    str | None,
    Query(max_length=1000, description="Why somebody opens the file who only reviews the case; it is logged."),
]


class AttachmentDocument(BaseModel):
    """A file of a case. ``seq`` is the first step that names it; ``name`` is empty once the file was erased."""

    id: str
    name: str | None
    type: str
    size: int = Field(description="In bytes.")
    seq: int | None
    uploaded_by: str
    uploaded_at: datetime
    erased_at: datetime | None
    thumbnail: bool = Field(description="Whether there is a small picture of it.")

    @classmethod
    def of(cls, view: AttachmentView) -> Self:
        """Return the document of an attachment."""
        return cls(**view.document())


class CaseAttachments(BaseModel):
    """The files of a case, oldest first."""

    attachments: list[AttachmentDocument]


class TakenIn(BaseModel):
    """A file that was taken in."""

    id: str
    name: str
    type: str
    size: int


class AttachedFiles(BaseModel):
    """The files that were taken in, and where the case stands since the move that names them."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "attachments": [{"id": EXAMPLE_ID, "name": "box.jpg", "type": "image/jpeg", "size": 3637}],
                "moved": {
                    "number": EXAMPLE_CASE, "seq": 2, "state": "received", "state_label": "Received", "level": 0,
                },
            }
        }
    )  # fmt: skip

    attachments: list[TakenIn]
    moved: MovedCase | None = Field(description="Empty where the files wait for a move that names them.")


BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            MULTIPART: {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1,
                            "maxItems": MOST_FILES,
                        },
                        "note": {"type": "string", "description": "A remark on the files."},
                        "pending": {
                            "type": "string", "enum": ["true", "false"],
                            "description": "`true` only takes the files in; a move names their ids within a day.",
                        },
                    },
                    "example": {"files": ["(the file)"], "note": "The lid is crushed.", "pending": "false"},
                }
            }
        },
    }
}  # fmt: skip


def _binary(description: str, types: Iterable[str]) -> dict[int | str, dict[str, Any]]:
    """Return how an answer is documented that is a file of one of the types."""
    content = {type_: {"schema": {"type": "string", "format": "binary"}} for type_ in types}
    return {200: {"description": description, "content": content}}


FILE = _binary("The file as it was taken in, as a download.", TYPES)
THUMBNAIL = _binary("A small picture of the file.", [THUMBNAIL_TYPE])


@router.post("", status_code=201, responses=WRITE, openapi_extra=BODY)
async def attach_files(number: CaseNumber, caller: Called, key: IdempotencyKey, request: Request) -> AttachedFiles:
    """Attach files to a case as evidence, or take them in for the move that names them."""
    limits = await run_in_threadpool(limits_of, caller.settings)
    form = await parts_of(request, most_bytes_of(limits), MOST_FIELDS)
    try:
        files = [Upload(part.filename or "", await part.read()) for part in _files(form)]
        note, pending = _field(form, "note"), _field(form, "pending") == "true"
    finally:
        await form.close()
    own = key_of(caller.store, caller.principal, key)

    def take_in() -> AttachedFiles:
        at = caller.working_time()
        if pending:
            uploaded = upload(caller.store, caller.principal, number, files, limits, at, own)
            return AttachedFiles(attachments=_taken_in(uploaded), moved=None)
        answer, uploaded = attach(caller.store, caller.principal, number, files, limits, at, note, own)
        return AttachedFiles(attachments=_taken_in(uploaded), moved=MovedCase.of(answer, caller.locale))

    return await run_in_threadpool(take_in)


@router.get("", responses=READ)
def list_attachments(number: CaseNumber, caller: Called) -> CaseAttachments:
    """Return the files of a case, oldest first; names are masked for whoever only reviews the case."""
    views = attachments_of(caller.store, caller.principal, number, caller.at)
    return CaseAttachments(attachments=[AttachmentDocument.of(view) for view in views])


@router.get("/{attachment_id}", responses=READ | FILE, response_class=Response)
def download_attachment(
    number: CaseNumber, attachment_id: AttachmentId, caller: Called, reason: Reason = None
) -> Response:
    """Return a file as it was taken in, as a download."""
    return _handed_out(caller, number, attachment_id, reason, thumbnail=False)


@router.get("/{attachment_id}/thumbnail", responses=READ | THUMBNAIL, response_class=Response)
def download_thumbnail(
    number: CaseNumber, attachment_id: AttachmentId, caller: Called, reason: Reason = None
) -> Response:
    """Return a small JPEG of a picture, without its metadata."""
    return _handed_out(caller, number, attachment_id, reason, thumbnail=True)


def _handed_out(caller: Caller, number: str, attachment_id: str, reason: str | None, *, thumbnail: bool) -> Response:
    opened = open_attachment(
        caller.store, caller.principal, number, attachment_id, caller.at, thumbnail=thumbnail, reason=reason
    )
    return Response(opened.content, headers=download_headers(opened))


def download_headers(opened: OpenedAttachment) -> dict[str, str]:
    """Return the headers of a file: a download under a safe name, which no browser opens, runs or keeps (RFC 6266)."""
    name = safe_name(opened.name)
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace("\\", "_")
    return {
        "Content-Type": opened.type,
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": SANDBOX,
        "Cache-Control": "private, no-store",
    }


def _files(form: FormData) -> list[UploadFile]:
    """Return the files of a form. Raises ``Refused('no_attachment' | 'bad_upload')``."""
    if set(form.keys()) - {"files", "note", "pending"}:
        raise Refused("bad_upload", most=MOST_FILES)
    files = form.getlist("files")
    if not files:
        raise Refused("no_attachment")
    if not all(isinstance(each, UploadFile) for each in files):
        raise Refused("bad_upload", most=MOST_FILES)
    return [each for each in files if isinstance(each, UploadFile)]


def _field(form: FormData, name: str) -> str | None:
    """Return a text of the form. Raises ``Refused('bad_upload')`` for a file in its place."""
    value = form.get(name)
    if value is not None and not isinstance(value, str):
        raise Refused("bad_upload", most=MOST_FILES)
    return value


def _taken_in(uploaded: list[Uploaded]) -> list[TakenIn]:
    return [TakenIn(id=file.id, name=file.name, type=file.type, size=file.size) for file in uploaded]
