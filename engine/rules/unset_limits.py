"""Name the clauses whose limit a pack does not set: their timers do not start, and the work goes on.

A clause is in one of three places. A pack sets its limit; or the document promises nothing of the kind
(``unpromised``); or the limit is not set: the document leaves it blank or contradicts itself, or the pack does not
mention the clause. Only the last one needs a decision of whoever owns the rules, so a case that would need the limit
names it (ADR 33).
"""

from collections.abc import Iterable, Mapping

from engine.rules.policy import Pack
from statemachines.form_model import required
from statemachines.lifecycle import Clause, Lifecycle


def name_in_pack(pack: Pack, table: Lifecycle, clause: Clause) -> str:
    """Return the clause's name in the pack: an edition published before a rename has the retired name."""
    if clause.name in pack.clauses or clause.name in pack.unpromised:
        return clause.name
    names = table.resolver.names("clause", clause.name)
    return next((name for name in names if name in pack.clauses or name in pack.unpromised), clause.name)


def has_limit(pack: Pack, table: Lifecycle, clause: str, traits: Mapping[str, str | None]) -> bool:
    """Return whether a timer of the clause starts by the pack's limit for a case with these traits."""
    return pack.limit(name_in_pack(pack, table, table.clause[clause]), traits) is not None


def needs_limit(table: Lifecycle, clause: Clause) -> bool:
    """Return whether a timer of the clause may start by the pack's limit: no form must agree on its deadline."""
    forms = (row.form for move in clause.started_by for row in table.rows.get(move, ()))
    return not clause.due_field or any(clause.due_field not in required(form) for form in forms)


def unset_limits(pack: Pack, table: Lifecycle, traits: Mapping[str, str | None]) -> list[str]:
    """Return the clauses of a lifecycle whose limit the pack does not set for a case with these traits."""
    return [
        clause.name
        for clause in table.clauses
        if needs_limit(table, clause) and pack.is_unset(name_in_pack(pack, table, clause), traits)
    ]


def awaited(table: Lifecycle, names: Iterable[str]) -> list[str]:
    """Return those of the clauses that somebody waits for: promises to a customer, and timers that move the case on.

    Without the limit of an internal clause only a reminder is missing, and where a form may agree on the date no limit
    need be.
    """
    clauses = map(table.clause.__getitem__, names)
    return [clause.name for clause in clauses if clause.then or not (clause.internal or clause.due_field)]
