"""Each pack holds what its document promises and nothing more; faults are refused, gaps are named."""

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
from tests.engine.rules.sample_rules import VALID_PACK, pack_with_overrides, write_pack

TODAY = date(2026, 11, 22)

PROMISED = {
    "shipping": {"first_reply": (24, Unit.HOURS), "confirm_booking": (48, Unit.HOURS)},
    "logistics": {
        "first_reply": (2, Unit.HOURS),
        "solution": (24, Unit.HOURS),
        "answer_inquiry": (24, Unit.HOURS),
    },
    "haulage": {"revisit": (7, Unit.DAYS)},
    "general": {},
}
"""What the documents promise. Logistics also has a borrowed amount, and each pack ours, marked by their source."""
OURS = {
    "archive": (3, Unit.DAYS),
    "answer_evaluation": (3, Unit.DAYS),
    "appeal_window": (7, Unit.DAYS),
    "tracking": (24, Unit.HOURS),
    "rectification": (7, Unit.DAYS),
    "plan_submission": (7, Unit.DAYS),
    "plan_watch": (30, Unit.DAYS),
    "rounds_decision": (2, Unit.DAYS),
    "customer_answer": (7, Unit.DAYS),
    "plan_consent": (3, Unit.DAYS),
    "task_assignment": (1, Unit.DAYS),
    "acceptance": (7, Unit.DAYS),
    "rectification_decision": (2, Unit.DAYS),
    "tell_affected_customer": (7, Unit.DAYS),
    "finding_cancellation": (3, Unit.DAYS),
    "plan_review": (7, Unit.DAYS),
    "plan_verification": (14, Unit.DAYS),
    **dict.fromkeys(("market_data", "service_data"), (7, Unit.DAYS)),
    **dict.fromkeys(("cycle_analysis", "cycle_review", "cycle_feedback", "cycle_planning"), (7, Unit.DAYS)),
    **dict.fromkeys(("cycle_verification", "plan_figures"), (200, Unit.DAYS)),
    "recovery_claim": (3, Unit.DAYS),
    "write_off_decision": (7, Unit.DAYS),
    "training_planning": (14, Unit.DAYS),
    "training_examination": (7, Unit.DAYS),
    "training_result": (7, Unit.DAYS),
    "certificate_renewal": (335, Unit.DAYS),
    "certificate_validity": (365, Unit.DAYS),
    "cases_of_the_uncertified": (1, Unit.DAYS),
    "proposal_assessment": (14, Unit.DAYS),
    "proposal_decision": (14, Unit.DAYS),
    "proposal_verdict": (14, Unit.DAYS),
    "forum_planning": (14, Unit.DAYS),
    **dict.fromkeys(("forum_invitation", "forum_actions"), (7, Unit.DAYS)),
    "forum_closing": (200, Unit.DAYS),
    "entry_decision": (14, Unit.DAYS),
    "appraisal_figures": (1, Unit.DAYS),
    "appraisal_window": (7, Unit.DAYS),
    "third_party_comparison": (14, Unit.DAYS),
    "survey_letter": (1, Unit.BUSINESS_HOURS),
    **dict.fromkeys(("survey_reminder", "survey_last_reminder"), (40, Unit.BUSINESS_HOURS)),
    "survey_answer": (21, Unit.DAYS),
}
"""Limits that no document names, and that a case needs to reach its end or to be answered in time."""
BLANK = {
    "shipping": {"contingency_start", "tell_affected", "interruption_review"},
    "logistics": {"department_limit"},
    "haulage": set[str](),
    "general": {"first_reply", "solution", "revisit", "rectification", "appeal", "appeal_window"},
}
"""What the documents promise and leave blank."""
URGENT_REPLY = {"shipping": 4, "logistics": 1, "general": None}
"""Ours: the hours in which an urgent case is answered; S5 leaves the figure blank, S3 promises no first reply."""
TARGETS = {
    "shipping": {"satisfaction_score": (">=", "90", "points"), "complaint_rate": ("<", "0.5", "percent")},
    "logistics": {"satisfaction_rate": (">=", "90", "percent"), "complaint_rate": ("<=", "5", "percent")},
    "haulage": {},
    "general": {},
}


def is_ours(limit: Limit) -> bool:
    return limit.source.startswith("ours: ")


def amounts(policy: Pack) -> dict[str, tuple[int | None, Unit | None]]:
    """Return amount and unit of each clause that the document promises."""
    promised = {clause: limit for clause, limit in policy.clauses.items() if not limit.blank and not is_ours(limit)}
    return {clause: (limit.amount, limit.unit) for clause, limit in promised.items()}


