"""The laws every lifecycle obeys, checked the moment its table is imported."""

from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from statemachines.customer_messages import ToCustomer
from statemachines.form_model import ATTACHED, PERSONAL, StepFired, marked, required
from statemachines.lifecycle import Clause, Lifecycle, Move
from statemachines.retirement_laws import retired
from statemachines.roles import Role


class BrokenLifecycle(Exception):
    """A table that breaks a law; the message says which row and why."""


def lawful(table: Lifecycle) -> Lifecycle:
    """Check the table and return it; every module that defines a lifecycle ends with this call."""
    check(table)
    return table


def check(table: Lifecycle) -> None:
    """Raise ``BrokenLifecycle`` with every broken law of ``table``."""
    faults = [*_names(table)]
    if not faults:
        faults = [
            *_reachability(table),
            *_forms(table),
            *_variables(table),
            *_duties(table),
            *_speech(table),
            *_files_to_customers(table),
            *_clauses(table),
            *_watched(table),
            *retired(table),
        ]
    if faults:
        raise BrokenLifecycle(f"lifecycle {table.kind}: " + "; ".join(faults))


def _names(table: Lifecycle) -> Iterator[str]:
    known = [state.name for state in table.states]
    for name in {name for name in known if known.count(name) > 1}:
        yield f"state {name} stands twice"
    if table.initial not in known:
        yield f"the initial state {table.initial} is unknown"
    yield from _groups(table)
    for move in table.moves:
        named = [*move.sources, *([move.dest] if move.dest else [])]
        yield from (f"move {move.name} names the unknown state {name}" for name in named if name not in known)
        if not move.roles:
            yield f"move {move.name} may be made by nobody"
    clauses = [clause.name for clause in table.clauses]
    for name in {name for name in clauses if clauses.count(name) > 1}:
        yield f"clause {name} stands twice"
    for clause in table.clauses:
        yield from (f"clause {clause.name} names the unknown state {s}" for s in clause.lives_in if s not in known)


def _groups(table: Lifecycle) -> Iterator[str]:
    """Yield misspelt groups: a group of one state whose name resembles that of another group."""
    sizes = Counter(group for state in table.states for group in state.groups)
    for state in table.states:
        for group in (group for group in state.groups if sizes[group] == 1):
            if near := get_close_matches(group, [name for name in sizes if name != group], 1, 0.8):
                yield f"state {state.name} is alone in the group {group}: is {near[0]} meant?"


def _reachability(table: Lifecycle) -> Iterator[str]:
    final = {state.name for state in table.states if state.final}
    steps = [(source, row.dest) for row in table.moves if row.dest for source in row.sources]
    reached = _closure({table.initial}, steps)
    ends = _closure(final, [(dest, source) for source, dest in steps])
    for state in table.states:
        if state.name not in reached:
            yield f"state {state.name} cannot be reached"
        if state.name not in ends:
            yield f"state {state.name} leads to no end"
        if state.final and any(row.dest and not row.reopens and state.name in row.sources for row in table.moves):
            yield f"final state {state.name} has a way out that begins no new cycle"


def _closure(begin: set[str], steps: Iterable[tuple[str, str]]) -> set[str]:
    seen, edge = set(begin), set(begin)
    while edge:
        edge = {b for a, b in steps if a in edge} - seen
        seen |= edge
    return seen


def _forms(table: Lifecycle) -> Iterator[str]:
    for name, form in table.forms.items():
        if any(row.form.__name__ == name and row.form is not form for row in table.moves):
            yield f"two forms are named {name}"
    for name, rows in table.rows.items():
        if len({row.form for row in rows}) > 1:
            yield f"the rows of move {name} ask for different forms"
        if len({(row.counts, row.collects) for row in rows}) > 1:
            yield f"the rows of move {name} count or collect different things"
        if len({row.stamps for row in rows}) > 1:
            yield f"the rows of move {name} stamp different things"
        if rows[0].collects and rows[0].collects[0] not in rows[0].form.model_fields:
            yield f"move {name} collects {rows[0].collects[0]}, which its form does not ask for"
        for source in {source for row in rows for source in row.sources}:
            here = [row for row in rows if source in row.sources]
            if any(a.guard is None and set(a.roles) & set(b.roles) for a in here for b in here if a is not b):
                yield f"move {name} from {source} has a row without a guard that hides another"


