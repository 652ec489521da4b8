"""Mappings at the terminal: drafted from a log, checked by themselves and against it, refused with their places."""

from pathlib import Path

import pytest

from locales.translation import locales
from tests.apps.conftest import Closeloop
from tests.gateways.logs import sample_logs
from tests.gateways.logs.log_formats import TABLE, csv_log


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "desk.toml"
    path.write_text(TABLE, "utf-8")
    return path


def test_a_draft_is_shown_or_written_and_passes_its_own_check(closeloop: Closeloop, tmp_path: Path):
    log = sample_logs.incidents(tmp_path, cases=40)
    shown = closeloop("mapping", "suggest", log)
    assert (shown.code, shown.err) == (0, "")
    draft = tmp_path / "draft.toml"
    told = closeloop.json("mapping", "suggest", log, "--out", draft)
    assert draft.read_text("utf-8") == shown.out == told["mapping"]
    checked = closeloop.json("mapping", "check", draft, log)
    assert checked["log"]["unknown"] == {"-100": 1}
    assert checked["log"]["cases"] == 40
    assert checked["states"] == 8


def test_a_draft_does_not_overwrite(closeloop: Closeloop, tmp_path: Path, mapping: Path):
    log = csv_log(tmp_path)
    assert closeloop.refused("mapping", "suggest", log, "--out", mapping)["code"] == "log_exists"
    assert mapping.read_text("utf-8") == TABLE
    nowhere = tmp_path / "none" / "draft.toml"
    assert closeloop.refused("mapping", "suggest", log, "--out", nowhere)["code"] == "cannot_write"


def test_a_mapping_is_checked_by_itself(closeloop: Closeloop, mapping: Path):
    told = closeloop.json("mapping", "check", mapping)
    assert told == {
        "mapping": "desk.toml",
        "kind": "complaint",
        "pack": "logistics",
        "moves": 1,
        "states": 0,
        "ignored": 1,
    }


def test_a_check_against_a_log_says_what_has_no_place(closeloop: Closeloop, tmp_path: Path, mapping: Path):
    log = csv_log(tmp_path)
    log.write_text(log.read_text() + "t3,Explode,,ann\n,Resolve,,ann\n")
    told = closeloop.json("mapping", "check", mapping, log)["log"]
    assert (told["events"], told["cases"], told["untimed"]) == (5, 3, 1)
    assert told["unknown"] == {"Explode": 1}
    assert told["steps"] == {"resolve": 1, "ignored": 2}
    assert [*told["faults"].values()] == [1]
    words = closeloop("mapping", "check", mapping, log).output
    assert "“Explode”: 1 events" in words
    assert "does not say which case" in words


def test_contradictions_are_told_with_an_example(closeloop: Closeloop, tmp_path: Path):
    rule = '[[rules]]\nname = "sent_first"\nearlier = "bought"\nlater = "sent"\n'
    wide = '[[wide]]\ncolumn = "bought"\nword = "bought"\n[[wide]]\ncolumn = "sent"\nword = "sent"\n'
    source = TABLE.split("[event]", maxsplit=1)[0]
    path = tmp_path / "orders.toml"
    moves = '[event]\ncase = "order"\n[moves]\n"bought" = "note"\n"sent" = "note"\n'
    path.write_text(source + moves + wide + rule, "utf-8")
    row = {"order": "o1", "bought": "2024-01-02", "sent": "2024-01-01"}
    log = sample_logs.table(tmp_path / "orders.csv", ["order", "bought", "sent"], [row])
    assert closeloop.json("mapping", "check", path, log)["log"]["rules"] == {"sent_first": 1}
    assert "rule sent_first: 1 times, for example in case o1" in closeloop("mapping", "check", path, log).output


@pytest.mark.parametrize("locale", locales())
@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('move = "resolve"', 'move = "resolv"', "unknown_move"),
        ("{ result =", "{ resultat =", "unknown_field"),
        ('pack = "logistics"', 'pack = "logistic"', "unknown_pack"),
        ("Asia/Shanghai", "Mars", "unknown_zone"),
    ],
)
def test_a_faulty_mapping_is_refused_with_what_was_meant(
    closeloop: Closeloop, mapping: Path, locale: str, old: str, new: str, code: str
):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    mapping.write_text(TABLE.replace(old, new), "utf-8")
    refused = closeloop.refused("mapping", "check", mapping)
    assert refused["code"] == "bad_log_mapping"
    [problem] = refused["params"]["problems"]
    assert "bad_" not in problem
    near = {"unknown_move": "resolve", "unknown_field": "result", "unknown_pack": "logistics", "unknown_zone": "Mars"}
    assert near[code] in problem


@pytest.mark.parametrize("command", ["suggest", "check"])
def test_a_log_that_cannot_be_read_is_refused(closeloop: Closeloop, tmp_path: Path, mapping: Path, command: str):
    log = tmp_path / "log.csv"
    log.write_text('ticket,step,time,clerk\nt1,"Resolve,2024-03-01,a\n')
    words = ["suggest", log] if command == "suggest" else ["check", mapping, log]
    refused = closeloop.refused("mapping", *words)
    assert refused["code"] == "bad_log"
    assert "never closed" in refused["params"]["problems"][0]
