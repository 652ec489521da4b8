"""The laws of retirement: a removed name leads to a live one, or to nothing where that is allowed."""

from collections.abc import Iterator, Mapping

from statemachines.lifecycle import Lifecycle
from statemachines.vocabulary import RETIRABLE


def retired(table: Lifecycle) -> Iterator[str]:
    """Yield retired names that still exist, are retired twice, or lead to no live name where one is needed."""
    entries: dict[str, dict[str, str | None]] = {sort: {} for sort in RETIRABLE}
    for entry in table.retired:
        if len(entry.named) != 1:
            yield f"a retirement to {entry.to} names {len(entry.named)} things: name one of {', '.join(RETIRABLE)}"
            continue
        [(sort, name)] = entry.named
        if name in entries[sort]:
            yield f"{sort} {name} is retired twice"
        entries[sort][name] = entry.to
        if sort == "field" and name.partition(".")[0] not in table.forms:
            yield f"retired field {name} belongs to a form that no move has: write Form.field"
        if sort == "state" and entry.to is None:
            yield f"retired state {name} leads nowhere: its cases must stand somewhere"
    for sort, successors in entries.items():
        live = _live(table, sort)
        for name in successors:
            if name in live:
                yield f"{sort} {name} is retired and present"
            yield from _leads_on(sort, name, successors, live)


def _live(table: Lifecycle, sort: str) -> set[str]:
    fields = {f"{name}.{field}" for name, form in table.forms.items() for field in form.model_fields}
    names: dict[str, set[str]] = {
        "state": set(table.state),
        "move": {*table.rows},
        "clause": {clause.name for clause in table.clauses},
        "field": fields,
        "variable": set(table.variables),
    }
    return names[sort]


def _leads_on(sort: str, name: str, successors: Mapping[str, str | None], live: set[str]) -> Iterator[str]:
    """Follow a chain of retirements: it may not come back to itself, and it ends in a live name or in nothing."""
    form = name.partition(".")[0]
    seen, current = {name}, name
    while (new := successors[current]) is not None:
        current = f"{form}.{new}" if sort == "field" else new
        if current in seen:
            yield f"retired {sort} {name} leads back to {current}"
            return
        if current not in successors:
            if current not in live:
                yield f"retired {sort} {name} leads to the unknown {sort} {current}"
            return
        seen.add(current)