def _variables(table: Lifecycle) -> Iterator[str]:
    """Yield rows that clear what nothing sets or counts, and rows of equal ends that clear different variables."""
    known = table.variables
    for row in table.moves:
        yield from (f"move {row.name} clears {name}, which no move sets" for name in row.clears if name not in known)
        for other in table.rows[row.name]:
            alike = any(other.leads(source, row.dest or source) for source in row.sources)
            if alike and set(row.clears) != set(other.clears):
                yield f"the rows of move {row.name} to {row.dest or 'where it was'} clear different variables"


def _duties(table: Lifecycle) -> Iterator[str]:
    for row in table.moves:
        yield from (
            f"move {row.name} is separate from the unknown move {n}" for n in row.separate_from if n not in table.rows
        )
        if row.extends and not {"clause", "hours"} <= set(row.form.model_fields):
            yield f"move {row.name} extends a timer, but its form names no clause and hours"
        if row.impartial_to and row.impartial_to not in table.variables:
            yield f"move {row.name} is impartial to the case of {row.impartial_to}, which no move sets"
        yield from (f"move {row.name} stops the unknown clause {n}" for n in row.stops if n not in table.clause)
        if row.inherits_timers and "case" not in row.form.model_fields:
            yield f"move {row.name} inherits timers, but its form names no case"
    for state in table.states:
        if state.person and state.person not in table.variables:
            yield f"state {state.name} awaits the person of {state.person}, which no move sets"
        if not state.final and state.owner is None:
            yield f"state {state.name} awaits nobody: name its owner"


def _files_to_customers(table: Lifecycle) -> Iterator[str]:
    """Yield rows whose files nobody can open: the customer who is told may be that of another case."""
    for row in table.moves:
        if row.speaks is not None and row.speaks.customer_of and marked(row.form, ATTACHED):
            yield f"move {row.name} may speak to the customer of another case, who cannot open the files of this one"


def _speech(table: Lifecycle) -> Iterator[str]:
    """Yield rows that speak to the customer without saying how he is told, or what."""
    for row in table.moves:
        if (row.speaks is not None) != issubclass(row.form, ToCustomer):
            yield f"move {row.name} speaks to the customer if and only if its form is a ToCustomer"
        if any(other.speaks != row.speaks for other in table.rows[row.name]):
            yield f"the rows of move {row.name} say different things to the customer"
        for name in row.speaks.fields if row.speaks is not None else ():
            if name not in marked(row.form, PERSONAL):
                yield f"move {row.name} says {name} to the customer, which is no personal field of its form"
        if row.speaks is not None and row.speaks.words_of is not None:
            move, name = row.speaks.words_of
            if not all(name in marked(other.form, PERSONAL) for other in table.rows.get(move, (row,))):
                yield f"move {row.name} says what {name} of {move} says, which is no personal field of such a move"
        if (row.reopens_promises or row.meets_promises) and "message" not in row.form.model_fields:
            yield f"move {row.name} opens promises again, but its form names no message"
    if any(row.speaks for row in table.moves) and not any(row.reopens_promises for row in table.moves):
        yield "moves speak to the customer, but none records that a message did not arrive"


