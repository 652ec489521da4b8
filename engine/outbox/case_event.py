"""The transition behind an outbox event, as reactions read it."""

import json
from dataclasses import dataclass, replace
from typing import Any

from statemachines.kinds import lifecycle_of

EVENT = """
t.case_id, t.seq, t.move, t.source, t.dest, t.cycle, t.level, t.form, t.occurred_at, t.recorded_at, t.via,
c.kind, c.number
"""


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """The transition behind an outbox event, as a reaction reads it. Instants are microseconds since 1970 UTC."""

    case_id: int
    seq: int
    move: str
    source: str
    dest: str
    cycle: int
    level: int
    form: str
    occurred_at: int
    recorded_at: int
    via: str
    kind: str
    number: str


def event_of(row: Any) -> CaseEvent:
    """Return the event under the names of today: its move, state or field may have been retired since."""
    recorded = CaseEvent(**{name: getattr(row, name) for name in CaseEvent.__slots__})
    table = lifecycle_of(recorded.kind)
    if not table.retired:
        return recorded
    resolver = table.resolver
    form = json.loads(recorded.form)
    resolved = table.resolved_form(recorded.move, form)
    return replace(
        recorded,
        move=resolver.move(recorded.move),
        source=resolver.state(recorded.source),
        dest=resolver.state(recorded.dest),
        form=recorded.form if resolved == form else json.dumps(resolved),
    )