def test_each_pack_names_its_document():
    assert {name: pack(name).document for name in names()} == {
        "shipping": "S1",
        "logistics": "S2",
        "haulage": "S3",
        "general": "S5",
    }
    assert not NOT_PACKS & set(names())


@pytest.mark.requirement("A5")
@pytest.mark.parametrize("name", PROMISED)
def test_a_pack_has_the_limits_of_its_document_and_leaves_the_rest_blank(name: str):
    promised = amounts(pack(name))
    if name in {"logistics", "shipping"}:
        assert promised.pop("revisit") == (7, Unit.DAYS)
        assert pack(name).clauses["revisit"].source.startswith("borrowed from S3")
    assert promised == PROMISED[name]
    assert {clause for clause, limit in pack(name).clauses.items() if limit.blank} == BLANK[name]


@pytest.mark.requirement("A5")
@pytest.mark.parametrize("name", URGENT_REPLY)
def test_an_urgent_case_is_answered_sooner_where_the_document_speaks_of_an_answer(name: str):
    limit = pack(name).clauses["first_reply"].of({"severity": "urgent"})
    assert limit.amount == URGENT_REPLY[name]
    assert limit.source.startswith("S5" if name == "general" else "ours: ")


@pytest.mark.requirement("A5")
@pytest.mark.parametrize("name", PROMISED)
def test_every_limit_names_its_source(name: str):
    for clause, limit in pack(name).clauses.items():
        for row in (limit, *limit.when):
            assert pack(name).document in row.source or row.source.startswith("ours: "), clause
    ours = {clause: limit for clause, limit in pack(name).clauses.items() if is_ours(limit)}
    expected = {clause: limit for clause, limit in OURS.items() if clause not in BLANK[name]}
    if pack(name).evaluation is not None:  # the next quarter shows whether the cause is back
        expected["plan_watch"] = (100, Unit.DAYS)
    assert {clause: (limit.amount, limit.unit) for clause, limit in ours.items()} == expected
    assert all(pack(name).document in why for why in pack(name).unpromised.values())


@pytest.mark.requirement("B4")
@pytest.mark.parametrize("name", PROMISED)
def test_every_pack_has_a_bound_for_compensation(name: str):
    """It is 1,000 yuan; the general pack leaves it to each company."""
    assert pack(name).bound("compensation") == (None if name == "general" else 100_000)
    assert pack(name).bounds["compensation"].source.startswith("ours: ")


@pytest.mark.requirement("E2")
@pytest.mark.parametrize("name", TARGETS)
def test_an_indicator_has_the_operator_and_target_of_its_document(name: str):
    indicators = {
        key: (indicator.operator, indicator.target, indicator.of) for key, indicator in pack(name).indicators.items()
    }
    assert indicators == {key: (sign, Decimal(target), of) for key, (sign, target, of) in TARGETS[name].items()}


@pytest.mark.requirement("D1")
def test_the_haulage_callback_is_counted_from_completion():
    rules = pack("haulage").callbacks
    assert (rules.trigger, rules.window) == ("completion", "revisit")
    assert [pack(name).callbacks.trigger for name in ("shipping", "logistics", "general")] == [None] * 3


@pytest.mark.requirement("B3")
@pytest.mark.parametrize("name", PROMISED)
def test_no_pack_bounds_the_cycles(name: str):
    assert pack(name).rounds.max is None
    assert pack(name).rounds.source is not None


def override(*lines: str) -> str:
    return "\n[[clauses.first_reply.when]]\n" + "\n".join((*lines, "amount = 1", 'source = "D"')) + "\n"


