"""Moves at the command line: forms by --set and --body, keys, sequences, and refusals with their remedies."""

import asyncio
from pathlib import Path

import pytest

from engine.access.doors import command_line
from engine.store import Store
from flows.tick import drain
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.telephone import FakeTelephone
from tests.apps.conftest import Closeloop
from tests.case_actions import FORMS, MOVE_ACTORS, form_for, make_move, moves_of, query_rows

SPOKEN = ("--set", "medium=phone", "--set", "recipient=王女士")
CLASSIFY = ("classify", "--set", "category=delay", "--set", "severity=high", "--set", "department=claims")


def test_a_move_is_made_with_its_form(closeloop: Closeloop, number: str):
    answer = closeloop.json("case", "do", number, *CLASSIFY, "--as", "amy")
    assert answer == {"case": number, "seq": 2, "state": "classified", "level": 0, "again": False}
    shown = closeloop.json("case", "show", number)
    assert (shown["category"], shown["severity"], shown["department"]) == ("delay", "high", "claims")


@pytest.mark.parametrize("move", ["reply", "propose_solution", "note", "promise", "escalate", "assign", "ask_customer"])
def test_every_form_can_be_filled_in(closeloop: Closeloop, number: str, move: str):
    options = [word for name, value in form_for(move).items() for word in ("--set", f"{name}={value}")]
    assert closeloop.json("case", "do", number, move, *options, "--as", "sue")["seq"] == 2


def test_a_value_may_hold_equals_signs(closeloop: Closeloop, number: str):
    closeloop.json("case", "do", number, "note", "--set", "note=1+1=2", "--as", "sue")
    assert closeloop.json("case", "history", number)["transitions"][1]["form"] == {"note": "1+1=2"}


@pytest.mark.requirement("A5")
def test_the_preview_is_the_letter_that_is_sent(closeloop: Closeloop, simulated: Store):
    contact = ("--text", "Where is it?", "--email", "wang@example.com", "--as", "amy")
    number = closeloop.json("case", "open", *contact)["case"]
    reply = ("case", "do", number, "reply", "--set", "message=We call you at three.", "--as", "amy")
    preview = closeloop.json(*reply, "--preview")
    assert moves_of(simulated, number) == ["open"], "a preview does nothing"
    closeloop.json(*reply)
    work = Work(simulated, FakeMailer(), FakeTelephone(), "en")
    asyncio.run(drain(work))
    assert isinstance(work.mailer, FakeMailer)
    [letter] = [mail for mail in work.mailer.sent if ":send_message:" in mail.key]
    assert (letter.subject, letter.body) == (preview["subject"], preview["body"])
    remark = closeloop.refused("case", "do", number, "note", "--set", "note=x", "--preview")
    assert remark["code"] == "no_speech"


def test_the_body_fills_the_text_field(closeloop: Closeloop, number: str, tmp_path: Path):
    closeloop.json("case", "do", number, "reply", *SPOKEN, "--body", "-", "--as", "amy", stdin="三点给您回电。\n")
    (tmp_path / "why.txt").write_text("He is angry.", "utf-8")
    arguments = ("escalate", "--set", "level=1", "--body", str(tmp_path / "why.txt"))
    closeloop.json("case", "do", number, *arguments, "--as", "amy")
    forms = [row["form"] for row in closeloop.json("case", "history", number)["transitions"][1:]]
    assert forms == [
        {"message": "三点给您回电。", "medium": "phone", "recipient": "王女士"},
        {"level": 1, "reason": "He is angry."},
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (("reply", "--set", "message"), "bad_set", "--set field=value"),
        (("reply", "--set", "massage=x"), "unknown_field", "message"),
        (("classify", "--set", "category=No Code"), "form", "category"),
        (("classify", "--set", "severity=high"), "form", "category"),
        (("classify", "--set", "category=delay", "--set", "severity=deadly"), "form", "severity"),
        (("escalate", "--set", "level=9", "--set", "reason=x"), "form", "level"),
        (("reply", "--set", "message= "), "form", "message"),
        (("note", "--set", "note=a\x00b"), "form", "note"),
        (("merge", "--body", "-"), "no_body", "--set"),
        (("solve",), "unknown_move", "propose_solution"),
    ],
)
def test_a_faulty_form_is_refused_with_the_name_of_its_field(
    closeloop: Closeloop, simulated: Store, number: str, arguments: tuple[str, ...], code: str, named: str
):
    refused = closeloop.refused("case", "do", number, *arguments, "--as", "sue")
    assert refused["code"] == code
    assert named in refused["text"]
    assert moves_of(simulated, number) == ["open"]
    sql = "SELECT DISTINCT r.code, r.via, a.handle FROM refused_attempt r JOIN actor a ON a.id = r.actor_id"
    assert query_rows(simulated, sql) == [{"code": code, "via": command_line(), "handle": "sue"}], (
        "what was tried is kept"
    )


