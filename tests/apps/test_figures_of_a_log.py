"""The figures of a replayed log: rows of the file, ids of the source, unreadable events, and the log's own SLA flag."""

from pathlib import Path

import pytest

from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import query_rows

CASES = Path(__file__).resolve().parents[2].parent / "shared" / "cases"
MAPPING = """
[source]
name = "desk"
kind = "complaint"
pack = "logistics"
zone = "UTC"
formats = ["%Y-%m-%d %H:%M"]

[event]
case = "{case}"
word = "{word}"
at = "{at}"

[fill]
category = "damage"

[states]
"New" = "received"
"Queued" = "classified"
"In Progress" = "investigated"
"Resolved" = "resolved"
"Closed" = "archived"
"""
TABLE = MAPPING.format(case="number", word="state", at="updated_at")
XES = MAPPING.format(case="case:concept:name", word="concept:name", at="time:timestamp")
EVENT = '<event><string key="concept:name" value="{}"/><date key="time:timestamp" value="{}"/></event>'


def write(folder: Path, text: str, mapping: str = TABLE, name: str = "log.csv") -> Path:
    (folder / "log.toml").write_text(mapping, "utf-8")
    (folder / name).write_text(text, "utf-8")
    return folder / name


def table(*rows: str, more: str = "") -> str:
    return "\n".join([f"number,state,updated_at{more}", *rows]) + "\n"


def test_an_example_names_the_row_of_the_file_and_the_id_in_the_source(
    closeloop: Closeloop, simulated: Store, tmp_path: Path
):
    log = table("T-1,New,2026-01-05 09:00", "", "T-1,Closed,2026-01-05 10:00", "T-2,mumbled,2026-01-05 11:00")
    report = closeloop.json("replay", write(tmp_path, log))
    found = {reason: [(one["source_case"], one["row"]) for one in ones] for reason, ones in report["examples"].items()}
    assert found == {"no_way": [("T-1", 4)], "unknown_word": [("T-2", 5)]}
    assert "(T-1, #4)" in closeloop("replay", tmp_path / "log.csv").output
    exported = tmp_path / "own.csv"
    closeloop.json("export", "--format", "csv", "--out", exported)
    assert "T-1" not in exported.read_text("utf-8"), "the source's id is not in a pseudonymous export"


@pytest.mark.parametrize(
    ("rows", "twice"),
    [
        (["Resolved", "Resolved", "Closed"], 0),
        (["Resolved", "Resolved", "Resolved"], 0),
        (["Resolved", "In Progress", "Resolved"], 1),
        (["Resolved", "In Progress", "In Progress", "Resolved", "Resolved"], 1),
        (["Resolved", "Closed", "Closed"], 0),
    ],
)
def test_a_repeated_state_is_no_second_result(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, rows: list[str], twice: int
):
    states = ["New", "Queued", "In Progress", *rows]
    log = table(*(f"T-1,{state},2026-01-05 {n + 10}:00" for n, state in enumerate(states)))
    assert closeloop.json("replay", write(tmp_path, log))["resolved_twice"] == twice


def test_events_outside_a_trace_and_unreadable_times_are_refused_and_lower_the_fitness(
    closeloop: Closeloop, simulated: Store, tmp_path: Path
):
    inside = EVENT.format("New", "2026-01-05T09:00:00Z") + EVENT.format("Queued", "2026-01-05T24:00:00Z")
    bad, outside = EVENT.format("Queued", "2026-02-31T09:00:00Z"), EVENT.format("Closed", "2026-01-06T09:00:00Z")
    log = f'<log><trace><string key="concept:name" value="T-1"/>{inside}{bad}</trace>{outside}</log>'
    report = closeloop.json("replay", write(tmp_path, log, XES, "log.xes"))
    assert report["reasons"] == {"bad_file.impossible_date": 1, "bad_log.outside_a_trace": 1}
    assert (report["events"], report["applied"], report["ignored"], report["refused"]) == (4, 1, 1, 2)
    assert report["event_fitness"] == round(1 / 3, 4)


def test_a_contact_keeps_its_other_fields_where_one_cannot_be_read(
    closeloop: Closeloop, simulated: Store, tmp_path: Path
):
    opening = (
        '[opening]\nat = "opened"\ntext = { column = "text" }\nrequested_at = { column = "wanted", as = "time" }\n'
    )
    log = table("T-1,New,2026-01-05 09:00,soon,It is wet.,tomorrow", more=",opened,text,wanted")
    closeloop.json("replay", write(tmp_path, log, TABLE + opening))
    assert query_rows(simulated, "SELECT content FROM statement WHERE field = 'text'") == [{"content": "It is wet."}]


