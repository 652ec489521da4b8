"""The diagram is a Mermaid stateDiagram-v2 and shows every state, move and clause of the table."""

import re

import pytest

from statemachines.diagram import mermaid
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Lifecycle

LINE = re.compile(
    r"    (\[\*\]|\w+) --> (\[\*\]|\w+)(: \S.*)?"
    r"|    note right of \w+|    end note|        [^\n]+"
)
every_lifecycle = pytest.mark.parametrize("table", lifecycles().values(), ids=lambda table: table.kind)


def arrows(text: str) -> dict[tuple[str, str], str]:
    """Return the label of each arrow by its two states."""
    matches = re.findall(r"^    (\S+) --> (\S+?)(?:: (.*))?$", text, re.MULTILINE)
    return {(source, dest): label for source, dest, label in matches}


@every_lifecycle
def test_it_has_the_shape_of_a_state_diagram(table: Lifecycle):
    head, *lines = mermaid(table).splitlines()
    assert head == "stateDiagram-v2"
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert sum("note right of" in line for line in lines) == lines.count("    end note")
    assert [line for line in lines if line.count(":") > 1 and "-->" in line] == []


@every_lifecycle
def test_every_state_appears_and_every_end_ends(table: Lifecycle):
    drawn = arrows(mermaid(table))
    assert ("[*]", table.initial) in drawn
    assert {state for arrow in drawn for state in arrow} == {"[*]", *table.state}
    assert {source for source, dest in drawn if dest == "[*]"} == {s.name for s in table.states if s.final}


@every_lifecycle
def test_every_move_appears_where_it_may_be_made(table: Lifecycle):
    text = mermaid(table)
    drawn = arrows(text)
    notes = dict(re.findall(r"note right of (\w+)\n(.*?)    end note", text, re.DOTALL))
    for row in table.moves:
        for source in row.sources:
            label = drawn[source, row.dest] if row.dest else notes[source]
            assert re.search(rf"\b{row.name}\b", label), (row.name, source)


@every_lifecycle
def test_every_timer_appears_where_it_runs_and_is_paused(table: Lifecycle):
    notes = dict(re.findall(r"note right of (\w+)\n(.*?)    end note", mermaid(table), re.DOTALL))
    for clause in table.clauses:
        assert all(re.search(rf"timers run: .*\b{clause.name}\b", notes[state]) for state in clause.during)
        assert all(re.search(rf"timers paused: .*\b{clause.name}\b", notes[state]) for state in clause.pauses)


def test_guards_and_new_cycles_are_shown():
    drawn = arrows(mermaid(lifecycles()["complaint"]))
    assert drawn["resolved", "investigated"] == "revisit [another_round] ↻, tell_result [rejected] ↻, reopen ↻"
    assert "revisit [satisfied]" in drawn["resolved", "revisited"]
