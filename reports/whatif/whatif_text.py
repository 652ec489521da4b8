"""Say in words what other rules would have done: a sentence for each clause and level, then tables and remarks."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from locales.translation import label, translate
from reports.whatif.comparison import ComparedClock, Terms
from reports.whatif.figures import WhatIf

Row = tuple[Any, ...]
CHANGED_COLUMNS = (
    "case", "kind", "clause", "cycle", "opened", "then", "now", "limit_then", "limit", "why", "doubts",
)  # fmt: skip


class WhatIfTable(NamedTuple):
    """A table: its title, the heads of its columns, and its rows."""

    title: str
    heads: list[str]
    rows: list[Row]


def sentences(result: WhatIf, locale: str) -> Iterator[str]:
    """Yield what is to be read first: the promises of which more or fewer would have been late, and the load."""
    yield translate(locale, "whatif.reckoned", name=result.name, cases=result.cases, clocks=result.clocks)
    changed = [(key, each) for key, each in sorted(result.clauses.items()) if each.changed]
    for (kind, clause), figures in changed:
        counts = {
            "clocks": figures.met + figures.breached, "breached": figures.breached, "then": figures.breached_then,
        }  # fmt: skip
        yield translate(locale, "whatif.late", clause=_clause(locale, kind, clause), **counts)
    if not changed:
        yield translate(locale, "whatif.unchanged")
    for level, then, now in result.by_level():
        if level and then != now:
            yield translate(locale, "whatif.load", level=label(locale, "", "level", str(level)), then=then, now=now)


def remarks(result: WhatIf, locale: str) -> Iterator[str]:
    """Yield what the figures do not say: where people would have behaved differently, and what was not reckoned."""
    if result.doubts:
        yield translate(locale, "whatif.behaved", what=_counted(locale, "whatif.doubt", result.doubts.items()))
    if result.left_out:
        yield translate(locale, "whatif.left_out", what=_counted(locale, "whatif.left", result.left_out.items()))
    if result.not_reckoned:
        yield translate(locale, "whatif.not_reckoned", parts=", ".join(result.not_reckoned))
    yield translate(locale, "whatif.people")


def _counted(locale: str, prefix: str, counts: Iterable[tuple[str, int]]) -> str:
    return "; ".join(f"{_reason(locale, prefix, reason)}: {count}" for reason, count in sorted(counts))


def _reason(locale: str, prefix: str, reason: str) -> str:
    """Return the words of a reason; a refusal that has none here stays a code."""
    key = f"{prefix}.{reason}"
    text = translate(locale, key)
    return reason if text == key else text


def clause_table(results: list[WhatIf], locale: str) -> WhatIfTable:
    """Return kept and broken promises by clause, as they were and under each of the rules side by side."""
    known = sorted({key for result in results for key in result.clauses})
    heads = [*(_head(locale, name) for name in ("kind", "clause", "met_then", "breached_then"))]
    heads += [f"{_head(locale, name)} · {result.name}" for result in results for name in ("met", "breached")]
    rows = [_clause_row(results, locale, *key) for key in known]
    return WhatIfTable(translate(locale, "whatif.by_clause"), heads, rows)


def _clause_row(results: list[WhatIf], locale: str, kind: str, clause: str) -> Row:
    figures = [result.clauses.get((kind, clause)) for result in results]
    then = next(each for each in figures if each is not None)
    counts = [count for each in figures for count in ((each.met, each.breached) if each else (0, 0))]
    names = label(locale, "", "kind", kind), label(locale, kind, "clause", clause)
    return (*names, then.met_then, then.breached_then, *counts)


def load_table(result: WhatIf, locale: str, *, only_changed: bool = False) -> WhatIfTable:
    """Return the escalation steps by week, department and level, as they fired and under the rules."""
    cells = sorted({*result.steps, *result.steps_then})
    cells = [cell for cell in cells if not only_changed or result.steps[cell] != result.steps_then[cell]]
    rows = [
        (cell.week, cell.department or translate(locale, "whatif.nobody"), label(locale, "", "level", str(cell.level)),
         result.steps_then[cell], result.steps[cell])
        for cell in cells
    ]  # fmt: skip
    heads = [_head(locale, name) for name in ("week", "department", "level", "steps_then", "steps")]
    return WhatIfTable(translate(locale, "whatif.load_title", name=result.name), heads, rows)


def changed_table(clocks: Iterable[ComparedClock], locale: str, when: Any) -> WhatIfTable:
    """Return clocks that would have ended otherwise, with the reason; ``when`` writes an instant in microseconds."""
    rows = [changed_row(clock, locale, when) for clock in clocks]
    return WhatIfTable(translate(locale, "whatif.changed"), [_head(locale, column) for column in CHANGED_COLUMNS], rows)


def changed_row(clock: ComparedClock, locale: str, when: Any) -> Row:
    """Return the cells of a changed clock, in the order of ``CHANGED_COLUMNS``."""
    return (
        clock.number, label(locale, "", "kind", clock.kind), label(locale, clock.kind, "clause", clock.clause),
        clock.cycle, when(clock.opened_at), translate(locale, f"whatif.end.{clock.then}"),
        translate(locale, f"whatif.end.{clock.now}"), _limit(locale, clock.terms_then), _limit(locale, clock.terms),
        translate(locale, f"whatif.why.{clock.why}"),
        "; ".join(_reason(locale, "whatif.doubt", doubt) for doubt in clock.doubts),
    )  # fmt: skip


def _limit(locale: str, terms: Terms | None) -> str:
    if terms is None:
        return "–"
    return f"{terms.amount} {translate(locale, f'unit.{terms.unit}')} · {terms.calendar}"


def _clause(locale: str, kind: str, clause: str) -> str:
    return f"{label(locale, '', 'kind', kind)} · {label(locale, kind, 'clause', clause)}"


def _head(locale: str, name: str) -> str:
    return translate(locale, f"whatif.column.{name}")
