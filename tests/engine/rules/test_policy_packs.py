"""What each document says stands in its pack and nothing more; what is bad is refused whole, what is open is named."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from engine.calendars.deadlines import Unit
from engine.rules.limits import Limit
from engine.rules.policy import NOT_PACKS, Pack, load_pack, names, pack
from engine.rules.policy_gaps import Gap, GapReason, agreed, asked, asked_bounds, gaps
from statemachines.kinds import lifecycles
from tests.case_actions import refusal
from tests.engine.rules.test_limits import graded
from tests.engine.rules.test_policy import SOUND, written

TODAY = date(2026, 11, 22)

PROMISED = {
    "shipping": {"first_reply": (24, Unit.HOURS), "confirm_booking": (48, Unit.HOURS)},
    "logistics": {"first_reply": (2, Unit.HOURS), "solution": (24, Unit.HOURS)},
    "haulage": {"revisit": (7, Unit.DAYS)},
    "general": {},
}
"""What the documents promise; logistics has a borrowed figure more, and each pack those of ours, and they say so."""
OURS = {"archive": 3, "answer_evaluation": 3, "appeal_window": 7, "plan_watch": 30}
"""Days that no document speaks of, and without which a case could not run to its end, or not be answered in time."""
TARGETS = {
    "shipping": {"satisfaction_score": (">=", "90", "points"), "complaint_rate": ("<", "0.5", "percent")},
    "logistics": {"satisfaction_rate": (">=", "90", "percent"), "complaint_rate": ("<=", "5", "percent")},
    "haulage": {},
    "general": {},
}


def is_ours(limit: Limit) -> bool:
    return limit.source.startswith("ours: ")


def amounts(one: Pack) -> dict[str, tuple[int | None, Unit | None]]:
    said = {clause: limit for clause, limit in one.clauses.items() if not limit.blank and not is_ours(limit)}
    return {clause: (limit.amount, limit.unit) for clause, limit in said.items()}


def test_the_packs_are_those_of_the_documents():
    assert {name: pack(name).document for name in names()} == {
        "shipping": "S1",
        "logistics": "S2",
        "haulage": "S3",
        "general": "S5",
    }
    assert not NOT_PACKS & set(names())


@pytest.mark.requirement("A5")
@pytest.mark.parametrize("name", PROMISED)
def test_a_pack_promises_what_its_document_says_and_leaves_the_rest_blank(name: str):
    said = amounts(pack(name))
    if name == "logistics":
        assert said.pop("revisit") == (7, Unit.DAYS)
    assert said == PROMISED[name]


@pytest.mark.requirement("A5")
@pytest.mark.parametrize("name", PROMISED)
def test_every_limit_names_its_source(name: str):
    for clause, limit in pack(name).clauses.items():
        for one in (limit, *limit.when):
            assert pack(name).document in one.source or one.source.startswith("ours: "), clause
    assert pack("logistics").clauses["revisit"].source.startswith("borrowed from S3")
    ours = {clause: limit for clause, limit in pack(name).clauses.items() if is_ours(limit)}
    assert {clause: (limit.amount, limit.unit) for clause, limit in ours.items()} == {
        clause: (days, Unit.DAYS) for clause, days in OURS.items()
    }
    assert all(pack(name).document in why for why in pack(name).unpromised.values())


@pytest.mark.requirement("B4")
@pytest.mark.parametrize("name", PROMISED)
def test_a_compensation_above_our_bound_takes_a_second_person(name: str):
    """1,000 yuan, and each company's own in the general code."""
    assert pack(name).bound("compensation") == (None if name == "general" else 100_000)
    assert pack(name).bounds["compensation"].source.startswith("ours: ")


@pytest.mark.requirement("E2")
@pytest.mark.parametrize("name", TARGETS)
def test_an_indicator_keeps_its_operator_and_its_target(name: str):
    told = {key: (one.operator, one.target, one.of) for key, one in pack(name).indicators.items()}
    assert told == {key: (sign, Decimal(target), of) for key, (sign, target, of) in TARGETS[name].items()}


@pytest.mark.requirement("D1")
def test_the_callback_of_the_haulier_is_counted_from_completion():
    rules = pack("haulage").callbacks
    assert (rules.trigger, rules.window) == ("completion", "revisit")
    assert [pack(name).callbacks.trigger for name in ("shipping", "logistics", "general")] == [None] * 3


@pytest.mark.requirement("B3")
@pytest.mark.parametrize("name", PROMISED)
def test_no_document_bounds_the_rounds(name: str):
    assert pack(name).rounds.max is None


