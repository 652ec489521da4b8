"""The resolver follows every retired name to the one in force, and the laws refuse entries that lead nowhere."""

from dataclasses import replace
from typing import Annotated, Any

import pytest

from engine.commands.open_case import Opened
from statemachines.complaint import COMPLAINT
from statemachines.form_model import VARIABLE, Form, marked
from statemachines.kinds import lifecycle_of, lifecycles, recorded_names, replaced
from statemachines.laws import BrokenLifecycle, lawful
from statemachines.lifecycle import Retired
from statemachines.lifecycle_record import differences, read_document
from statemachines.retirement import OF_OPENING, Resolver
from tests.renaming import Renames, renamed


def with_retired(*entries: Retired) -> Any:
    """Return the complaint's table with these entries."""
    return replace(COMPLAINT, retired=entries)


def test_a_name_that_was_never_retired_is_its_own_successor():
    resolver = COMPLAINT.resolver
    assert (resolver.state("received"), resolver.move("reply"), resolver.clause("solution")) == (
        "received",
        "reply",
        "solution",
    )


def test_a_chain_of_retirements_is_followed_to_its_end():
    table = lawful(with_retired(Retired("queued", "sorted"), Retired("sorted", "classified")))
    assert table.resolver.state("queued") == "classified"
    assert table.resolver.names("state", "classified") == ("classified", "queued", "sorted")


def test_a_name_without_a_successor_resolves_to_none_or_to_itself():
    resolver = lawful(with_retired(Retired(clause="old"), Retired(move="shout"))).resolver
    assert (resolver.clause("old"), resolver.clause_or_own("old"), resolver.move("shout")) == (None, "old", "shout")


def test_a_retired_field_takes_its_variable_with_it_unless_another_form_still_sets_it():
    fields = {"Compensation.offer": "compensation", "Findings.cause": "root"}
    table = with_retired(*(Retired(field=old, to=new) for old, new in fields.items()))
    assert table.resolver.form("Compensation", {"offer": 5, "grounds": "x"}) == {"compensation": 5, "grounds": "x"}
    assert table.resolver.variables({"offer": 5, "cause": "wet"}) == {"compensation": 5, "cause": "wet"}


def test_a_value_under_the_new_name_takes_precedence():
    table = with_retired(Retired(variable="sent_back", to="returns"))
    assert table.resolver.variables({"sent_back": 1, "returns": 2}) == {"returns": 2}
    assert table.resolver.variables({"sent_back": 1}) == {"returns": 1}


def test_a_field_named_like_a_variable_of_the_opening_leaves_it_unchanged():
    assert marked(Opened, VARIABLE) == OF_OPENING
    resolver = Resolver.of([Retired(field="Form.nature", to="sort")], {"Form": ["sort"]}, [])
    assert resolver.variables({"nature": "lead"}) == {"nature": "lead"}


UNLAWFUL = {
    "state received is retired and present": Retired("received", "classified"),
    "retired state old leads to the unknown state away": Retired("old", "away"),
    "retired state old leads nowhere": Retired("old"),
    "move reply is retired and present": Retired(move="reply"),
    "retired move shout leads to the unknown move cry": Retired(move="shout", to="cry"),
    "retired clause old leads to the unknown clause new": Retired(clause="old", to="new"),
    "retired field Nowhere.cause belongs to a form that no move has": Retired(field="Nowhere.cause"),
    "field Findings.findings is retired and present": Retired(field="Findings.findings"),
    "retired field Findings.old leads to the unknown field Findings.new": Retired(field="Findings.old", to="new"),
    "variable returns is retired and present": Retired(variable="returns"),
    "names 0 things": Retired(to="classified"),
    "names 2 things": Retired("old", "classified", move="older"),
}


@pytest.mark.parametrize("law", UNLAWFUL)
def test_an_entry_that_breaks_a_law_is_refused_by_name(law: str):
    with pytest.raises(BrokenLifecycle) as caught:
        lawful(with_retired(UNLAWFUL[law]))
    assert law in str(caught.value)


def test_a_circle_and_a_name_retired_twice_are_refused():
    with pytest.raises(BrokenLifecycle, match="retired state a leads back to a"):
        lawful(with_retired(Retired("a", "b"), Retired("b", "a")))
    with pytest.raises(BrokenLifecycle, match="move a is retired twice"):
        lawful(with_retired(Retired(move="a"), Retired(move="a", to="reply")))


def test_two_forms_of_one_name_are_refused():
    class Message(Form):
        other: Annotated[str, VARIABLE]

    row = replace(COMPLAINT.rows["note"][0], name="shout", form=Message)
    with pytest.raises(BrokenLifecycle, match="two forms are named Message"):
        lawful(replace(COMPLAINT, moves=(*COMPLAINT.moves, row)))


@pytest.mark.parametrize("kind", lifecycles())
def test_a_recorded_document_is_read_back_whole(kind: str):
    table = lifecycle_of(kind)
    recorded = read_document(table.document)
    assert recorded.states == {state.name: state.final for state in table.states}
    assert set(recorded.moves) == {*table.rows}
    assert {name: clause.lives_in for name, clause in recorded.clauses.items()} == {
        clause.name: frozenset(clause.lives_in) for clause in table.clauses
    }
    assert recorded.resolver == table.resolver


def test_the_difference_of_two_versions_names_what_was_added_and_removed():
    new = renamed(COMPLAINT, Renames({"investigated": "examined"}, clauses={"solution": "remedy"}))
    assert new.version != COMPLAINT.version
    assert differences(read_document(COMPLAINT.document), read_document(new.document)) == {
        "state": {"added": ["examined"], "removed": ["investigated"]},
        "clause": {"added": ["remedy"], "removed": ["solution"]},
    }


def test_other_tables_are_in_force_within_a_block_alone():
    new = renamed(COMPLAINT, Renames(moves={"resolve": "settle"}))
    with replaced(new):
        assert lifecycle_of("complaint") is new
        assert set(recorded_names("move", "settle")) == {"settle", "resolve"}
    assert lifecycle_of("complaint") is COMPLAINT
    assert recorded_names("move", "settle") == ["settle"]