URGENT, MAIL = 'severity = "urgent"', 'channel = "mail"'
FAULTS = {
    "a wrong unit": (VALID_PACK.replace('"hours"', '"weeks"'), "clauses.first_reply.unit", "business_days"),
    "a negative amount": (
        VALID_PACK.replace("amount = 2", "amount = -2"),
        "clauses.first_reply.amount",
        "greater than 0",
    ),
    "an amount that is too large": (
        VALID_PACK.replace("amount = 2", "amount = 1000001"),
        "clauses.first_reply.amount",
        "less than or equal",
    ),
    "half an hour": (VALID_PACK.replace("amount = 2", "amount = 0.5"), "clauses.first_reply.amount", "integer"),
    "an unknown key": (VALID_PACK.replace("amount = 2", "amuont = 2"), "clauses.first_reply.amuont", "not permitted"),
    "an empty source": (VALID_PACK.replace('"D 1"', '""'), "clauses.first_reply.source", "at least 1"),
    "an unknown calendar": (
        VALID_PACK.replace('unit = "hours"', 'unit = "hours"\ncalendar = "moon"'),
        "clauses.first_reply.calendar",
        "cn-office",
    ),
    "an override on an unknown calendar": (
        VALID_PACK + override(URGENT, 'calendar = "moon"'),
        "clauses.first_reply.when.0.calendar",
        "moon",
    ),
    "a ladder that falls": (VALID_PACK.replace("percent = 75", "percent = 175"), "ladder", "rise"),
    "another name than the file's": (VALID_PACK.replace('name = "test"', 'name = "x"'), "name", "test"),
    "an unknown zone": (VALID_PACK.replace("Asia/Shanghai", "Asia/Moon"), "zone", "Asia/Moon"),
    "an invalid date": ('effective_from = "soon"\n' + VALID_PACK, "effective_from", "date"),
    "a window without a clause": (VALID_PACK + '[callbacks]\nwindow = "moon"\n', "callbacks.window", "first_reply"),
    "both sides of a contradiction": (
        VALID_PACK.replace("amount = 2", 'amount = 2\ncontradicts = "D 9"'),
        "clauses.first_reply",
        "contradict",
    ),
    "an override without a condition": (VALID_PACK + override(), "clauses.first_reply", "severity, channel"),
    "an override for an unknown severity": (
        VALID_PACK + override('severity = "urgnet"'),
        "clauses.first_reply.when.0.severity",
        "urgent",
    ),
    "the same override twice": (
        VALID_PACK + override(URGENT) + override(URGENT),
        "clauses.first_reply",
        "holds for both",
    ),
    "two overrides that overlap": (
        VALID_PACK + override(URGENT) + override(MAIL),
        "clauses.first_reply",
        "holds for both",
    ),
    "a clause both promised and unpromised": (
        VALID_PACK + '[unpromised]\nfirst_reply = "D"\n',
        "",
        "first_reply: stands in clauses and in unpromised",
    ),
    "an override for an unknown type of customer": (
        VALID_PACK + override('customer_type = "king"'),
        "clauses.first_reply.when.0.customer_type",
        "key_account",
    ),
    "alerts in the hours of an unknown calendar": (
        VALID_PACK + '[alerts]\ncalendar = "moon"\n',
        "alerts.calendar",
        "cn-office",
    ),
    "alerts to an unknown level": (VALID_PACK + "[alerts]\nlevels = [4]\n", "alerts.levels.0", "less than"),
    "a bound of zero": (
        VALID_PACK + '[bounds.compensation]\namount = 0\nof = "fen"\nsource = "D"\n',
        "bounds.compensation.amount",
        "greater than 0",
    ),
    "a bound without a source": (
        VALID_PACK + '[bounds.compensation]\namount = 5\nof = "fen"\n',
        "bounds.compensation.source",
        "required",
    ),
    "a recurrence of zero days": (
        VALID_PACK + "[callbacks]\nrecurrence_days = 0\n",
        "callbacks.recurrence_days",
        "greater than",
    ),
    "a name with other characters": (VALID_PACK.replace('name = "test"', 'name = "../test"'), "name", "match"),
    "an unknown operator": (
        VALID_PACK + '[indicators.rate]\noperator = "="\ntarget = 5\nof = "percent"\nsource = "D"\n',
        "indicators.rate.operator",
        "'<='",
    ),
}


@pytest.mark.requirement("A5")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_pack_is_refused_with_field_and_reason(tmp_path: Path, fault: str):
    text, field, why = FAULTS[fault]
    refused = refusal(lambda: load_pack(write_pack(tmp_path, text)))
    assert (refused.code, refused.params["file"]) == ("bad_pack", "test.toml")
    [first] = [entry for entry in refused.params["faults"] if entry["field"] == field]
    assert why in first["why"]


def test_all_faults_are_reported_at_once(tmp_path: Path):
    text = VALID_PACK.replace("Asia/Shanghai", "Asia/Moon").replace("percent = 75", "percent = 175")
    refused = refusal(lambda: load_pack(write_pack(tmp_path, text)))
    assert [fault["field"] for fault in refused.params["faults"]] == ["zone", "ladder"]