def override(*lines: str) -> str:
    return "\n[[clauses.first_reply.when]]\n" + "\n".join((*lines, "amount = 1", 'source = "D"')) + "\n"


URGENT, MAIL = 'severity = "urgent"', 'channel = "mail"'
FAULTS = {
    "a wrong unit": (SOUND.replace('"hours"', '"weeks"'), "clauses.first_reply.unit", "business_days"),
    "a negative amount": (SOUND.replace("amount = 2", "amount = -2"), "clauses.first_reply.amount", "greater than 0"),
    "an amount beyond all sense": (
        SOUND.replace("amount = 2", "amount = 1000001"),
        "clauses.first_reply.amount",
        "less than or equal",
    ),
    "half an hour": (SOUND.replace("amount = 2", "amount = 0.5"), "clauses.first_reply.amount", "integer"),
    "an unknown key": (SOUND.replace("amount = 2", "amuont = 2"), "clauses.first_reply.amuont", "not permitted"),
    "an empty source": (SOUND.replace('"D 1"', '""'), "clauses.first_reply.source", "at least 1"),
    "an unknown calendar": (
        SOUND.replace('unit = "hours"', 'unit = "hours"\ncalendar = "moon"'),
        "clauses.first_reply.calendar",
        "cn-office",
    ),
    "an override on an unknown calendar": (
        SOUND + override(URGENT, 'calendar = "moon"'),
        "clauses.first_reply.when.0.calendar",
        "moon",
    ),
    "a ladder that falls": (SOUND.replace("percent = 75", "percent = 175"), "ladder", "rise"),
    "another name than the file's": (SOUND.replace('name = "test"', 'name = "x"'), "name", "test"),
    "an unknown zone": (SOUND.replace("Asia/Shanghai", "Asia/Moon"), "zone", "Asia/Moon"),
    "a date that is none": ('effective_from = "soon"\n' + SOUND, "effective_from", "date"),
    "a window without a clause": (SOUND + '[callbacks]\nwindow = "moon"\n', "callbacks.window", "first_reply"),
    "both sides of a contradiction": (
        SOUND.replace("amount = 2", 'amount = 2\ncontradicts = "D 9"'),
        "clauses.first_reply",
        "contradict",
    ),
    "an override for nobody": (SOUND + override(), "clauses.first_reply", "severity, channel"),
    "an override for an unknown severity": (
        SOUND + override('severity = "urgnet"'),
        "clauses.first_reply.when.0.severity",
        "urgent",
    ),
    "the same override twice": (SOUND + override(URGENT) + override(URGENT), "clauses.first_reply", "holds for both"),
    "two overrides that meet": (SOUND + override(URGENT) + override(MAIL), "clauses.first_reply", "holds for both"),
    "a clause that is promised and is not": (
        SOUND + '[unpromised]\nfirst_reply = "D"\n',
        "",
        "first_reply: stands in clauses and in unpromised",
    ),
    "an override for an unknown type of customer": (
        SOUND + override('customer_type = "king"'),
        "clauses.first_reply.when.0.customer_type",
        "key_account",
    ),
    "alerts in the hours of an unknown calendar": (
        SOUND + '[alerts]\ncalendar = "moon"\n',
        "alerts.calendar",
        "cn-office",
    ),
    "alerts to a level that there is not": (SOUND + "[alerts]\nlevels = [4]\n", "alerts.levels.0", "less than"),
    "a bound of nothing": (
        SOUND + '[bounds.compensation]\namount = 0\nof = "fen"\nsource = "D"\n',
        "bounds.compensation.amount",
        "greater than 0",
    ),
    "a bound without a source": (
        SOUND + '[bounds.compensation]\namount = 5\nof = "fen"\n',
        "bounds.compensation.source",
        "required",
    ),
    "a call that recurs each day of never": (
        SOUND + "[callbacks]\nrecurrence_days = 0\n",
        "callbacks.recurrence_days",
        "greater than",
    ),
    "a name that is no word": (SOUND.replace('name = "test"', 'name = "../test"'), "name", "match"),
    "an unknown operator": (
        SOUND + '[indicators.rate]\noperator = "="\ntarget = 5\nof = "percent"\nsource = "D"\n',
        "indicators.rate.operator",
        "'<='",
    ),
}


@pytest.mark.requirement("A5")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_pack_is_refused_with_its_place_and_what_would_do(tmp_path: Path, fault: str):
    text, field, why = FAULTS[fault]
    told = refusal(lambda: load_pack(written(tmp_path, text)))
    assert (told.code, told.params["file"]) == ("bad_pack", "test.toml")
    [found] = [one for one in told.params["faults"] if one["field"] == field]
    assert why in found["why"]


