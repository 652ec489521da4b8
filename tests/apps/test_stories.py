"""Simulated cases from contact to end: pauses, second rounds, unanswered callbacks and working hours."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.store import Store
from models.columns import from_micros
from tests.apps.conftest import Closeloop
from tests.case_actions import DAY, HOUR, START, case_of, fired_steps_of, history_of, moves_of, query_rows, timer_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
HEADER = ["id", "at", "text", "customer", "phone", "email", "reply", "replied"]
MAPPING = """
source = { name = "desk", kind = "complaint", pack = "logistics", zone = "Asia/Shanghai" }
contact = { row_id = "id", at = "at", text = "text", customer = "customer", phone = "phone", email = "email" }
reply = { text = "reply", at = "replied" }
"""
BROKEN = "签收时发现货物破损。"


def contact(row_id: str, after: timedelta, replied: timedelta | None = None) -> list[str]:
    """Return a contact so long after ``START``, with a reply so long after the contact, if any."""
    at = START + after
    customer = ["王女士", "13800138000", "wang@example.com"]
    return [
        row_id,
        at.isoformat(),
        BROKEN,
        *customer,
        *(["已赔付", (at + replied).isoformat()] if replied else ["", ""]),
    ]


def step(row_id: str, after: str, by: str, move: str, **form: Any) -> str:
    """Return the block of a scenario in which somebody makes a move."""
    values = ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in form.items())
    return f'[[step]]\ncontact = "{row_id}"\nafter = "{after}"\nby = "{by}"\nmove = "{move}"\nset = {{ {values} }}\n'


def answers(row_id: str, *outcomes: str) -> str:
    """Return the block of a scenario with the answers to each call: an outcome, or why nobody was reached."""
    items = [
        f'{{ outcome = "{outcome}" }}' if outcome.endswith("satisfied") else f'"{outcome}"' for outcome in outcomes
    ]
    return f'[[call]]\ncontact = "{row_id}"\nanswers = [{", ".join(items)}]\n'


@dataclass
class Simulation:
    """A simulated store, its contacts and its scenario."""

    closeloop: Closeloop
    store: Store
    folder: Path

    def run(self, until: timedelta, contacts: list[list[str]], *scenario: str) -> dict[str, Any]:
        with (self.folder / "contacts.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([HEADER, *contacts])
        (self.folder / "contacts.toml").write_text(MAPPING, "utf-8")
        (self.folder / "scenario.toml").write_text("\n".join(scenario), "utf-8")
        self.closeloop.json("import", self.folder / "contacts.csv")
        return self.resume(until)

    def resume(self, until: timedelta) -> dict[str, Any]:
        result = self.closeloop.json(
            "run-until", (START + until).isoformat(), "--scenario", self.folder / "scenario.toml"
        )
        assert self.closeloop.json("verify")["ok"] is True
        return result

    def number(self, row_id: str) -> str:
        """Return the number of the case of a contact."""
        sql = "SELECT c.number FROM cases c JOIN arrival a ON a.case_id = c.id WHERE a.row_id = :row_id"
        return query_rows(self.store, sql, row_id=row_id)[0]["number"]

    def mails(self) -> list[dict[str, str]]:
        outbox = self.store.home / "outbox" / "mail.jsonl"
        return [json.loads(line) for line in outbox.read_text("utf-8").splitlines()]


@pytest.fixture
def simulation(closeloop: Closeloop, simulated: Store, tmp_path: Path) -> Simulation:
    return Simulation(closeloop, simulated, tmp_path)


def test_timers_are_paused_while_the_customer_is_asked(simulation: Simulation):
    simulation.run(
        HOUR * 14.5,
        [contact("A", HOUR)],
        step("A", "1h", "han", "ask_customer", question="Which box?"),
        step("A", "11h", "han", "customer_answers", answer="The third."),
    )
    number = simulation.number("A")
    assert fired_steps_of(simulation.store, number) == [
        ("first_reply", 75, HOUR * 12.5),
        ("first_reply", 100, HOUR * 13),
        ("first_reply", 150, HOUR * 14),
    ]
    assert timer_of(simulation.store, number, "solution")["consumed"] == HOUR // timedelta(microseconds=1)
    assert case_of(simulation.store, number)["level"] == 2


def test_a_dissatisfied_customer_begins_a_second_round_one_level_higher(simulation: Simulation):
    simulation.run(
        DAY * 6,
        [contact("A", HOUR)],
        step("A", "1h", "han", "investigate", findings="It fell."),
        step("A", "1h 20m", "han", "resolve", result="We pay half.", message="We pay half."),
        step("A", "2d", "han", "resolve", result="We pay all.", message="We pay all."),
        step("A", "2d 2h", "amy", "revisit", outcome="satisfied", words="好的"),
        answers("A", "dissatisfied"),
    )
    number = simulation.number("A")
    moves = [(row["move"], row["dest"], row["cycle"], row["level"]) for row in history_of(simulation.store, number)]
    assert [move for move in moves if move[0] in {"resolve", "revisit", "archive"}] == [
        ("resolve", "resolved", 1, 0),
        ("revisit", "investigated", 2, 1),
        ("resolve", "resolved", 2, 1),
        ("revisit", "revisited", 2, 1),
        ("archive", "archived", 2, 1),
    ]
    timers = query_rows(simulation.store, "SELECT clause, cycle, outcome FROM timer ORDER BY id")
    assert {(timer["clause"], timer["cycle"]): timer["outcome"] for timer in timers} == {
        ("first_reply", 1): "met",
        ("solution", 1): "met",
        ("revisit", 1): "met",
        ("solution", 2): "met",
        ("revisit", 2): "met",
        ("archive", 2): "done",
    }
    calls = query_rows(simulation.store, "SELECT cycle, attempt, outcome FROM callback ORDER BY cycle, attempt")
    assert [tuple(call.values()) for call in calls] == [(1, 1, "dissatisfied"), (2, 1, "revisit")]


def test_a_satisfied_customer_is_called_once(simulation: Simulation):
    simulation.run(DAY * 8, [contact("A", HOUR, 2 * HOUR)], answers("A", "busy", "satisfied"))
    number = simulation.number("A")
    calls = query_rows(simulation.store, "SELECT attempt, outcome FROM callback ORDER BY attempt")
    assert [tuple(call.values()) for call in calls] == [(1, "busy"), (2, "satisfied")]
    assert moves_of(simulation.store, number)[-3:] == ["attempt", "revisit", "archive"]
    assert timer_of(simulation.store, number, "revisit")["outcome"] == "met"
    assert "missed_you" not in " ".join(mail["key"] for mail in simulation.mails())


def test_after_three_unanswered_calls_the_customer_gets_a_mail_and_the_case_is_archived(simulation: Simulation):
    simulation.run(DAY * 10, [contact("A", HOUR, HOUR)], answers("A", "busy"))
    number = simulation.number("A")
    calls = query_rows(simulation.store, "SELECT attempt, outcome FROM callback ORDER BY attempt")
    assert [tuple(call.values()) for call in calls] == [(1, "busy"), (2, "no_answer"), (3, "no_answer")]
    assert moves_of(simulation.store, number)[-5:] == ["attempt", "attempt", "attempt", "unreachable", "archive"]
    *_, unreachable, archive = history_of(simulation.store, number)
    assert from_micros(archive["occurred_at"]) - from_micros(unreachable["occurred_at"]) == 3 * DAY
    [mail] = [mail for mail in simulation.mails() if "missed_you" in mail["key"]]
    assert (mail["to"], number in mail["subject"]) == ("wang@example.com", True)


def is_working_hour(at: datetime) -> bool:
    """Return whether an instant is Monday to Friday, nine to twelve or one to six, in Shanghai."""
    local = at.astimezone(SHANGHAI)
    morning = time(9) <= local.time() < time(12)
    return local.weekday() < 5 and (morning or time(13) <= local.time() < time(18))


def test_callbacks_are_made_in_working_hours_only(simulation: Simulation):
    contacts = [contact(str(hour), HOUR * hour, HOUR / 2) for hour in range(1, 170, 7)]
    simulation.run(DAY * 25, contacts)
    calls = query_rows(
        simulation.store, "SELECT case_id, attempt, planned_at, done_at FROM callback ORDER BY case_id, attempt"
    )
    assert len(calls) == 3 * len(contacts)
    for call in calls:
        planned = from_micros(call["planned_at"])
        assert is_working_hour(planned), f"{planned} is no working hour"
        assert call["done_at"] == call["planned_at"]
    by_case: Callable[[int], list[datetime]] = lambda case_id: [  # noqa: E731
        from_micros(call["planned_at"]).astimezone(SHANGHAI) for call in calls if call["case_id"] == case_id
    ]
    for case_id in {call["case_id"] for call in calls}:
        first, second, third = by_case(case_id)
        assert first.date() < second.date() < third.date(), "each attempt is made on another day"


def test_a_run_in_parts_equals_one_run(simulation: Simulation):
    """A run that is stopped and resumed doubles or loses no escalation step, call or nightly run."""
    simulation.run(HOUR, [contact("A", HOUR), contact("B", HOUR, 20 * HOUR)], answers("B", "satisfied"))
    nights = sum(simulation.resume(HOUR * hours)["nights"] for hours in range(7, 24 * 9, 7))
    assert nights == 4 * 8 + 3, "four a day, and a Sunday's three"
    number = simulation.number("A")
    assert len(set(fired_steps_of(simulation.store, number))) == len(fired_steps_of(simulation.store, number)) == 8
    assert moves_of(simulation.store, simulation.number("B"))[-2:] == ["revisit", "archive"]


def test_a_refused_move_is_counted_and_the_simulation_continues(simulation: Simulation):
    result = simulation.run(
        DAY,
        [contact("A", HOUR)],
        step("A", "1h", "han", "refuse", code="not_ours", told="x"),
        step("A", "2h", "han", "note", note="He called."),
    )
    assert result["acts"] == 1
    assert "note" in moves_of(simulation.store, simulation.number("A"))
