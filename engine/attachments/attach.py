"""Attaches files to a case: takes them in, then makes the move that names them (A10)."""

from collections.abc import Sequence
from datetime import datetime

from engine.access.moves import check_move
from engine.access.principal import Principal
from engine.attachments.content_types import Limits
from engine.attachments.upload import Upload, Uploaded, discard, upload
from engine.commands.advance import advance
from engine.commands.command import Answer, Command
from engine.store import Store
from statemachines.refused import Refused

ATTACH = "attach"


def attach(
    store: Store,
    principal: Principal,
    number: str,
    files: Sequence[Upload],
    limits: Limits,
    at: datetime,
    note: str | None = None,
    key: str | None = None,
) -> tuple[Answer, list[Uploaded]]:
    """Attach files to a case in any state. Raises ``Refused``; then the files are gone again."""
    with store.looking() as tx:
        check_move(tx, principal, number, ATTACH, {}, at)
    uploaded = upload(store, principal, number, files, limits, at, key)
    form = {"attachments": " ".join(file.id for file in uploaded)} | ({"note": note} if note is not None else {})
    try:
        answer = advance(store, Command(number, ATTACH, form, principal.actor.handle, principal.via, key), at)
    except Refused:
        discard(store, uploaded, principal.actor.handle, at)
        raise
    return answer, uploaded