def test_all_faults_are_told_at_once(tmp_path: Path):
    text = SOUND.replace("Asia/Shanghai", "Asia/Moon").replace("percent = 75", "percent = 175")
    told = refusal(lambda: load_pack(written(tmp_path, text)))
    assert [one["field"] for one in told.params["faults"]] == ["zone", "ladder"]


def test_a_file_that_is_no_toml_is_refused_with_its_line(tmp_path: Path):
    told = refusal(lambda: load_pack(written(tmp_path, "name = 1\nversion = \n")))
    assert told.code == "bad_pack"
    assert "line 2" in told.params["faults"][0]["why"]


def named(one: Pack, clauses: list[str], today: date = TODAY) -> list[tuple[GapReason, str | None, dict[str, str]]]:
    return [(gap.reason, gap.clause, dict(gap.traits)) for gap in gaps(one, clauses, today)]


def test_every_place_that_needs_its_owner_is_named(tmp_path: Path):
    assert named(graded(tmp_path), ["first_reply", "revisit"]) == [
        (GapReason.BLANK, "revisit", {}),
        (GapReason.BLANK, "first_reply", {"severity": "low", "channel": "sms"}),
        (GapReason.BLANK, "solution", {}),
        (GapReason.CONTRADICTORY, "solution", {"severity": "urgent"}),
        (GapReason.UNUSED, "solution", {}),
    ]


def test_a_clause_the_document_does_not_have_is_blank_without_a_source(tmp_path: Path):
    read = load_pack(written(tmp_path, SOUND))
    assert next(gaps(read, ["revisit"], TODAY)) == Gap(read, GapReason.BLANK, "revisit", None)


@pytest.mark.requirement("F4")
def test_a_pack_that_is_in_force_only_later_is_named(tmp_path: Path):
    read = load_pack(written(tmp_path, "effective_from = 2026-12-01\n" + SOUND))
    clauses = ["first_reply", "solution"]
    blank = (GapReason.BLANK, "solution", {})
    assert read.effective_from == date(2026, 12, 1)
    assert named(read, clauses, date(2026, 11, 30)) == [(GapReason.FUTURE, None, {}), blank]
    assert named(read, clauses, date(2026, 12, 1)) == [blank]


@pytest.mark.parametrize("name", PROMISED)
def test_every_clause_of_every_lifecycle_stands_in_every_pack(name: str):
    said = {*pack(name).clauses, *pack(name).unpromised}
    assert [clause for clause in asked(lifecycles().values()) if clause not in said] == []


def test_what_is_not_promised_is_no_gap_unless_nobody_asks_for_it(tmp_path: Path):
    read = load_pack(written(tmp_path, SOUND + '[unpromised]\nrevisit = "D says nothing"\nmoon = "D, too"\n'))
    assert named(read, ["first_reply", "solution", "revisit"]) == [
        (GapReason.BLANK, "solution", {}),
        (GapReason.UNUSED, "moon", {}),
    ]


@pytest.mark.requirement("B4")
def test_a_bound_without_a_figure_is_named(tmp_path: Path):
    read = load_pack(written(tmp_path, SOUND + '[bounds.compensation]\nof = "fen"\nsource = "D 9: blank"\n'))
    assert (GapReason.UNBOUNDED, "compensation", {}) in named(read, ["first_reply", "solution"])


@pytest.mark.requirement("B4")
def test_a_bound_that_a_lifecycle_asks_for_and_the_pack_lacks_is_named(tmp_path: Path):
    read = load_pack(written(tmp_path, SOUND))
    found = list(gaps(read, [], TODAY, ["first_reply", "solution"], ["finance"]))
    assert [(gap.reason, gap.clause, gap.source) for gap in found if gap.clause == "finance"] == [
        (GapReason.UNBOUNDED, "finance", None)
    ]


@pytest.mark.parametrize("name", PROMISED)
def test_every_bound_of_every_lifecycle_stands_in_every_pack(name: str):
    assert {"compensation", "position_age_hours"} <= set(asked_bounds(lifecycles().values())) & pack(name).bounds.keys()


@pytest.mark.requirement("B9")
def test_a_deadline_that_is_agreed_asks_no_pack_for_an_amount():
    tables = lifecycles().values()
    assert "promise" in agreed(tables)
    assert not set(agreed(tables)) & set(asked(tables))


def test_a_pack_may_speak_of_a_deadline_that_is_agreed(tmp_path: Path):
    read = load_pack(written(tmp_path, SOUND))
    found = list(gaps(read, ["first_reply"], TODAY, ["solution"]))
    assert [gap.reason for gap in found] == [GapReason.BLANK]
