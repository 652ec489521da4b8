"""Completes a form by what the record says of the fields left empty: people, words, and digests of files (A5, A10, F3).

A form names its attachments by their ids; in the record a digest follows each id, so the files are chained.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from engine.actors import NOBODY
from engine.commands.form_facts import Recorded
from engine.ledger.record import CaseRow
from statemachines.customer_messages import Medium, ToCustomer, carries_words
from statemachines.form_model import ATTACHED, RECORDED, Form, marked, value_of
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Move
from statemachines.refused import Refused

PARTS = {"decided_by": "decisions", "investigated_by": "preparations"}
"""The fields that the record answers, and which moves of the disputed case's lifecycle answer them."""

VALID_FOR = timedelta(days=1)
"""How long an uploaded file may wait for the move that names it; later it is removed as an orphan."""


def completed(case: CaseRow, row: Move, form: Form, recorded: Recorded, *, history: bool) -> Form:
    """Return the form with what the record says where it is left empty.

    History keeps its own words, and its files are in another store.
    Raises ``Refused('not_by_record' | 'unknown_attachment' | 'attachment_erased')``.
    """
    form = _with_people(form, recorded.makers)
    if history:
        return _without_digests(_as_logged(row, form))
    return _with_digests(case, with_words(row, form, recorded.words), recorded.attachments)


def with_words(row: Move, form: Form, words: str | None) -> Form:
    """Return the form with the words of an earlier move, if there are any that it repeats."""
    return form if words is None or row.speaks is None else form.model_copy(update={row.speaks.fields[0]: words})


def ids_in(value: str) -> list[str]:
    """Return the ids that a form's field names, each once."""
    return list(dict.fromkeys(entry.partition(":")[0] for entry in value.split()))


def digests_in(value: str) -> dict[str, str]:
    """Return the digest of each attachment that a recorded field names; none for those of another system."""
    return {name: digest for name, _, digest in (entry.partition(":") for entry in value.split()) if digest}


def _with_people(form: Form, makers: Mapping[str, Sequence[Any]]) -> Form:
    """Return the form with those who decided and investigated the disputed case; nobody types them."""
    fields = marked(type(form), RECORDED)
    if not fields:
        return form
    about = makers[getattr(form, "about")]  # noqa: B009 (only such forms have it)
    recorded = {name: _last(about, PARTS[name]) for name in fields}
    for name, handle in recorded.items():
        given = getattr(form, name)
        if given is not None and given != handle:
            raise Refused("not_by_record", field=name, given=given, recorded=handle or "–")
    return form.model_copy(update=recorded)


def _last(makers: Sequence[Any], part: str) -> str | None:
    """Return who made the last of the moves that are a decision or a preparation of the lifecycle."""
    handle = None
    for row in makers:
        table = lifecycles().get(row.kind)
        if table is not None and table.resolver.move(row.move) in getattr(table, part) and row.handle not in NOBODY:
            handle = row.handle
    return handle


def _as_logged(row: Move, form: Form) -> Form:
    """Return the form of a move that another system recorded: its record says whether the customer was told.

    We send nothing of it. A record without words says that nobody was told, also in a log that is exported from here.
    """
    if isinstance(form, ToCustomer) and form.medium is Medium.SEND:
        return form.model_copy(update={"medium": Medium.LOG if carries_words(row, form) else Medium.NONE})
    return form


def _with_digests(case: CaseRow, form: Form, rows: Mapping[str, Any]) -> Form:
    """Return the form with the digest of each attachment beside its id."""
    fields = _attached(form)
    if not fields:
        return form
    return form.model_copy(update={name: _digested(case, ids, rows) for name, ids in fields.items()})


def _without_digests(form: Form) -> Form:
    """Return the form of a move that another system recorded: this store does not have the files."""
    fields = _attached(form)
    return form.model_copy(update={name: " ".join(ids) for name, ids in fields.items()}) if fields else form


def _attached(form: Form) -> dict[str, list[str]]:
    """Return the ids of the attachments that each field names."""
    fields = marked(type(form), ATTACHED)
    return {name: ids_in(value) for name in fields if (value := value_of(form, name)) is not None}


def _digested(case: CaseRow, ids: list[str], rows: Mapping[str, Any]) -> str:
    """Refuse what is no file of this case, or may be removed at any moment because no move has named it in time."""
    for name in ids:
        row = rows.get(name)
        if row is None or row.case_id != case.id:
            raise Refused("unknown_attachment", number=case.number, id=name)
        if row.erased_at is not None:
            raise Refused("attachment_erased", number=case.number, id=name)
        if not row.lasts:
            raise Refused("unknown_attachment", number=case.number, id=name)
    return " ".join(f"{name}:{rows[name].digest}" for name in ids)
