"""Between loading and writing a move is a function of values: the store is not asked (ADR 85)."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from engine.actors import Acting
from engine.commands.advance import begin_move, plan_command
from engine.commands.command import Command
from engine.commands.form_facts import NO_PROMISES, NOTHING_NAMED, FormFacts, Named, Promises, Recorded
from engine.commands.load import load_one
from engine.commands.load_form import load_facts
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.refused import Refused
from statemachines.roles import Role
from tests.case_actions import AGENT, FORMS, HANDLER, HOUR, START, SUPERVISOR, case_of, make_move, new_case

FILE = "0" * 32
NO_STORE = cast("Tx", None)
OWNER = Acting(9, HANDLER, frozenset({Role.HANDLER}), department="claims")
CLAIMS = Named(people={HANDLER: OWNER}, departments=frozenset({"claims"}))


def loaded_for(store: Store, command: Command) -> Any:
    """What was read for a command of an hour later, after its transaction has ended."""
    with store.looking() as tx:
        return load_one(tx, command.wanted, to_micros(START + HOUR))


def planned(store: Store, command: Command, facts: FormFacts) -> Any:
    return plan_command(begin_move(command, loaded_for(store, command)), facts)


def test_a_move_is_planned_after_its_transaction_has_ended_and_nothing_is_written(sqlite_store: Store):
    number = new_case(sqlite_store)
    make_move(sqlite_store, number, "classify")
    plan = planned(sqlite_store, Command(number, "assign", FORMS["assign"], SUPERVISOR), FormFacts(named=CLAIMS))
    assert [(row["move"], row["seq"]) for row in plan.transitions] == [("assign", 3)]
    assert (plan.case.owner, case_of(sqlite_store, number)["owner"]) == (HANDLER, None)


def test_for_a_form_that_names_nothing_the_store_is_not_asked(sqlite_store: Store):
    number = new_case(sqlite_store)
    command = Command(number, "investigate", FORMS["investigate"], HANDLER)
    begun = begin_move(command, loaded_for(sqlite_store, command))
    facts = load_facts(NO_STORE, begun.context, command, begun.form, begun.actor)
    assert facts == FormFacts()
    assert (facts.named, facts.promises) == (NOTHING_NAMED, NO_PROMISES)


def attachment(**differences: Any) -> FormFacts:
    row = {"case_id": 1, "erased_at": None, "lasts": True, "digest": "d"} | differences
    return FormFacts(Recorded(attachments={FILE: SimpleNamespace(**row)}))


ELSEWHERE, LEFT = replace(OWNER, department="hotline"), replace(OWNER, disabled_at=1)
KEPT = SimpleNamespace(outcome="met", closed_at=to_micros(START))


@pytest.mark.parametrize(
    ("move", "form", "facts", "code"),
    [
        ("assign", FORMS["assign"], FormFacts(), "unknown_department"),
        ("assign", FORMS["assign"], FormFacts(named=replace(CLAIMS, people={})), "unknown_actor"),
        ("assign", FORMS["assign"], FormFacts(named=replace(CLAIMS, people={HANDLER: LEFT})), "actor_disabled"),
        ("assign", FORMS["assign"], FormFacts(named=replace(CLAIMS, people={HANDLER: ELSEWHERE})), "owner_elsewhere"),
        ("note", {"note": "A photograph.", "attachments": FILE}, FormFacts(), "unknown_attachment"),
        ("note", {"note": "A photograph.", "attachments": FILE}, attachment(case_id=2), "unknown_attachment"),
        ("note", {"note": "A photograph.", "attachments": FILE}, attachment(erased_at=1), "attachment_erased"),
        ("note", {"note": "A photograph.", "attachments": FILE}, attachment(lasts=False), "unknown_attachment"),
        ("keep_promise", FORMS["keep_promise"], FormFacts(), "guard"),
        (
            "keep_promise",
            FORMS["keep_promise"],
            FormFacts(promises=Promises(outcomes={("promise", 1): KEPT})),
            "promise_kept",
        ),
    ],
)
def test_what_was_read_decides_what_is_refused(
    sqlite_store: Store, move: str, form: dict[str, Any], facts: FormFacts, code: str
):
    number = new_case(sqlite_store)
    actor = SUPERVISOR if move == "assign" else AGENT
    with pytest.raises(Refused) as refused:
        planned(sqlite_store, Command(number, move, form, actor), facts)
    assert refused.value.code == code