def _clauses(table: Lifecycle) -> Iterator[str]:
    for clause in table.clauses:
        yield from _occurrences(table, clause)
        yield from _begins(table, clause)
        if not clause.during:
            yield f"clause {clause.name} never runs"
        if not clause.met_by and clause.then is None:
            yield f"clause {clause.name} leads nowhere: nothing meets it and it does nothing"
        if clause.then is not None:
            yield from _fires(table, clause, clause.then, None)
        else:
            for step in (table.remind, table.breach):
                yield from _fires(table, clause, step, StepFired)
        for name in clause.met_by:
            yield from _meets(table, clause, name)


def _watched(table: Lifecycle) -> Iterator[str]:
    """Yield open states that no clause watches and that name no reason, and reasons of states that are watched."""
    running = {name for clause in table.clauses for name in clause.during}
    for state in (state for state in table.states if not state.final):
        if state.name not in running and not state.unwatched:
            yield f"no clause runs in state {state.name}, and it names no reason (unwatched)"
        if state.name in running and state.unwatched:
            yield f"state {state.name} is watched, so it needs no reason (unwatched)"


def _occurrences(table: Lifecycle, clause: Clause) -> Iterator[str]:
    """Yield forms of moves that start or meet single occurrences but lack a field that the clause names."""
    for name in clause.started_by:
        if name not in table.rows:
            yield f"clause {clause.name} is started by the unknown move {name}"
        elif clause.due_field and clause.due_field not in table.rows[name][0].form.model_fields:
            yield f"clause {clause.name} reads its deadline from {clause.due_field}, which {name} does not ask for"
    for name in clause.met_by if clause.occurrence_field else ():
        if name in table.rows and clause.occurrence_field not in table.rows[name][0].form.model_fields:
            yield f"clause {clause.name} is met per occurrence, but {name} lacks the field {clause.occurrence_field}"
    if clause.started_by and clause.renewed_by:
        yield f"clause {clause.name} is started by moves and renewed by others: name them all in started_by"
    yield from (
        f"clause {clause.name} is renewed by the unknown move {name}"
        for name in clause.renewed_by
        if name not in table.rows
    )
    for name in clause.met_by if clause.as_of_field else ():
        if name in table.rows and clause.as_of_field not in table.rows[name][0].form.model_fields:
            yield f"clause {clause.name} reads the age of data from {clause.as_of_field}, which {name} does not ask for"
    if (clause.due_field or clause.occurrence_field or clause.restarts) and not clause.started_by:
        yield f"clause {clause.name} needs moves that start it and names none"


def _begins(table: Lifecycle, clause: Clause) -> Iterator[str]:
    """Yield unknown moves that trigger the clause, and unknown clauses that it waits for."""
    unknown = (name for _, name in clause.triggers if name not in table.rows)
    yield from (f"clause {clause.name} is triggered by the unknown move {name}" for name in unknown)
    unknown = (name for name in clause.waits_for if name not in table.clause)
    yield from (f"clause {clause.name} waits for the unknown clause {name}" for name in unknown)


def _fires(table: Lifecycle, clause: Clause, name: str, form: type | None) -> Iterator[str]:
    """Yield what could refuse a move that a timer makes: a guard, a required field, a missing row."""
    for state in clause.during:
        here = [row for row in table.moves if row.name == name and state in row.sources]
        free = [row for row in here if _unrefusable(row, form)]
        if not free:
            yield f"clause {clause.name} fires {name}, which could be refused in state {state}"


def _unrefusable(row: Move, form: type | None) -> bool:
    asks_nothing = row.form is form if form else not required(row.form)
    return row.guard is None and Role.SYSTEM in row.roles and asks_nothing


def _meets(table: Lifecycle, clause: Clause, name: str) -> Iterator[str]:
    rows = [row for row in table.moves if row.name == name and set(row.sources) & set(clause.lives_in)]
    if not rows:
        yield f"clause {clause.name} is met by {name}, which is no move of its states"
    for row in rows:
        if clause.answers and (Role.SYSTEM in row.roles or row.speaks is None):
            yield f"clause {clause.name} promises the customer words, but {name} is no person's message to him"
