"""Cases at the command line: opened, listed, shown, told, on the board; and what is personal stays out of lists."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.commands.open_case import Opening, open_case
from engine.create_store import set_clock
from engine.store import Store
from locales.translation import label
from statemachines.kinds import lifecycle_of, lifecycles
from tests.apps.conftest import Closeloop
from tests.case_actions import BY_PHONE, HOUR, START, contact, make_move, new_case, new_resolved_case, query_rows

OPEN = ("case", "open", "--as", "amy")
TEXT = "My parcel is broken."


def test_a_case_is_opened_for_a_contact(closeloop: Closeloop, simulated: Store):
    whom = ("--customer", "Ms Wang", "--phone", "13800138000", "--email", "wang@example.com")
    more = ("--subject", "Broken", "--demand", "Money", "--shipment", "SF1", "--channel", "wechat")
    made = closeloop.json(*OPEN, "--text", TEXT, *whom, *more, "--requested-at", "2026-03-01T09:00:00+08:00")
    assert made == {
        "case": "cp-26-000001",
        "seq": 1,
        "state": "received",
        "level": 0,
        "again": False,
        "kind": "complaint",
        "limits_not_set": [],
        "likely_duplicates": [],
        "returning": False,
    }
    [party] = query_rows(simulated, "SELECT name, phone, email FROM party")
    assert party == {"name": "Ms Wang", "phone": "13800138000", "email": "wang@example.com"}
    [told] = closeloop.json("case", "history", made["case"])["transitions"]
    assert told["form"] == {
        "channel": "wechat",
        "subject": "Broken",
        "text": TEXT,
        "demand": "Money",
        "shipment": "SF1",
        "requested_at": "2026-03-01T01:00:00.000000Z",
    }
    assert (told["actor"], told["via"], told["occurred_at"]) == ("amy", "cli", START.isoformat())


def test_the_text_may_come_from_a_file_or_from_standard_input(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    (tmp_path / "letter.txt").write_text("货物破损\n", "utf-8")
    by_file = closeloop.json(*OPEN, "--body", tmp_path / "letter.txt")["case"]
    by_pipe = closeloop.json(*OPEN, "--body", "-", stdin="晚到\n")["case"]
    said = [closeloop.json("case", "history", one)["transitions"][0]["form"]["text"] for one in (by_file, by_pipe)]
    assert said == ["货物破损", "晚到"]


def test_a_body_that_cannot_be_read_is_refused(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    (tmp_path / "letter.doc").write_bytes(b"\xff\xfe\x00")
    assert closeloop.refused(*OPEN, "--body", tmp_path / "letter.doc")["code"] == "bad_text_file"
    assert closeloop.refused(*OPEN, "--body", tmp_path / "nowhere")["code"] == "unreadable_body"
    assert closeloop.refused(*OPEN, "--body", tmp_path)["code"] == "bad_text_file"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), "no_text"),
        (("--text", "  "), "form"),
        (("--text", TEXT, "--customer", "x" * 501), "form"),
        (("--text", TEXT, "--requested-at", "soon"), "bad_instant"),
        (("--text", TEXT, "--kind", "parcel"), "unknown_kind"),
        (("--text", TEXT, "--pack", "bank"), "unknown_pack"),
        (("--text", TEXT, "--channel", "pigeon"), "usage"),
    ],
)
def test_a_bad_contact_is_refused_and_nothing_written(
    closeloop: Closeloop, simulated: Store, words: tuple[str, ...], code: str
):
    assert closeloop.refused(*OPEN, *words)["code"] == code
    assert query_rows(simulated, "SELECT 1 FROM cases UNION ALL SELECT 1 FROM party") == []


def test_somebody_must_act_and_be_known(closeloop: Closeloop, simulated: Store):
    assert closeloop.refused("case", "open", "--text", TEXT)["code"] == "no_actor"
    assert closeloop.refused("case", "open", "--text", TEXT, "--as", "nobody")["code"] == "unknown_actor"
    closeloop.patch.setenv("CLOSELOOP_ACTOR", "amy")
    assert closeloop.json("case", "open", "--text", TEXT)["seq"] == 1


def test_the_same_key_opens_one_case(closeloop: Closeloop, simulated: Store):
    first = closeloop.json(*OPEN, "--text", TEXT, "--key", "call-7")
    again = closeloop.json(*OPEN, "--text", TEXT, "--key", "call-7")
    assert (again["case"], again["again"]) == (first["case"], True)
    assert closeloop.refused(*OPEN, "--text", "Another.", "--key", "call-7")["code"] == "key_reused"


def test_the_same_key_opens_one_case_in_real_time_too(closeloop: Closeloop):
    """What broke is run again with the same key: the instant of the second try is another one."""
    closeloop.json("init")
    closeloop.json("actor", "add", "amy", "--role", "agent")
    words = ("case", "open", "--text", TEXT, "--as", "amy", "--key", "call-7")
    first = closeloop.json(*words)
    assert closeloop.json(*words) == {**first, "again": True}


def listed(closeloop: Closeloop, *words: object) -> list[str]:
    return [one["number"] for one in closeloop.json("case", "list", *words)["cases"]]


def test_the_list_shows_open_cases_the_highest_and_the_oldest_first(closeloop: Closeloop, simulated: Store):
    old, routed, high, gone = (new_case(simulated) for _ in range(4))
    make_move(simulated, routed, "classify")
    make_move(simulated, routed, "assign")
    make_move(simulated, high, "escalate", level=2)
    make_move(simulated, gone, "withdraw")
    assert listed(closeloop) == [high, old, routed]
    assert listed(closeloop, "--all") == [high, old, routed, gone]
    assert listed(closeloop, "--state", "classified") == [routed]
    assert listed(closeloop, "--department", "claims") == [routed]
    assert listed(closeloop, "--owner", "han") == [routed]
    assert listed(closeloop, "--level", "2") == [high]
    assert listed(closeloop, "--limit", "1") == [high]
    assert listed(closeloop, "--owner", "nobody") == []


def of_kind(store: Store, kind: str, after: timedelta = timedelta()) -> str:
    return open_case(store, Opening(contact(after), kind), START + after).number


@pytest.mark.requirement("A8")
def test_customers_work_stands_above_internal_work_and_the_urgent_above_the_calm(
    closeloop: Closeloop, simulated: Store
):
    finding = of_kind(simulated, "finding")
    calm, urgent = new_case(simulated, HOUR), new_case(simulated, HOUR)
    make_move(simulated, finding, "escalate", after=HOUR, level=3)
    make_move(simulated, calm, "escalate", after=HOUR, level=2)
    make_move(simulated, urgent, "classify", after=HOUR, severity="urgent")
    assert listed(closeloop) == [urgent, calm, finding]
    assert listed(closeloop, "--limit", "2") == [urgent, calm]
    assert listed(closeloop, "--severity", "urgent") == [urgent]
    assert listed(closeloop, "--kind", "finding") == [finding]
    cells = [(one["kind"], one["level"]) for one in closeloop.json("board")["board"]]
    assert cells == [("complaint", 0), ("complaint", 2), ("finding", 3)]
    words = closeloop("board").output
    assert words.index("General manager") < words.index("internal · Handler")


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("kind", sorted({*lifecycles(), *(n for t in lifecycles().values() for n in t.natures)}))
def test_a_contact_of_every_nature_becomes_a_case_of_the_kind_it_decides(
    closeloop: Closeloop, simulated: Store, kind: str
):
    made = closeloop.json(*OPEN, "--text", TEXT, "--kind", kind)
    table = lifecycle_of(kind)
    assert (made["kind"], made["state"]) == (table.kind, table.initial)
    assert made["case"].startswith(f"{table.prefix}-")
    assert listed(closeloop, "--kind", kind) == [made["case"]]
    others = [other for other in table.natures if other != kind]
    assert [case for other in others for case in listed(closeloop, "--kind", other)] == []
    assert label("en", "", "kind", table.kind) in closeloop("case", "list").output
    assert kind in " ".join(closeloop("case", "open", "--help").out.split())


@pytest.mark.requirement("A2")
def test_a_list_tells_the_nature_where_it_is_narrower_than_the_kind(closeloop: Closeloop, simulated: Store):
    closeloop.json(*OPEN, "--text", TEXT, "--kind", "praise")
    for words in (("case", "list"), ("case", "show", "iq-26-000001")):
        assert "Inquiry · Praise" in closeloop(*words).output


def test_whom_we_deal_with_is_told_when_a_case_is_opened(closeloop: Closeloop, simulated: Store):
    made = closeloop.json(*OPEN, "--text", TEXT, "--customer-type", "key_account")
    [told] = closeloop.json("case", "history", made["case"])["transitions"]
    assert told["form"]["customer_type"] == "key_account"
    assert closeloop.refused(*OPEN, "--text", TEXT, "--customer-type", "friend")["code"] == "usage"


def test_a_list_names_no_customer(closeloop: Closeloop, simulated: Store):
    whom = ("--customer", "Ms Canary", "--phone", "13800138000", "--email", "canary@example.com")
    number = closeloop.json(*OPEN, "--text", "canary words", *whom)["case"]
    for words in (("case", "list"), ("board",), ("case", "show", number), ("case", "clocks", number), ("report",)):
        for said in (closeloop(*words), closeloop(*words, "--json")):
            assert said.code == 0
            assert "canary" not in said.out.lower() + said.err.lower()
            assert "13800138000" not in said.out


def test_a_case_shows_what_may_be_done_now(closeloop: Closeloop, number: str):
    anybody = closeloop.json("case", "show", number)
    assert (anybody["state"], anybody["level"], anybody["cycle"]) == ("received", 0, 1)
    assert {"classify", "reply", "propose_refusal", "assign"} <= set(anybody["allowed"])
    assert closeloop.json("case", "show", number, "--as", "odd")["allowed"] == []
    assert "classify" in closeloop.json("case", "show", number, "--as", "amy")["allowed"]
    assert "extend" not in closeloop.json("case", "show", number, "--as", "amy")["allowed"]
    assert "Received · to be classified" in closeloop("case", "show", number).output


@pytest.mark.requirement("F3")
def test_what_is_apart_from_own_work_is_not_offered(closeloop: Closeloop, simulated: Store, number: str):
    make_move(simulated, number, "propose_refusal", by="sue")
    assert "refuse" not in closeloop.json("case", "show", number, "--as", "sue")["allowed"]
    for handle in ("mei", None):
        by = ("--as", handle) if handle else ()
        assert "refuse" in closeloop.json("case", "show", number, *by)["allowed"]
    assert closeloop.json("case", "show", number, "--as", "nobody")["allowed"] == []


def test_a_case_shows_what_is_known_of_it(closeloop: Closeloop, simulated: Store):
    number = new_case(simulated)
    for move in ("classify", "investigate"):
        make_move(simulated, number, move)
    make_move(simulated, number, "determine_responsibility", by="han")
    make_move(simulated, number, "confirm_responsibility")
    make_move(simulated, number, "compensate", by="han", compensation=123_450)
    seen = closeloop.json("case", "show", number)
    assert (seen["known"]["cause"], seen["known"]["compensation"]) == ("handling", 123_450)
    words = closeloop("case", "show", number).output
    for told in ("Complaint", "confirmed cause", "handling", "1,234.50 yuan"):
        assert told in words, told


def test_a_case_shows_its_relatives(closeloop: Closeloop, simulated: Store, number: str):
    child = open_case(simulated, Opening(contact(), "finding", parent=number, relation="recurrence"), START).number
    [down], [up] = (closeloop.json("case", "show", one)["links"] for one in (number, child))
    assert down == {
        "case": child,
        "kind": "finding",
        "relation": "recurrence",
        "direction": "child",
        "state": "raised",
        "closed": False,
    }
    assert (up["case"], up["kind"], up["direction"]) == (number, "complaint", "parent")
    assert f"{child} · Finding" in closeloop("case", "show", number).output
    assert "comes of (recurrence)" in closeloop("case", "show", child).output


def test_an_unknown_case_is_refused(closeloop: Closeloop, simulated: Store):
    for words in (("show",), ("history",), ("clocks",), ("do", "note")):
        command, *move = words
        assert closeloop.refused("case", command, "cp-26-999999", *move)["code"] == "unknown_case"


def clock(closeloop: Closeloop, number: str, clause: str) -> dict[str, Any]:
    [found] = [one for one in closeloop.json("case", "clocks", number)["clocks"] if one["clause"] == clause]
    return found


def test_a_clock_says_its_budget_its_source_and_what_fires_when(closeloop: Closeloop, simulated: Store, number: str):
    set_clock(simulated, START + HOUR)
    first = clock(closeloop, number, "first_reply")
    assert (first["amount"], first["unit"], first["allowance"], first["consumed"]) == (2, "hours", 7200.0, 3600.0)
    assert (first["policy"], first["source"]) == (
        "logistics@2026-12",
        "S2, complaint handling: first reply within 2 hours",
    )
    assert first["fires_at"] == (START + 1.5 * HOUR).isoformat()
    assert (first["steps_fired"], first["steps_to_come"]) == ([], [75, 100, 150, 200])
    assert closeloop.json("case", "show", number)["clocks"] == closeloop.json("case", "clocks", number)["clocks"]
    assert "(75%) (100%) (150%) (200%)" in closeloop("case", "clocks", number).output


def test_a_clock_that_rests_fires_nothing(closeloop: Closeloop, simulated: Store, number: str):
    make_move(simulated, number, "ask_customer", after=HOUR)
    set_clock(simulated, START + 5 * HOUR)
    first = clock(closeloop, number, "first_reply")
    assert (first["consumed"], first["running_since"], first["fires_at"]) == (3600.0, None, None)
    assert "resting" in closeloop("case", "clocks", number).output


def test_the_history_tells_moves_and_words(closeloop: Closeloop, simulated: Store, number: str):
    make_move(simulated, number, "reply", by="amy", message="We call you at three.")
    told = closeloop.json("case", "history", number)["transitions"]
    assert [(one["seq"], one["move"], one["actor"]) for one in told] == [(1, "open", "amy"), (2, "reply", "amy")]
    assert told[1]["form"] == {"message": "We call you at three.", **BY_PHONE}
    assert len({one["hash"] for one in told}) == 2
    assert "Reply to the customer" in closeloop("case", "history", number).output


def test_the_board_counts_by_milestone_level_and_lateness(closeloop: Closeloop, simulated: Store):
    new_case(simulated)
    make_move(simulated, new_case(simulated), "escalate", level=1)
    new_resolved_case(simulated)
    make_move(simulated, new_case(simulated), "withdraw")
    seen = closeloop.json("board")
    assert (seen["open"], seen["late"]) == (3, 0)
    assert seen["board"] == [
        {"kind": "complaint", "milestone": "received", "level": 0, "cases": 1},
        {"kind": "complaint", "milestone": "received", "level": 1, "cases": 1},
        {"kind": "complaint", "milestone": "resolved", "level": 0, "cases": 1},
    ]
    set_clock(simulated, START + 3 * HOUR)
    closeloop.json("sweep")
    late = closeloop.json("board")
    assert (late["late"], len(late["overdue"])) == (2, 2)
    assert "3 open, 2 of them past a promise." in closeloop("board").output


@pytest.mark.requirement("A1")
def test_a_contact_that_is_said_to_be_a_call_needs_what_the_pack_has_the_caller_asked(
    closeloop: Closeloop, simulated: Store
):
    call = ("case", "open", "--text", "The parcel is broken.", "--channel", "hotline", "--as", "amy")
    refused = closeloop.refused(*call)
    assert refused["code"] == "form"
    assert [fault["field"] for fault in refused["params"]["fields"]] == ["customer", "phone", "demand"]
    assert closeloop.json("case", "list")["cases"] == []
    unnamed = closeloop.refused(*call, "--unnamed")
    assert [fault["field"] for fault in unnamed["params"]["fields"]] == ["demand"]
    asked = ("--customer", "Wang Fang", "--phone", "13800138000", "--demand", "A new one.")
    assert closeloop.json(*call, *asked)["state"] == "received"
    assert closeloop.json(*call, "--unnamed", "--demand", "A new one.")["state"] == "received"
