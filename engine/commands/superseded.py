"""Refuses an automatic step that comes late and would overwrite what a person has decided meanwhile (B10)."""

import orjson

from engine.actors import NOBODY
from engine.commands.case_context import CaseContext
from engine.commands.load_history import read_later_moves
from engine.transaction import Tx
from statemachines.form_model import ON_CASE, Form, marked
from statemachines.lifecycle import Refused


def refuse_superseded(tx: Tx, context: CaseContext, move: str, form: Form, since: int) -> None:
    """Raise ``Refused('superseded')`` if a person has put on the case, after ``since``, what this form would put."""
    columns = {name for name in marked(type(form), ON_CASE) if getattr(form, name) is not None}
    if not columns:
        return
    later_moves = context.later_moves
    if later_moves is None:
        later_moves = read_later_moves(tx, [context.case.id], since).get(context.case.id, ())
    for row in later_moves:
        if row.seq <= since or row.handle in NOBODY:
            continue
        decided = columns & set(context.table.resolved_form(row.move, orjson.loads(row.form)))
        if decided:
            raise Refused("superseded", move=move, number=context.case.number, by=row.handle, fields=sorted(decided))
