"""Policy packs: a blank or contradictory limit and a faulty field are refused by name."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.calendars.calendar import calendar
from engine.calendars.deadlines import Unit
from engine.commands.open_case import Opening, open_case
from engine.rules.limits import Limit, budget_of
from engine.rules.policy import NOT_PACKS, Pack, load_pack, pack
from engine.rules.policy_gaps import asked
from engine.store import Store
from models.columns import MICROSECOND, to_micros
from statemachines.kinds import lifecycles
from tests.case_actions import HOUR, START, contact, query_rows, refusal
from tests.engine.rules.sample_rules import VALID_PACK, write_pack


def limit_and_budget(pack: Pack, clause: str, start: int) -> tuple[Limit, int]:
    """Return the clause's limit and its budget in microseconds from ``start`` on."""
    limit = pack.limit(clause, {})
    assert limit is not None
    return limit, budget_of(limit, calendar(limit.calendar), start)


def test_a_valid_pack_is_loaded(tmp_path: Path):
    loaded = load_pack(write_pack(tmp_path, VALID_PACK))
    assert (loaded.edition, loaded.rounds.max, loaded.callbacks.attempts) == ("test@1", None, 3)
    limit, budget = limit_and_budget(loaded, "first_reply", 0)
    assert (limit.amount, limit.unit, budget * MICROSECOND) == (2, Unit.HOURS, 2 * HOUR)


@pytest.mark.requirement("A5")
@pytest.mark.parametrize("clause", ["solution", "revisit"])
def test_a_blank_or_missing_limit_is_not_set_and_refuses_nothing(tmp_path: Path, clause: str):
    loaded = load_pack(write_pack(tmp_path, VALID_PACK))
    assert loaded.limit(clause, {}) is None
    assert loaded.is_unset(clause, {})


@pytest.mark.parametrize("half", ["amount = 3", 'unit = "hours"'])
def test_an_amount_without_a_unit_or_the_reverse_is_blank(tmp_path: Path, half: str):
    loaded = load_pack(write_pack(tmp_path, VALID_PACK.replace("[clauses.solution]", f"[clauses.solution]\n{half}")))
    assert loaded.limit("solution", {}) is None
    assert loaded.is_unset("solution", {})


