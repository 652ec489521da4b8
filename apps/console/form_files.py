"""The files that the form of a move brings: taken in, and named by the form before the move is made (A10)."""

from apps.console.visit import Visit
from apps.principal_moves import key_of
from apps.web.uploads import SentFiles
from engine.attachments.upload import limits_of, upload
from statemachines.form_model import ATTACHED, Form, marked
from statemachines.refused import Refused


def with_files(visit: Visit, number: str, form: type[Form], typed: dict[str, str], sent: SentFiles) -> dict[str, str]:
    """Take the files of a form in, and return what was typed with their ids in the field that names files.

    Raises ``Refused('bad_upload')`` where the form of the move has no such field, and as ``upload`` does.
    """
    if not sent.files:
        return typed
    names = marked(form, ATTACHED)
    if not names:
        raise Refused("bad_upload", most=0)
    key = sent.entries.text("_key")
    own = key_of(visit.store, visit.principal, f"{key}:files") if key else None
    limits, at = limits_of(visit.settings), visit.working_time()
    uploaded = upload(visit.store, visit.principal, number, sent.files, limits, at, own)
    ids = [*typed.get(names[0], "").split(), *(file.id for file in uploaded)]
    return {**typed, names[0]: " ".join(dict.fromkeys(ids))}
