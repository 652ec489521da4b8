"""The check on histories that nobody made for it: what holds, and what is refused, on two public logs and a year."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.stores import new_store
from benchmarks.synthetic_year import BEGIN, DAYS, add_people, add_staff, drawn_complaints, write_complaints
from engine.rules.in_force import rules_of
from engine.store import Store
from models.columns import to_micros
from reports.staffing.record import Chosen, read_history
from reports.staffing.self_check import FAILS, HOLDS, TOO_WIDE
from reports.staffing.staffing import NO_PEOPLE, Question, Staffing, staffing
from reports.whatif.other_rules import OtherRules
from tests.apps.conftest import Closeloop, closeloop, simulated
from tests.examples.test_real_logs import HELPDESK, RECEIPT, ROOT, needs

__all__ = ["closeloop", "simulated"]

pytestmark = [pytest.mark.requirement("K3"), pytest.mark.long]


@pytest.fixture
def year(tmp_path: Path) -> Iterator[Store]:
    """Four thousand complaints of a synthetic year, handled by forty people."""
    with new_store(tmp_path, "sqlite", BEGIN - timedelta(days=61)) as settings, closing(settings.store()) as store:
        add_staff(store)
        add_people(store)
        write_complaints(store, drawn_complaints(4_000, seed=18))
        yield store


def answered(store: Store, question: Question) -> Staffing:
    at = to_micros(max(store.now(), BEGIN + timedelta(days=DAYS + 60)))
    rules = OtherRules(rules_of(store), at)
    with store.looking() as tx:
        past = read_history(tx, Chosen(), at)
    return staffing(past, rules, rules.calendar("cn-office"), question, lambda: None)


def verdicts(answer: Staffing) -> dict[str, str]:
    return {each.promise[1]: each.verdict for each in answer.checks}


@needs(HELPDESK)
def test_of_the_help_desk_nothing_is_said_of_solutions_because_it_changed(closeloop: Closeloop, simulated: Store):
    closeloop.json("replay", HELPDESK, "--mapping", ROOT / "examples" / "helpdesk.toml")
    answer = answered(simulated, Question())
    assert verdicts(answer) == {
        "first_reply": HOLDS, "revisit": HOLDS, "solution": FAILS, "customer_answer": TOO_WIDE,
    }  # fmt: skip
    assert answer.silent == [NO_PEOPLE]
    assert {promise[1] for promise in answer.foreseen[0].promises} <= {"first_reply", "revisit"}


@needs(RECEIPT)
def test_of_the_receipt_phase_nothing_is_said_of_what_varied_too_much(closeloop: Closeloop, simulated: Store):
    closeloop.json("replay", RECEIPT, "--mapping", ROOT / "examples" / "receipt.toml")
    answer = answered(simulated, Question())
    assert verdicts(answer) == {"first_reply": TOO_WIDE, "revisit": HOLDS, "solution": TOO_WIDE}
    assert answer.silent == [NO_PEOPLE]


def test_the_check_holds_on_a_synthetic_year_and_a_desk_without_people_keeps_no_callback(year: Store):
    answer = answered(year, Question(runs=5))
    assert verdicts(answer) == {"first_reply": HOLDS, "revisit": HOLDS, "solution": HOLDS}
    assert answer.silent == []
    as_it_is, fewer, more = (each.promises["complaint", "revisit"].share for each in answer.foreseen)
    assert fewer < 0.1
    assert 0.9 < as_it_is <= more