def test_a_file_that_is_not_toml_is_refused_with_the_line(tmp_path: Path):
    refused = refusal(lambda: load_pack(write_pack(tmp_path, "name = 1\nversion = \n")))
    assert refused.code == "bad_pack"
    assert "line 2" in refused.params["faults"][0]["why"]


def named_gaps(
    policy: Pack, clauses: list[str], today: date = TODAY
) -> list[tuple[GapReason, str | None, dict[str, str]]]:
    return [(gap.reason, gap.clause, dict(gap.traits)) for gap in gaps(policy, clauses, today)]


def test_every_gap_of_a_pack_is_named(tmp_path: Path):
    assert named_gaps(pack_with_overrides(tmp_path), ["first_reply", "revisit"]) == [
        (GapReason.BLANK, "revisit", {}),
        (GapReason.BLANK, "first_reply", {"severity": "low", "channel": "sms"}),
        (GapReason.BLANK, "solution", {}),
        (GapReason.CONTRADICTORY, "solution", {"severity": "urgent"}),
        (GapReason.UNUSED, "solution", {}),
    ]


def test_a_clause_missing_from_the_pack_is_a_gap_without_a_source(tmp_path: Path):
    loaded = load_pack(write_pack(tmp_path, VALID_PACK))
    assert next(gaps(loaded, ["revisit"], TODAY)) == Gap(loaded, GapReason.BLANK, "revisit", None)


@pytest.mark.requirement("F4")
def test_a_pack_that_takes_effect_later_is_named(tmp_path: Path):
    loaded = load_pack(write_pack(tmp_path, "effective_from = 2026-12-01\n" + VALID_PACK))
    clauses = ["first_reply", "solution"]
    blank = (GapReason.BLANK, "solution", {})
    assert loaded.effective_from == date(2026, 12, 1)
    assert named_gaps(loaded, clauses, date(2026, 11, 30)) == [(GapReason.FUTURE, None, {}), blank]
    assert named_gaps(loaded, clauses, date(2026, 12, 1)) == [blank]


@pytest.mark.parametrize("name", PROMISED)
def test_every_pack_names_every_clause_of_every_lifecycle(name: str):
    promised = {*pack(name).clauses, *pack(name).unpromised}
    assert [clause for clause in asked(lifecycles().values()) if clause not in promised] == []


def test_an_unpromised_clause_is_a_gap_only_if_no_lifecycle_has_it(tmp_path: Path):
    loaded = load_pack(write_pack(tmp_path, VALID_PACK + '[unpromised]\nrevisit = "D says nothing"\nmoon = "D, too"\n'))
    assert named_gaps(loaded, ["first_reply", "solution", "revisit"]) == [
        (GapReason.BLANK, "solution", {}),
        (GapReason.UNUSED, "moon", {}),
    ]


@pytest.mark.requirement("B4")
def test_a_bound_without_an_amount_is_named(tmp_path: Path):
    loaded = load_pack(write_pack(tmp_path, VALID_PACK + '[bounds.compensation]\nof = "fen"\nsource = "D 9: blank"\n'))
    assert (GapReason.UNBOUNDED, "compensation", {}) in named_gaps(loaded, ["first_reply", "solution"])


@pytest.mark.requirement("B4")
def test_a_bound_that_a_lifecycle_needs_and_the_pack_lacks_is_named(tmp_path: Path):
    loaded = load_pack(write_pack(tmp_path, VALID_PACK))
    named = list(gaps(loaded, [], TODAY, ["first_reply", "solution"], ["finance"]))
    assert [(gap.reason, gap.clause, gap.source) for gap in named if gap.clause == "finance"] == [
        (GapReason.UNBOUNDED, "finance", None)
    ]


@pytest.mark.parametrize("name", PROMISED)
def test_every_pack_has_every_bound_of_every_lifecycle(name: str):
    assert {"compensation", "position_age_hours"} <= set(asked_bounds(lifecycles().values())) & pack(name).bounds.keys()


@pytest.mark.requirement("B9")
def test_an_agreed_deadline_needs_no_amount_in_a_pack():
    tables = lifecycles().values()
    assert "promise" in agreed(tables)
    assert not set(agreed(tables)) & set(asked(tables))


def test_a_pack_may_name_a_clause_with_an_agreed_deadline(tmp_path: Path):
    loaded = load_pack(write_pack(tmp_path, VALID_PACK))
    named = list(gaps(loaded, ["first_reply"], TODAY, ["solution"]))
    assert [gap.reason for gap in named] == [GapReason.BLANK]
