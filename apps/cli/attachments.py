"""Commands for the files of a case: case attach, attachments, download and erase-attachment (A10)."""

import os
import stat
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli.case_moves import Key, answer_text, document_of
from apps.cli.context import As, Json, cli, local, table
from apps.cli.targets import check_target
from engine.access.principal import Principal
from engine.attachments.attach import attach
from engine.attachments.erasure import erase_attachment
from engine.attachments.reading import AttachmentView, attachments_of, open_attachment
from engine.attachments.upload import Upload, Uploaded, limits_of, upload
from statemachines.refused import Refused

CHUNK = 1 << 20
UNITS = ("B", "KB", "MB", "GB")


def attach_(
    number: str,
    files: list[Path],
    note: str | None = None,
    pending: Annotated[bool, typer.Option("--pending")] = False,
    as_: As = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Attach files to a case as evidence, or take them in for the move that names them."""
    limits = limits_of(cli.settings)
    uploads = [Upload(file.name, _content(file, limits.bytes_each)) for file in files]
    at = cli.working_time()
    if pending:
        uploaded = upload(cli.store, cli.principal(cli.actor(as_)), number, uploads, limits, at, key)
        return cli.give({"case": number, "attachments": _documents(uploaded)}, *map(_line, uploaded))
    answer, uploaded = attach(cli.store, cli.principal(cli.actor(as_)), number, uploads, limits, at, note, key)
    document = {**document_of(answer), "attachments": _documents(uploaded)}
    return cli.give(document, answer_text(answer), *map(_line, uploaded))


def attachments_(number: str, as_: As = None, json: Json = False) -> None:
    """The files of a case: what they are, who attached them, and by which move."""
    at = cli.store.now()
    views = attachments_of(cli.store, cli.principal(cli.actor(as_)), number, at)
    columns = ("id", "name", "type", "size", "seq", "by", "at")
    shown = table(number, tuple(cli.translate(f"attachments.{name}") for name in columns), map(_row, views))
    documents = [view.document() for view in views]
    cli.give({"case": number, "attachments": documents}, shown if views else cli.translate("attachments.none"))


def download_(
    number: str,
    id_: Annotated[str, typer.Argument(metavar="ID")],
    to: Annotated[Path, typer.Option("--to")],
    thumbnail: Annotated[bool, typer.Option("--thumbnail")] = False,
    as_: As = None,
    json: Json = False,
) -> None:
    """Write a file of a case to the disk, as it was taken in; a folder gets it under its own name."""
    at = cli.store.now()
    principal = cli.principal(cli.actor(as_))
    opened = open_attachment(cli.store, principal, number, _id_of(principal, number, id_, at), at, thumbnail=thumbnail)
    target = to / opened.name if to.is_dir() else to
    check_target(target)
    _write_new(target, opened.content)
    document = {"case": number, "id": opened.id, "file": str(target), "type": opened.type, "size": len(opened.content)}
    cli.give(document, cli.translate("attachments.written", file=str(target), size=shown_size(len(opened.content))))


def erase_attachment_(
    number: str,
    id_: Annotated[str, typer.Argument(metavar="ID")],
    reason: Annotated[str, typer.Option()] = "",
    as_: As = None,
    json: Json = False,
) -> None:
    """Erase a file, its name and its thumbnail; the record keeps a digest that says nothing any more."""
    at = cli.working_time()
    principal = cli.principal(cli.actor(as_))
    erased = _id_of(principal, number, id_, at)
    erase_attachment(cli.store, principal, number, erased, reason, at)
    cli.give({"case": number, "id": erased, "erased": True}, cli.translate("attachments.erased", id=erased))


def rows_of_case(views: Sequence[AttachmentView]) -> list[tuple[str, str]]:
    """Return the files of a case as a row of its table: how many there are, and the names of those that are there."""
    there = [f"{view.name} ({shown_size(view.size)})" for view in views if view.erased_at is None]
    return [(cli.translate("attachments.files", count=len(views)), ", ".join(there) or "–")] if views else []


def shown_size(size: int) -> str:
    """Return a number of bytes for people."""
    amount, unit = float(size), 0
    while amount >= 1024 and unit < len(UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.0f} {UNITS[unit]}" if unit == 0 else f"{amount:.1f} {UNITS[unit]}"


def _id_of(principal: Principal, number: str, entered: str, at: datetime) -> str:
    """Return the id of a file that a person named by its id, or by its name if no other file of the case has it."""
    named = [view.id for view in attachments_of(cli.store, principal, number, at) if view.name == entered]
    return named[0] if len(named) == 1 else entered


def _content(file: Path, limit: int) -> bytes:
    """Read a plain file, one byte more than the limit at most: a pipe waits for ever, and a device never ends.

    Raises ``Refused('not_a_plain_file' | 'unreadable_body')``.
    """
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError):
        raise Refused("unreadable_body", file=str(file)[:200]) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Refused("not_a_plain_file", file=str(file)[:200])
    with os.fdopen(handle, "rb") as opened:
        return opened.read(limit + 1)


def _write_new(target: Path, content: bytes) -> None:
    """Write a file for its owner alone, where none is. Raises ``Refused('file_exists' | 'cannot_write')``."""
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Refused("file_exists", file=str(target)) from None
    except OSError as error:
        raise Refused("cannot_write", file=target.name[:40], why=str(error.strerror)) from None
    try:
        with os.fdopen(handle, "wb") as out:
            for start in range(0, len(content), CHUNK):
                out.write(content[start : start + CHUNK])
    except OSError as error:
        target.unlink(missing_ok=True)
        raise Refused("cannot_write", file=target.name[:40], why=str(error.strerror)) from None


def _documents(uploaded: list[Uploaded]) -> list[dict[str, Any]]:
    return [{"id": file.id, "name": file.name, "type": file.type, "size": file.size} for file in uploaded]


def _line(file: Uploaded) -> str:
    return f"{file.id}  {file.name}  ({file.type}, {shown_size(file.size)})"


def _row(view: AttachmentView) -> tuple[Any, ...]:
    name = cli.translate("attachments.gone") if view.erased_at is not None else view.name
    return (
        view.id, name, view.type, shown_size(view.size), view.seq, view.uploaded_by, local(view.uploaded_at),
    )  # fmt: skip
