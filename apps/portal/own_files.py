"""Hand out the files of one's own case that are for the customer, as downloads; and small pictures of photos."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from apps.api.attachments import download_headers
from apps.portal.visit import Visit, Visiting
from apps.principal_portal import own_file

router = APIRouter(prefix="/files/{attachment_id}")

AttachmentId = Annotated[str, Path(max_length=100)]


@router.get("")
def download_own_file(visit: Visiting, attachment_id: AttachmentId) -> Response:
    """Return a file as it was taken in, as a download that no browser opens."""
    return _handed_out(visit, attachment_id, thumbnail=False)


@router.get("/thumbnail")
def show_own_thumbnail(visit: Visiting, attachment_id: AttachmentId) -> Response:
    """Return a small picture of a photo, without its metadata."""
    return _handed_out(visit, attachment_id, thumbnail=True)


def _handed_out(visit: Visit, attachment_id: str, *, thumbnail: bool) -> Response:
    opened = own_file(visit.store, visit.principal, attachment_id, visit.at, thumbnail=thumbnail)
    return Response(opened.content, headers=download_headers(opened))