SLA = '[sla]\ncolumn = "made_sla"\nkept = ["true", "yes"]\nbroken = ["false", "no"]\nclause = "solution"\n'


def test_the_logs_own_sla_flag_is_compared_with_our_promise(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    """The solution is promised within 24 hours; the last flag of a case counts."""
    lines = [
        line
        for case, hours, first, last in (
            ("A", 2, "true", "true"),
            ("B", 2, "true", "false"),
            ("C", 30, "no", "yes"),
            ("D", 30, "true", "no"),
            ("E", 30, "true", "?"),
            ("F", 2, "?", "?"),
        )
        for line in (
            f"{case},New,2026-01-05 09:00,{first}",
            f"{case},Queued,2026-01-05 09:10,{first}",
            f"{case},In Progress,2026-01-05 09:20,{first}",
            f"{case},Resolved,2026-01-{5 + (9 + hours) // 24:02} {(9 + hours) % 24:02}:00,{last}",
        )
    ]
    report = closeloop.json("replay", write(tmp_path, table(*lines, more=",made_sla"), TABLE + SLA))
    assert report["sla"] == {
        "clause": "solution",
        "kept_kept": 1,
        "kept_broken": 2,
        "broken_kept": 1,
        "broken_broken": 1,
    }
    assert "Kept for the log, broken for us" in closeloop("replay", tmp_path / "log.csv").output


def test_a_promise_that_is_due_when_it_is_made_is_recorded_and_broken(
    closeloop: Closeloop, simulated: Store, tmp_path: Path
):
    form = '{ promise = "x", due_at = { column = "due", as = "time" } }'
    kept = '"Called" = { move = "keep_promise", form = { promise = 1, how = "x" } }'
    due = f'[moves]\n"Promised" = {{ move = "promise", form = {form} }}\n{kept}\n'
    log = table(
        "T-1,Promised,2026-01-05 09:00,2026-01-05 09:00", "T-2,Promised,2026-01-05 09:00,2026-01-05 08:59", more=",due"
    )
    report = closeloop.json("replay", write(tmp_path, log, TABLE + due))
    assert report["reasons"] == {"due_passed": 1}
    assert report["promises"]["promise"] == {"kept": 0, "broken": 1, "stopped": 0, "open": 0, "not_judged": 0}


def test_archiving_by_itself_is_no_promise(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    survey = '[moves]\n"Satisfied" = { move = "revisit", form = { outcome = "satisfied" } }\n'
    states = ("New", "Queued", "In Progress", "Resolved", "Satisfied")
    log = table(*(f"T-1,{state},2025-01-0{n + 1} 09:00" for n, state in enumerate(states)))
    report = closeloop.json("replay", write(tmp_path, log, TABLE + survey))
    assert query_rows(simulated, "SELECT state FROM cases") == [{"state": "archived"}]
    assert "archive" not in report["promises"]


@pytest.mark.skipif(not CASES.exists(), reason="the shared cases are not on this machine")
def test_the_case_of_the_queue_is_bridged_without_a_result_of_ours(
    closeloop: Closeloop, simulated: Store, tmp_path: Path
):
    report = closeloop.json("replay", CASES / "queue.csv", "--mapping", CASES / "queue.toml", "--bridge")
    assert (report["hand_backs"], report["reopenings"], report["refused"]) == (2, 0, 0)
    assert report["promises"]["solution"] == {"kept": 1, "broken": 0, "stopped": 0, "open": 0, "not_judged": 0}
    assert query_rows(simulated, "SELECT cycle FROM cases") == [{"cycle": 1}]
    results = "SELECT count(*) AS n FROM transition WHERE move = 'resolve' AND inferred"
    assert query_rows(simulated, results) == [{"n": 0}]


@pytest.mark.parametrize(
    "bad",
    ["2026-02-31 10:00", "soon", "2026-13-01 10:00", "", "2026-01-05 25:61"],
    ids=["no such day", "a word", "no such month", "none", "no such hour"],
)
def test_an_event_whose_time_cannot_be_read_lowers_the_fitness_of_its_case(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, bad: str
):
    states = ("New", "Queued", "In Progress", "Resolved")
    rows = [f"T-{n},{state},2026-01-0{n + k} 10:00" for n in (1, 2) for k, state in enumerate(states)]
    rows.insert(1, f"T-1,Queued,{bad}")
    report = closeloop.json("replay", write(tmp_path, table(*rows)))
    assert (report["cases"], report["fitting_cases"], report["refused"]) == (2, 1, 1)
    assert (report["applied"], report["flags"], report["self_loops"], report["cases_after_end"]) == (6, {}, 0, 0)
    [example] = next(iter(report["examples"].values()))
    assert (example["source_case"], example["row"]) == ("T-1", 3)
