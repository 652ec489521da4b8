"""The mapping commands: draft a mapping from a log, check it alone and against a log, refuse a faulty one."""

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
    draft_document = closeloop.json("mapping", "suggest", log, "--out", draft)
    assert draft.read_text("utf-8") == shown.out == draft_document["mapping"]
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
    document = closeloop.json("mapping", "check", mapping)
    assert document == {
        "mapping": "desk.toml",
        "kind": "complaint",
        "pack": "logistics",
        "moves": 1,
        "states": 0,
        "ignored": 1,
    }


def test_a_check_against_a_log_names_unknown_words_and_faulty_rows(closeloop: Closeloop, tmp_path: Path, mapping: Path):
    log = csv_log(tmp_path)
    log.write_text(log.read_text() + "t3,Explode,,ann\n,Resolve,,ann\n")
    summary = closeloop.json("mapping", "check", mapping, log)["log"]
    assert (summary["events"], summary["cases"], summary["untimed"]) == (5, 3, 1)
    assert summary["unknown"] == {"Explode": 1}
    assert summary["steps"] == {"resolve": 1, "ignored": 2}
    assert [*summary["faults"].values()] == [1]
    output = closeloop("mapping", "check", mapping, log).output
    assert "“Explode”: 1 events" in output
    assert "does not say which case" in output


def test_contradictions_are_named_with_an_example(closeloop: Closeloop, tmp_path: Path):
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
def test_a_faulty_mapping_is_refused_with_a_suggestion(
    closeloop: Closeloop, mapping: Path, locale: str, old: str, new: str, code: str
):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    mapping.write_text(TABLE.replace(old, new), "utf-8")
    refused = closeloop.refused("mapping", "check", mapping)
    assert refused["code"] == "bad_log_mapping"
    [problem] = refused["params"]["problems"]
    assert "bad_" not in problem
    suggestions = {
        "unknown_move": "resolve",
        "unknown_field": "result",
        "unknown_pack": "logistics",
        "unknown_zone": "Mars",
    }
    assert suggestions[code] in problem


@pytest.mark.parametrize("command", ["suggest", "check"])
def test_an_unreadable_log_is_refused(closeloop: Closeloop, tmp_path: Path, mapping: Path, command: str):
    log = tmp_path / "log.csv"
    log.write_text('ticket,step,time,clerk\nt1,"Resolve,2024-03-01,a\n')
    arguments = ["suggest", log] if command == "suggest" else ["check", mapping, log]
    refused = closeloop.refused("mapping", *arguments)
    assert refused["code"] == "bad_log"
    assert "never closed" in refused["params"]["problems"][0]
