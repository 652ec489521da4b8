"""What a clerk reads of a case: the customer, the moves he may make, the due instants, and why something is refused."""

from datetime import datetime

import pytest

from engine.create_store import set_clock
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import AUDITOR, HANDLER, HOUR, START, make_move, new_case
from tests.editions import in_force

LANGUAGES = ("en", "zh_CN", "zh_TW")


def clocks(closeloop: Closeloop, number: str, *options: str) -> dict[str, dict[str, object]]:
    document = closeloop.json("case", "clocks", number, *options)
    return {timer["clause"]: timer for timer in document["clocks"]}


@pytest.mark.requirement("A9")
def test_a_case_shows_whose_it_is(closeloop: Closeloop, simulated: Store):
    number = new_case(simulated, customer="Ms Wang", phone="13800138000", email="wang@example.com")
    assert closeloop.json("case", "show", number)["customer"] is None, "nobody is named who asks"
    shown = closeloop.json("case", "show", number, "--as", "amy")
    assert shown["customer"] == {"name": "Ms Wang", "phone": "13800138000", "email": "wang@example.com"}
    for part in ("Ms Wang", "13800138000", "wang@example.com"):
        assert part in closeloop("case", "show", number, "--as", "amy").output


def test_the_moves_possible_now_are_those_of_whoever_asks_and_of_the_facts(closeloop: Closeloop, simulated: Store):
    number = new_case(simulated)
    make_move(simulated, number, "classify")
    make_move(simulated, number, "ask_customer")
    possible = closeloop.json("case", "show", number, "--as", "amy")["allowed"]
    assert "customer_answers" in possible
    make_move(simulated, number, "customer_answers")
    make_move(simulated, number, "investigate")
    assert "compensate" not in closeloop.json("case", "show", number, "--as", "amy")["allowed"]
    make_move(simulated, number, "determine_responsibility", by=HANDLER)
    make_move(simulated, number, "confirm_responsibility")
    assert "compensate" in closeloop.json("case", "show", number, "--as", "amy")["allowed"]


@pytest.mark.parametrize(
    ("locale", "reason", "remedy"),
    [
        ("en", "a second person has confirmed the responsibility", "(confirm_responsibility)"),
        ("zh_CN", "责任认定已由第二人确认", "请先由第二人确认责任"),
        ("zh_TW", "責任認定已由第二人確認", "請先由第二人確認責任"),
    ],
)
def test_a_refusal_names_the_condition_that_fails_and_what_to_do(
    closeloop: Closeloop, simulated: Store, locale: str, reason: str, remedy: str
):
    number = new_case(simulated)
    for move in ("classify", "investigate"):
        make_move(simulated, number, move)
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    refused = closeloop.refused(
        "case", "do", number, "compensate", "--as", "amy", "--set", "compensation=5000", "--set", "grounds=8"
    )
    assert refused["params"]["guards"] == ["cause_confirmed"]
    assert reason in refused["text"]
    assert remedy in refused["text"]


@pytest.mark.parametrize(
    ("locale", "missing", "number"),
    [("en", "is missing", "must be a whole number"), ("zh_CN", "未填写", "须为整数"), ("zh_TW", "未填寫", "須為整數")],
)
def test_a_faulty_entry_is_explained_in_the_readers_language(
    closeloop: Closeloop, simulated: Store, locale: str, missing: str, number: str
):
    case = new_case(simulated)
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    refused = closeloop.refused("case", "do", case, "extend", "--as", "sue", "--set", "clause=x", "--set", "hours=two")
    assert f"hours: {number}" in refused["text"]
    assert f"reason: {missing}" in refused["text"]
    assert "Field required" not in refused["text"]


@pytest.mark.requirement("A5")
def test_each_promise_shows_the_instant_at_which_it_is_due(closeloop: Closeloop, simulated: Store):
    number = new_case(simulated)
    assert clocks(closeloop, number)["first_reply"]["due_at"] == (START + 2 * HOUR).isoformat()
    assert "2026-03-02 11:00" in closeloop("case", "clocks", number).output
    make_move(simulated, number, "ask_customer", after=HOUR)
    set_clock(simulated, START + 5 * HOUR)
    paused = clocks(closeloop, number)["first_reply"]
    assert (paused["due_at"], paused["consumed"]) == (None, 3600.0)
    assert "paused, 1 h left" in closeloop("case", "clocks", number).output
    make_move(simulated, number, "customer_answers", after=5 * HOUR)
    assert clocks(closeloop, number)["first_reply"]["due_at"] == (START + 6 * HOUR).isoformat()
    make_move(simulated, number, "reply", after=5.5 * HOUR)
    met = clocks(closeloop, number)["first_reply"]
    assert (met["outcome"], met["due_at"]) == ("met", (START + 6 * HOUR).isoformat())