@pytest.mark.parametrize(
    ("unit", "budget"), [("business_hours", 2 * HOUR), ("business_days", timedelta(days=4, hours=9))]
)
def test_business_units_are_counted_in_the_calendar_of_the_clause(tmp_path: Path, unit: str, budget: timedelta):
    """Two working hours are a budget of two hours; two working days from a Friday end on Tuesday at close."""
    office = f'unit = "{unit}"\ncalendar = "cn-office"'
    loaded = load_pack(write_pack(tmp_path, VALID_PACK.replace('unit = "hours"', office)))
    friday = datetime(2026, 3, 6, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert limit_and_budget(loaded, "first_reply", to_micros(friday))[1] * MICROSECOND == budget


def test_days_are_dates_in_the_zone_of_the_clause(tmp_path: Path):
    loaded = load_pack(write_pack(tmp_path, VALID_PACK.replace('"hours"', '"days"')))
    start = datetime(2026, 3, 2, 23, 59, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert limit_and_budget(loaded, "first_reply", to_micros(start))[1] * MICROSECOND == timedelta(days=2)


FAULTS = {
    "version": ('version = "1"', ""),
    "clauses.first_reply.amount": ("amount = 2", "amount = 0"),
    "clauses.first_reply.unit": ('unit = "hours"', 'unit = "weeks"'),
    "clauses.first_reply.source": ('source = "D 1"', ""),
    "clauses.first_reply.amont": ("amount = 2", "amont = 2"),
    "ladder.1.level": ("level = 1", "level = 4"),
    "ladder.0.percent": ("percent = 75", "percent = 0"),
    "rounds": ("[clauses.first_reply]", "[rounds]\nmax = 0\n[clauses.first_reply]"),
}


@pytest.mark.parametrize("field", FAULTS)
def test_a_fault_is_refused_with_file_and_field(tmp_path: Path, field: str):
    path = write_pack(tmp_path, VALID_PACK.replace(*FAULTS[field]))
    refused = refusal(lambda: load_pack(path))
    assert (refused.code, refused.params["file"]) == ("bad_pack", "test.toml")
    assert any(fault["field"].startswith(field) for fault in refused.params["faults"])


@pytest.mark.parametrize("ladder", ["percent = 100, level = 0", "percent = 120, level = 0"])
def test_a_ladder_must_rise(tmp_path: Path, ladder: str):
    refused = refusal(lambda: load_pack(write_pack(tmp_path, VALID_PACK.replace("percent = 75, level = 0", ladder))))
    assert (refused.code, refused.params["faults"][0]["field"]) == ("bad_pack", "ladder")


def test_a_ladder_without_a_step_is_refused(tmp_path: Path):
    text = "\n".join("ladder = []" if line.startswith("ladder") else line for line in VALID_PACK.splitlines())
    assert refusal(lambda: load_pack(write_pack(tmp_path, text))).code == "bad_pack"


def test_a_ladder_with_a_falling_level_is_refused(tmp_path: Path):
    text = VALID_PACK.replace("percent = 75, level = 0", "percent = 75, level = 2")
    assert refusal(lambda: load_pack(write_pack(tmp_path, text))).code == "bad_pack"


@pytest.mark.parametrize("text", ["name = ", "\udcff"])
def test_an_unreadable_or_missing_file_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "test.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert refusal(lambda: load_pack(path)).code == "bad_pack"
    assert refusal(lambda: load_pack(tmp_path / "missing.toml")).code == "bad_pack"


def test_a_pack_with_an_unknown_calendar_is_refused(tmp_path: Path):
    text = VALID_PACK.replace('unit = "hours"', 'unit = "hours"\ncalendar = "moon"')
    refused = refusal(lambda: load_pack(write_pack(tmp_path, text)))
    assert (refused.code, refused.params["faults"][0]["field"]) == ("bad_pack", "clauses.first_reply.calendar")


def test_an_unknown_pack_is_refused_with_the_known_ones():
    refused = refusal(lambda: pack("../secrets"))
    assert refused.code == "unknown_pack"
    assert "logistics" in refused.params["known"]
    assert not NOT_PACKS & set(refused.params["known"])


def test_the_logistics_pack_has_the_limits_of_its_document():
    limits = {
        clause: limit_and_budget(pack("logistics"), clause, to_micros(START)) for clause in ("first_reply", "solution")
    }
    assert {clause: budget * MICROSECOND for clause, (_, budget) in limits.items()} == {
        "first_reply": 2 * HOUR,
        "solution": 24 * HOUR,
    }
    assert limit_and_budget(pack("logistics"), "revisit", to_micros(START))[1] * MICROSECOND == timedelta(days=7)
    assert [(step.percent, step.level) for step in pack("logistics").ladder] == [(75, 0), (100, 1), (150, 2), (200, 3)]


def test_the_logistics_pack_covers_every_clause_of_a_complaint():
    """One clause is blank in the document and one is not promised; all others have an amount."""
    clauses, rules = asked([lifecycles()["complaint"]]), pack("logistics")
    assert [clause for clause in clauses if rules.is_unset(clause, {})] == ["department_limit"]
    assert [clause for clause in clauses if clause in rules.unpromised] == ["progress_note"]


def test_an_unpromised_clause_is_not_blank(tmp_path: Path):
    loaded = load_pack(write_pack(tmp_path, VALID_PACK + '[unpromised]\nrevisit = "D says nothing"\n'))
    assert loaded.limit("revisit", {}) is None
    assert not loaded.is_unset("revisit", {})


@pytest.mark.requirement("B4")
def test_a_bound_has_an_amount_or_none(tmp_path: Path):
    bounds = '[bounds.a]\namount = 5\nof = "fen"\nsource = "D 3"\n[bounds.b]\nof = "fen"\nsource = "D 4: blank"\n'
    loaded = load_pack(write_pack(tmp_path, VALID_PACK + bounds))
    assert [loaded.bound(name) for name in ("a", "b", "c")] == [5, None, None]


@pytest.mark.requirement("B6")
def test_alerts_may_be_limited_to_the_hours_of_a_calendar(tmp_path: Path):
    alerts = load_pack(write_pack(tmp_path, VALID_PACK + '[alerts]\ncalendar = "cn-office"\nlevels = [2, 3]\n')).alerts
    assert (alerts.calendar, alerts.levels) == ("cn-office", (2, 3))
    assert load_pack(write_pack(tmp_path, VALID_PACK)).alerts.calendar is None


@pytest.mark.requirement("D1")
def test_callbacks_may_recur_and_follow_inquiries(tmp_path: Path):
    callbacks = load_pack(
        write_pack(tmp_path, VALID_PACK + "[callbacks]\nrecurrence_days = 90\ninquiries = true\n")
    ).callbacks
    assert (callbacks.recurrence_days, callbacks.inquiries) == (90, True)
    default = load_pack(write_pack(tmp_path, VALID_PACK)).callbacks
    assert (default.recurrence_days, default.inquiries) == (None, False)


def test_a_case_under_an_unknown_pack_is_not_opened(store: Store):
    assert refusal(lambda: open_case(store, Opening(contact(), pack="moon"), START)).code == "unknown_pack"
    assert query_rows(store, "SELECT id FROM cases") == []
