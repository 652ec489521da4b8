"""Refuses an automatic step that comes late and would overwrite what a person has decided meanwhile (B10)."""

import orjson

from engine.actors import NOBODY
from engine.commands.case_context import CaseContext
from engine.transaction import Tx
from statemachines.form_model import ON_CASE, Form, marked
from statemachines.lifecycle import Refused

DECIDED = """
SELECT t.move, t.form, a.handle FROM transition t JOIN actor a ON a.id = t.actor_id
 WHERE t.case_id = :id AND t.seq > :since ORDER BY t.seq
"""


def refuse_superseded(tx: Tx, context: CaseContext, move: str, form: Form, since: int) -> None:
    """Raise ``Refused('superseded')`` if a person has put on the case, after ``since``, what this form would put."""
    columns = {name for name in marked(type(form), ON_CASE) if getattr(form, name) is not None}
    if not columns:
        return
    for row in tx.rows(DECIDED, id=context.case.id, since=since):
        if row.handle in NOBODY:
            continue
        decided = columns & set(context.table.resolved_form(row.move, orjson.loads(row.form)))
        if decided:
            raise Refused("superseded", move=move, number=context.case.number, by=row.handle, fields=sorted(decided))