def test_a_refusal_does_not_repeat_the_input(closeloop: Closeloop, number: str):
    result = closeloop("case", "do", number, "reply", "--set", "message=", "--set", "to=Canary", "--as", "sue")
    assert "Canary" not in result.output
    result = closeloop("case", "do", number, "classify", "--set", "category=Canary", "--as", "sue", "--json")
    assert (result.code, "Canary" in result.out) == (2, False)


def test_a_move_in_the_wrong_state_names_the_allowed_moves(closeloop: Closeloop, number: str):
    refused = closeloop.refused("case", "do", number, "resolve", "--set", "result=Paid.", "--as", "han")
    assert (refused["code"], refused["params"]["state"]) == ("not_now", "received")
    assert "reply" in refused["params"]["allowed"]
    assert "reply" in refused["text"]


def test_a_move_by_the_wrong_actor_names_the_roles(closeloop: Closeloop, number: str):
    proposed = ("propose_refusal", "--set", "code=not_ours", "--set", "reason=Another had it.", "--as", "amy")
    closeloop.json("case", "do", number, *proposed)
    arguments = ("refuse", "--set", "code=not_ours", "--set", "told=Another had it.", *SPOKEN)
    refused = closeloop.refused("case", "do", number, *arguments, "--as", "amy")
    assert (refused["code"], refused["params"]["wanted"][-1]) == ("role", "team_supervisor")
    assert closeloop.json("case", "do", number, *arguments, "--as", "sue")["state"] == "refused"


def test_a_guard_that_does_not_hold_is_named(closeloop: Closeloop, simulated: Store, number: str):
    make_move(simulated, number, "escalate", level=2)
    arguments = ("escalate", "--set", "level=1", "--set", "reason=x", "--as", "sue")
    refused = closeloop.refused("case", "do", number, *arguments)
    assert (refused["code"], refused["params"]["guards"]) == ("guard", ["rises"])


def test_a_move_without_an_actor_is_refused(closeloop: Closeloop, number: str):
    assert closeloop.refused("case", "do", number, "note", "--set", "note=x")["code"] == "no_actor"
    closeloop.patch.setenv("CLOSELOOP_ACTOR", "sue")
    assert closeloop.json("case", "do", number, "note", "--set", "note=x")["seq"] == 2


def test_a_repeated_key_makes_no_second_move(closeloop: Closeloop, simulated: Store, number: str):
    arguments = ("case", "do", number, "note", "--as", "sue", "--key", "note-7")
    first = closeloop.json(*arguments, "--set", "note=He called.")
    assert closeloop.json(*arguments, "--set", "note=He called.") == {**first, "again": True}
    assert "nothing was done twice" in closeloop(*arguments, "--set", "note=He called.").output
    assert closeloop.refused(*arguments, "--set", "note=He wrote.")["code"] == "key_reused"
    assert moves_of(simulated, number) == ["open", "note"]


def test_a_stale_sequence_number_is_refused(closeloop: Closeloop, simulated: Store, number: str):
    arguments = ("case", "do", number, "note", "--set", "note=x", "--as", "sue", "--if-seq", "1")
    closeloop.json(*arguments)
    refused = closeloop.refused(*arguments)
    assert (refused["code"], refused["params"]["expected"], refused["params"]["seq"]) == ("stale", 1, 2)
    assert moves_of(simulated, number) == ["open", "note"]


def test_a_case_is_moved_from_opening_to_archive(closeloop: Closeloop, number: str):
    forms = {"classify": FORMS["classify"], "investigate": FORMS["investigate"], "resolve": FORMS["resolve"]}
    last: dict[str, object] = {}
    for move, form in {**forms, "revisit": {"outcome": "satisfied", "quality": 5}, "archive": {}}.items():
        options = [word for name, value in form.items() for word in ("--set", f"{name}={value}")]
        last = closeloop.json("case", "do", number, move, *options, "--as", MOVE_ACTORS.get(move, "sue"))
    assert (last["state"], last["seq"]) == ("archived", 6)
    assert closeloop.refused("case", "do", number, "note", "--set", "note=x", "--as", "sue")["code"] == "not_now"
    assert closeloop.json("verify")["ok"] is True