@pytest.mark.requirement("B9")
def test_what_was_agreed_is_shown_as_it_was_agreed(closeloop: Closeloop, simulated: Store):
    number = new_case(simulated)
    make_move(simulated, number, "promise", due_at="2026-03-03T10:20:00+08:00")
    promise = clocks(closeloop, number)["promise"]
    assert promise["agreed_at"] == promise["due_at"] == "2026-03-03T02:20:00+00:00"
    assert "by 2026-03-03 10:20 as agreed" in closeloop("case", "clocks", number).output


@pytest.mark.requirement("A5")
def test_a_promise_is_counted_day_by_day_with_pauses(closeloop: Closeloop, simulated: Store):
    """24 hours from Monday 09:00, paused for four: fifteen on Monday less four, the rest until Tuesday 13:00."""
    number = new_case(simulated)
    make_move(simulated, number, "ask_customer", after=HOUR)
    make_move(simulated, number, "customer_answers", after=5 * HOUR)
    set_clock(simulated, START + 6 * HOUR)
    days = clocks(closeloop, number, "--explain")["solution"]["days"]
    assert isinstance(days, list)
    assert [(day["day"], day["counted"] / 3600, day["paused"] / 3600, day["total"] / 3600) for day in days] == [
        ("2026-03-02", 11, 4, 11),
        ("2026-03-03", 13, 0, 24),
    ]
    for locale, monday in (("en", "2026-03-02 Mon"), ("zh_CN", "2026-03-02 周一"), ("zh_TW", "2026-03-02 週一")):
        closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
        assert monday in closeloop("case", "clocks", number, "--explain").output


@pytest.mark.requirement("F3")
def test_an_auditor_searches_the_refused_attempts(closeloop: Closeloop, simulated: Store):
    number = new_case(simulated)
    closeloop.refused("case", "do", number, "archive", "--as", "sue")
    [*_, first] = closeloop.json("refused", "--case", number, "--as", AUDITOR)["refused"]
    assert (first["actor"], first["move"], first["code"]) == ("sue", "archive", "not_now")
    assert closeloop.json("refused", "--by", "amy", "--as", AUDITOR)["refused"] == []
    reasons = {"en": "not in this state", "zh_CN": "当前状态下不能做", "zh_TW": "目前狀態下不能做"}
    for locale in LANGUAGES:
        closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
        assert reasons[locale] in closeloop("refused", "--as", AUDITOR).output
    assert closeloop.refused("refused", "--as", "sue")["code"] == "not_in_charge"


@pytest.mark.requirement("A5")
def test_a_promise_in_working_hours_names_the_holidays_that_do_not_count(closeloop: Closeloop, simulated: Store):
    """Eight working hours from Thursday 30 April, 14:00: four that day; 1 to 5 May are Labour Day and its rest days."""
    in_force(simulated, {"solution": {"amount": 8, "unit": "business_hours", "calendar": "cn-office"}})
    opened = datetime.fromisoformat("2026-04-30T14:00:00+08:00") - START
    number = new_case(simulated, opened)
    set_clock(simulated, START + opened)
    solution = clocks(closeloop, number, "--explain")["solution"]
    assert solution["due_at"] == "2026-05-06T06:00:00+00:00", "nine to noon, and from one to two"
    days = solution["days"]
    assert isinstance(days, list)
    counted = [(day["day"][5:], day["sort"], day["counted"] / 3600) for day in days]
    assert counted[0] == ("04-30", "working", 4)
    assert counted[-1] == ("05-06", "working", 4)
    assert all(day["counted"] == 0 for day in days[1:-1])
    holidays = {"en": "Labor Day", "zh_CN": "劳动节", "zh_TW": "勞動節"}
    for locale in LANGUAGES:
        closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
        assert holidays[locale] in closeloop("case", "clocks", number, "--explain").output


def test_money_is_shown_in_yuan(closeloop: Closeloop, simulated: Store):
    number = new_case(simulated)
    for move, by in (("classify", ""), ("investigate", ""), ("determine_responsibility", HANDLER)):
        make_move(simulated, number, move, by=by)
    make_move(simulated, number, "confirm_responsibility")
    make_move(simulated, number, "compensate", by=HANDLER)
    assert "compensation offered=500.00 yuan" in closeloop("case", "history", number).output
    assert "1,000.00 yuan" in closeloop("policy", "show", "logistics").output


def test_a_pack_is_shown_whole(closeloop: Closeloop, simulated: Store):
    in_force(simulated, {"solution": {"amount": 24, "unit": "hours", "when": [{"severity": "urgent", "amount": 2}]}})
    output = closeloop("policy", "show", "logistics").output
    for part in ("severity=urgent", "ladder[4].level", "callbacks.attempts", "rounds.max", "indicators.complaint_rate"):
        assert part in output
