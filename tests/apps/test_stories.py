"""Small lives in simulated time: pauses, second rounds, callbacks in vain, and the hours in which people work."""

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
    """A contact that comes so long after ``START``, with its reply so long after it came, if any."""
    at = START + after
    who = ["王女士", "13800138000", "wang@example.com"]
    return [row_id, at.isoformat(), BROKEN, *who, *(["已赔付", (at + replied).isoformat()] if replied else ["", ""])]


def step(row_id: str, after: str, by: str, move: str, **form: Any) -> str:
    told = ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in form.items())
    return f'[[step]]\ncontact = "{row_id}"\nafter = "{after}"\nby = "{by}"\nmove = "{move}"\nset = {{ {told} }}\n'


def answers(row_id: str, *told: str) -> str:
    """How the customer answers call by call: an outcome, or why nobody was reached."""
    spoken = [f'{{ outcome = "{one}" }}' if one.endswith("satisfied") else f'"{one}"' for one in told]
    return f'[[call]]\ncontact = "{row_id}"\nanswers = [{", ".join(spoken)}]\n'


@dataclass
class Life:
    """A simulated store, its contacts and its scenario."""

    closeloop: Closeloop
    store: Store
    folder: Path

    def live(self, until: timedelta, contacts: list[list[str]], *scenario: str) -> dict[str, Any]:
        with (self.folder / "contacts.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([HEADER, *contacts])
        (self.folder / "contacts.toml").write_text(MAPPING, "utf-8")
        (self.folder / "scenario.toml").write_text("\n".join(scenario), "utf-8")
        self.closeloop.json("import", self.folder / "contacts.csv")
        return self.go_on(until)

    def go_on(self, until: timedelta) -> dict[str, Any]:
        lived = self.closeloop.json(
            "run-until", (START + until).isoformat(), "--scenario", self.folder / "scenario.toml"
        )
        assert self.closeloop.json("verify")["ok"] is True
        return lived

    def number(self, row_id: str) -> str:
        sql = "SELECT c.number FROM cases c JOIN arrival a ON a.case_id = c.id WHERE a.row_id = :row_id"
        return query_rows(self.store, sql, row_id=row_id)[0]["number"]

    def mails(self) -> list[dict[str, str]]:
        drop = self.store.home / "outbox" / "mail.jsonl"
        return [json.loads(line) for line in drop.read_text("utf-8").splitlines()]


@pytest.fixture
def life(closeloop: Closeloop, simulated: Store, tmp_path: Path) -> Life:
    return Life(closeloop, simulated, tmp_path)


def test_clocks_rest_while_the_customer_is_asked(life: Life):
    life.live(
        HOUR * 14.5,
        [contact("A", HOUR)],
        step("A", "1h", "han", "ask_customer", question="Which box?"),
        step("A", "11h", "han", "customer_answers", answer="The third."),
    )
    number = life.number("A")
    assert fired_steps_of(life.store, number) == [
        ("first_reply", 75, HOUR * 12.5),
        ("first_reply", 100, HOUR * 13),
        ("first_reply", 150, HOUR * 14),
    ]
    assert timer_of(life.store, number, "solution")["consumed"] == HOUR // timedelta(microseconds=1)
    assert case_of(life.store, number)["level"] == 2


def test_a_dissatisfied_customer_begins_a_second_round_one_level_higher(life: Life):
    life.live(
        DAY * 6,
        [contact("A", HOUR)],
        step("A", "1h", "han", "investigate", findings="It fell."),
        step("A", "1h 20m", "han", "resolve", result="We pay half."),
        step("A", "2d", "han", "resolve", result="We pay all."),
        step("A", "2d 2h", "amy", "revisit", outcome="satisfied", words="好的"),
        answers("A", "dissatisfied"),
    )
    number = life.number("A")
    moves = [(row["move"], row["dest"], row["cycle"], row["level"]) for row in history_of(life.store, number)]
    assert [one for one in moves if one[0] in {"resolve", "revisit", "archive"}] == [
        ("resolve", "resolved", 1, 0),
        ("revisit", "investigated", 2, 1),
        ("resolve", "resolved", 2, 1),
        ("revisit", "revisited", 2, 1),
        ("archive", "archived", 2, 1),
    ]
    clocks = query_rows(life.store, "SELECT clause, cycle, outcome FROM timer ORDER BY id")
    assert {(one["clause"], one["cycle"]): one["outcome"] for one in clocks} == {
        ("first_reply", 1): "met",
        ("solution", 1): "met",
        ("revisit", 1): "met",
        ("solution", 2): "met",
        ("revisit", 2): "met",
        ("archive", 2): "done",
    }
    calls = query_rows(life.store, "SELECT cycle, attempt, outcome FROM callback ORDER BY cycle, attempt")
    assert [tuple(one.values()) for one in calls] == [(1, 1, "dissatisfied"), (2, 1, "revisit")]


def test_a_satisfied_customer_is_called_once(life: Life):
    life.live(DAY * 8, [contact("A", HOUR, 2 * HOUR)], answers("A", "busy", "satisfied"))
    number = life.number("A")
    calls = query_rows(life.store, "SELECT attempt, outcome FROM callback ORDER BY attempt")
    assert [tuple(one.values()) for one in calls] == [(1, "busy"), (2, "satisfied")]
    assert moves_of(life.store, number)[-3:] == ["attempt", "revisit", "archive"]
    assert timer_of(life.store, number, "revisit")["outcome"] == "met"
    assert "missed_you" not in " ".join(one["key"] for one in life.mails())


def test_a_customer_called_three_times_in_vain_gets_a_mail_and_the_case_its_end(life: Life):
    life.live(DAY * 10, [contact("A", HOUR, HOUR)], answers("A", "busy"))
    number = life.number("A")
    calls = query_rows(life.store, "SELECT attempt, outcome FROM callback ORDER BY attempt")
    assert [tuple(one.values()) for one in calls] == [(1, "busy"), (2, "no_answer"), (3, "no_answer")]
    assert moves_of(life.store, number)[-5:] == ["attempt", "attempt", "attempt", "unreachable", "archive"]
    *_, unreachable, archive = history_of(life.store, number)
    assert from_micros(archive["occurred_at"]) - from_micros(unreachable["occurred_at"]) == 3 * DAY
    [mail] = [one for one in life.mails() if "missed_you" in one["key"]]
    assert (mail["to"], number in mail["subject"]) == ("wang@example.com", True)


def works(at: datetime) -> bool:
    """Monday to Friday, nine to twelve and one to six, in Shanghai."""
    there = at.astimezone(SHANGHAI)
    morning = time(9) <= there.time() < time(12)
    return there.weekday() < 5 and (morning or time(13) <= there.time() < time(18))


def test_callbacks_are_made_in_working_hours_only(life: Life):
    spread = [contact(str(hour), HOUR * hour, HOUR / 2) for hour in range(1, 170, 7)]
    life.live(DAY * 25, spread)
    calls = query_rows(
        life.store, "SELECT case_id, attempt, planned_at, done_at FROM callback ORDER BY case_id, attempt"
    )
    assert len(calls) == 3 * len(spread)
    for one in calls:
        planned = from_micros(one["planned_at"])
        assert works(planned), f"{planned} is no working hour"
        assert one["done_at"] == one["planned_at"]
    by_case: Callable[[int], list[datetime]] = lambda case_id: [  # noqa: E731
        from_micros(one["planned_at"]).astimezone(SHANGHAI) for one in calls if one["case_id"] == case_id
    ]
    for case_id in {one["case_id"] for one in calls}:
        first, second, third = by_case(case_id)
        assert first.date() < second.date() < third.date(), "each attempt is made on another day"


def test_a_stretch_in_pieces_is_a_stretch_at_once(life: Life):
    """Running until an instant and on from there changes nothing: no rung, call or night is doubled or lost."""
    life.live(HOUR, [contact("A", HOUR), contact("B", HOUR, 20 * HOUR)], answers("B", "satisfied"))
    nights = sum(life.go_on(HOUR * hours)["nights"] for hours in range(7, 24 * 9, 7))
    assert nights == 3 * 8 + 2, "three a day, and a Sunday's two"
    number = life.number("A")
    assert len(set(fired_steps_of(life.store, number))) == len(fired_steps_of(life.store, number)) == 8
    assert moves_of(life.store, life.number("B"))[-2:] == ["revisit", "archive"]


def test_who_acts_where_he_may_not_is_counted_and_the_life_goes_on(life: Life):
    lived = life.live(
        DAY,
        [contact("A", HOUR)],
        step("A", "1h", "han", "refuse", code="not_ours", told="x"),
        step("A", "2h", "han", "note", note="He called."),
    )
    assert lived["acts"] == 1
    assert "note" in moves_of(life.store, life.number("A"))
