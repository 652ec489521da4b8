"""Writes the mapping by which ``closeloop replay`` reads a log that we exported: each move is mapped to itself.

Note [What is replayed]: moves made by timers are skipped, because the timers of the new store make them again. Inferred
moves are made as they were, with their forms, and marked: what a bridge would infer anew depends on the first log. A
merge names a case of the same log, which the replay finds under its new number; a move whose form requires the number
of any other case is ignored. A required person is replaced by ``import``.
"""

from collections.abc import Iterator

from engine.actors import IMPORT
from engine.commands.case_context import BY_TIMER
from engine.commands.open_case import OPEN, Opened
from engine.commands.same_customer import OTHER, SAME
from engine.replay.case_references import named_cases
from gateways.logs.mapping import NO_TEXT
from models.contact import Contact
from models.event_log import AT, CASE, MOVE, OF_CASE, WHO
from reports.event_log import FORM, WORDS_TO_CUSTOMER
from reports.pseudonymisation import Disclosure, fields_of
from statemachines.form_model import Form, required
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle, Move

EXPORTED = frozenset({Disclosure.PLAIN, Disclosure.NEEDED})
"""The kinds of values that a pseudonymised log holds and another store can use."""
HEAD = """\
# A log of closeloop's own (closeloop export), to be replayed in another store: {kind}, promises of {pack}.
# closeloop export --mapping writes this file for any kind.

[source]
name = "closeloop-{kind}"
kind = "{kind}"
pack = "{pack}"
zone = "UTC"

[event]
case = "{case}"
word = "{word}"
at = "{at}"
order = ["seq"]
who = "{who}"
department = "org:group"
inferred = "inferred"
seq = "seq"
"""
SKIPPED = """\
[[skipped]]
column = "via"
values = ["{timer}"]
reason = "a timer did it, and does it again"

[[skipped]]
column = "{word}"
values = ["{same}", "{other}"]
reason = "it names a case of the other store by its number"
"""
ELSEWHERE = "it names a case of the other store by its number"


def replay_mapping(kind: str, pack: str, *, linked: bool = False) -> str:
    """Return the mapping for a log of one kind as TOML: for OCEL if ``linked``, else for the other formats."""
    table = lifecycle_of(kind)
    case, word, at = (
        (f"ocel:type:{table.kind}", "ocel:activity", "ocel:timestamp") if linked else (OF_CASE + CASE, MOVE, AT)
    )
    skipped = SKIPPED.format(timer=BY_TIMER, word=word, same=SAME, other=OTHER)
    head = HEAD.format(kind=table.kind, pack=pack, case=case, word=word, at=at, who=WHO)
    lines = [head, *_opening(), *_fill(table), *_moves(table), *_ignored(table), skipped]
    return "\n".join(lines)


def _opening() -> Iterator[str]:
    yield "[opening]"
    for name in Opened.model_fields:
        if name in Contact.model_fields and fields_of("complaint", OPEN)[name] in EXPORTED:
            yield f"{name} = {_column(name)}"
    yield ""


def _fill(table: Lifecycle) -> Iterator[str]:
    """Map each field of any form to its column; a move uses the fields of its form."""
    yield "[fill]"
    numeric: dict[str, bool] = {}
    for move, rows in table.rows.items():
        for name in (name for name, sort in fields_of(table.kind, move).items() if sort in EXPORTED):
            numeric[name] = numeric.get(name, True) and _is_number(rows[0].form, name)
    yield from (f"{name} = {_column(name, number=numeric[name])}" for name in sorted(numeric))
    yield ""


def _is_number(form: type[Form], name: str) -> bool:
    """Whether a field accepts whole numbers only."""
    schema = form.model_json_schema()["properties"][name]
    return {arm.get("type") for arm in schema.get("anyOf", [schema])} <= {"integer", "null"}


def _moves(table: Lifecycle) -> Iterator[str]:
    yield "[moves]"
    yield _move(OPEN, [f"nature = {_column('nature')}"])
    for move, rows in table.rows.items():
        if not _elsewhere(table, move):
            named = [f'{name} = "{IMPORT}"' for name in _named(table, move, rows[0].form)]
            cases = [f"{name} = {_column(name)}" for name in named_cases(rows[0])]
            yield _move(move, [*named, *cases, *_words(rows[0])])
    yield ""


def _move(name: str, form: list[str]) -> str:
    """Map a move to itself, with the values of its form that no column holds."""
    return f'{name} = {{ move = "{name}", form = {{ {", ".join(form)} }} }}' if form else f'{name} = "{name}"'


def _ignored(table: Lifecycle) -> Iterator[str]:
    if away := [move for move in table.rows if _elsewhere(table, move)]:
        yield "[ignored]"
        yield from (f'{move} = "{ELSEWHERE}"' for move in away)
        yield ""


def _words(row: Move) -> list[str]:
    """Return the optional words to the customer: the log has no words, but it says where there were some."""
    optional = set(row.speaks.fields) - set(required(row.form)) if row.speaks else set[str]()
    values = f'{{ "true" = "{NO_TEXT}", "True" = "{NO_TEXT}" }}'
    return [f'{name} = {{ column = "{WORDS_TO_CUSTOMER}", values = {values} }}' for name in sorted(optional)]


def _named(table: Lifecycle, move: str, form: type[Form]) -> list[str]:
    """Return the required fields of a form that name people."""
    fields = fields_of(table.kind, move)
    return [name for name in required(form) if fields[name] is Disclosure.HANDLE]


def _elsewhere(table: Lifecycle, move: str) -> bool:
    """Return whether a move must name a case that the log of this kind may not hold."""
    fields, row = fields_of(table.kind, move), table.rows[move][0]
    return any(fields[name] is Disclosure.CASE for name in required(row.form) if name not in named_cases(row))


def _column(name: str, *, number: bool = False) -> str:
    kind = ', as = "number"' if number else ""
    return f'{{ column = "{FORM}{name}"{kind} }}'
