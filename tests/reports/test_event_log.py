"""The exported event log: pseudonyms, durations, whole cases, pages, and one snapshot of the store."""

import csv
import io
import json
import warnings
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from engine.commands.open_case import Opening, open_case
from engine.store import Store
from gateways.writing.formats import FORMATS
from models.columns import to_micros
from reports import event_log_queries as history_pages
from reports.event_log_objects import log_of
from reports.event_log_queries import CaseFilter
from reports.pseudonymisation import Disclosure, Pseudonymisation, fields_of
from statemachines.kinds import lifecycles
from tests.case_actions import (
    DAY,
    HANDLER,
    HOUR,
    STAFF,
    START,
    case_of,
    contact,
    execute_sql,
    history_of,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
)
from tests.editions import in_force

SCHEMA = Path(__file__).resolve().parents[4] / "shared" / "data" / "ocel2_schema.json"
SECRETS = (
    "王女士",
    "000-5550-0001",
    "wang@example.com",
    "收货人不在",
    "=HYPERLINK",
    "AB 1234",
    "His mother knows.",
    "Lao Li",
)
WANG: dict[str, Any] = {
    "customer": "王女士",
    "phone": "000-5550-0001",
    "email": "wang@example.com",
    "shipment": "AB 1234",
}
VARIANTS = "SELECT c.number, t.move FROM transition t JOIN cases c ON c.id = t.case_id ORDER BY c.id, t.seq"
MINUTE = timedelta(minutes=1)
ALL = CaseFilter()


def new_reopened_case(store: Store) -> str:
    """Open a complaint full of personal data, resolve it, and reopen it; return its number."""
    number = new_case(store, text="=HYPERLINK(收货人不在)", demand="收货人不在", **WANG)
    make_move(store, number, "classify", after=HOUR)
    make_move(store, number, "assign", after=HOUR, owner=HANDLER, reason="His mother knows.")
    make_move(store, number, "investigate", after=27 * HOUR, findings="Lao Li was there.")
    make_move(store, number, "resolve", after=28 * HOUR)
    make_move(store, number, "revisit", by="amy", after=29 * HOUR, outcome="dissatisfied", words="收货人不在")
    return number


def exported(store: Store, sort: str = "csv", wanted: CaseFilter = ALL, *, whole: bool = False) -> str:
    """Return the event log as text."""
    file = io.BytesIO()
    with store.looking() as tx:
        log, _ = log_of(tx, Pseudonymisation(store.secret, whole), wanted, linked=sort == "ocel2")
        FORMATS[sort](file, log)
    return file.getvalue().decode()


def csv_rows(store: Store, wanted: CaseFilter = ALL, **how: Any) -> list[dict[str, str]]:
    """Return the rows of the event log as CSV."""
    return list(csv.DictReader(io.StringIO(exported(store, "csv", wanted, **how), newline="")))


@pytest.mark.requirement("H1")
@pytest.mark.parametrize("sort", ["xes", "csv", "jsonl", "ocel2"])
def test_no_person_is_named_and_no_text_quoted(store: Store, sort: str):
    new_reopened_case(store)
    text = exported(store, sort)
    assert not [secret for secret in SECRETS if secret in text]
    assert not [actor.handle for actor in STAFF if f'"{actor.handle}"' in text or f",{actor.handle}," in text]


@pytest.mark.requirement("H1")
def test_pseudonyms_are_keyed_short_and_the_same_each_time(store: Store):
    new_reopened_case(store)
    new_case(store, **WANG)
    first, *_, last = csv_rows(store)
    assert first["case:party"] == last["case:party"]
    assert len(first["case:party"]) == len("p-") + 16
    actors = {row["org:resource"] for row in csv_rows(store)}
    assert "system" in actors
    assert len(actors) == 4
    assert Pseudonymisation(b"another secret").actor(HANDLER) not in actors
    assert Pseudonymisation(store.secret).actor(HANDLER) in actors
    assert {row["case:owner"] for row in csv_rows(store) if row["case:owner"]} == {
        Pseudonymisation(store.secret).actor(HANDLER)
    }


@pytest.mark.requirement("H1")
def test_the_reporter_of_a_violation_cannot_be_identified_by_his_complaints(store: Store):
    new_case(store, **WANG)
    violation = contact(HOUR, **WANG)
    open_case(store, Opening(violation, "violation"), START + HOUR)
    assert [bool(row["case:party"]) for row in csv_rows(store)[:1] + csv_rows(store)[-1:]] == [True, False]
    objects = json.loads(exported(store, "ocel2"))["objects"]
    links = [link["objectId"] for item in objects if item["type"] == "violation" for link in item["relationships"]]
    assert [link for link in links if link.startswith(("p-", "s-"))] == []


@pytest.mark.requirement("H1")
def test_a_whole_log_has_names_and_texts(store: Store):
    new_reopened_case(store)
    first, *more = csv_rows(store, whole=True)
    assert (first["case:customer"], first["case:phone"], first["said:demand"]) == (
        "王女士",
        "000-5550-0001",
        "收货人不在",
    )
    assert (first["said:text"], more[1]["form:owner"]) == ("'=HYPERLINK(收货人不在)", HANDLER)
    assert {HANDLER, "amy", "sue"} <= {row["org:resource"] for row in more}


@pytest.mark.requirement("H1")
def test_a_field_of_a_form_is_disclosed_only_if_it_can_hold_no_name():
    """A new free text is left out unless its type can hold no name."""
    disclosures = {
        (kind, move, name): sort
        for kind, table in lifecycles().items()
        for move in ("open", *table.rows)
        for name, sort in fields_of(kind, move).items()
    }
    free = {name for (_, _, name), sort in disclosures.items() if sort in {Disclosure.FREE, Disclosure.NEEDED}}
    bounded = {"period", "measured_period", "edition", "figures", "listed", "evidence", "corrects", "because_of"}
    bounded |= {"called_off_because"}
    bounded |= {"also_invited", "digest", "seed", "assessor", "scores", "comparison", "gaps", "attendees", "invitees"}
    assert free == {"source", "row_id", "letter", "unset_limits", "criteria", "met", "ports", *bounded}
    assert {sort for (_, _, name), sort in disclosures.items() if name in {"owner", "accused", "appellant"}} == {
        Disclosure.HANDLE
    }
    assert (disclosures["complaint", "merge", "into"], disclosures["complaint", "open", "text"]) == (
        Disclosure.CASE,
        Disclosure.WORDS,
    )


def test_a_field_without_a_form_is_left_out(store: Store):
    number = new_reopened_case(store)
    sql = """UPDATE transition SET form = '{"category":"damage","nickname":"Lao Li"}' WHERE move = 'classify'"""
    assert execute_sql(store, sql) == 1
    assert "Lao Li" not in exported(store, "jsonl")
    assert [row["form:category"] for row in csv_rows(store) if row["concept:name"] == "classify"] == ["damage"]
    assert number


def test_a_move_has_its_duration_in_elapsed_and_in_working_hours(store: Store):
    number = new_case(store)
    make_move(store, number, "note", after=10 * MINUTE)
    make_move(store, number, "note", after=3 * DAY + HOUR)
    first, *_, second = [row for row in csv_rows(store) if row["concept:name"] == "note"]
    assert first["case:calendar"] == "cn-office", (
        "all its timers count around the clock, so the calendar is that of its callbacks"
    )
    assert (first["since_opening_seconds"], first["working_since_last_us"]) == ("600.0", str(600 * 10**6))
    assert second["since_opening_seconds"] == str((3 * DAY + HOUR).total_seconds())
    assert second["working_since_opening_hours"] == "25.0", "three working days of eight hours, and one hour"


def test_working_hours_are_those_of_the_clause_that_counts_them(store: Store):
    limit = {"amount": 8, "unit": "business_hours", "calendar": "berlin-office"}
    in_force(store, {"department_limit": limit}, START)
    number = new_case(store)
    make_move(store, number, "classify", after=HOUR)
    make_move(store, number, "note", after=DAY)
    notes = [row for row in csv_rows(store) if row["concept:name"] == "note"]
    assert [(row["case:calendar"], row["working_since_opening_hours"]) for row in notes] == [("berlin-office", "8.0")]


def test_a_move_that_occurred_before_its_predecessor_took_no_time(store: Store):
    number = new_case(store)
    make_move(store, number, "note", after=2 * HOUR - MINUTE)
    make_move(store, number, "note", after=2 * HOUR)
    execute_sql(store, "UPDATE transition SET occurred_at = :at WHERE seq = 2", at=to_micros(START + HOUR))
    execute_sql(store, "UPDATE transition SET occurred_at = :at WHERE seq = 3", at=to_micros(START + 30 * MINUTE))
    durations = [(row["since_last_seconds"], row["working_since_opening_hours"]) for row in csv_rows(store)]
    assert durations[1:3] == [("3600.0", "1.0"), ("0.0", "0.5")]
    assert number


def test_the_log_can_be_limited_to_one_kind(store: Store):
    new_reopened_case(store)
    assert {row["case:kind"] for row in csv_rows(store, CaseFilter("complaint"))} == {"complaint"}
    assert csv_rows(store, CaseFilter("inquiry")) == []
    assert csv_rows(store, CaseFilter("complaint"))[0].keys() < csv_rows(store)[0].keys()


def test_since_selects_the_cases_that_moved_with_their_whole_history(store: Store):
    old, number = new_reopened_case(store), new_case(store, 30 * HOUR)
    rows = csv_rows(store, CaseFilter(since=to_micros(START + 30 * HOUR)))
    assert [(row["case:concept:name"], row["seq"]) for row in rows] == [(number, "1")]
    make_move(store, old, "note", after=31 * HOUR)
    rows = csv_rows(store, CaseFilter(since=to_micros(START + 30 * HOUR)))
    assert Counter(row["case:concept:name"] for row in rows) == {old: len(history_of(store, old)), number: 1}


@pytest.mark.parametrize("pages", [(1, 1), (2, 3), (500, 2_000)])
def test_the_log_is_the_same_for_any_page_size(store: Store, monkeypatch: pytest.MonkeyPatch, pages: tuple[int, int]):
    for hours in (0, 1, 2):
        new_resolved_case(store, hours * HOUR, phone=f"000-{hours}")
    before = [exported(store, sort) for sort in ("jsonl", "ocel2", "xes")]
    monkeypatch.setattr(history_pages, "CASES_AT_ONCE", pages[0])
    monkeypatch.setattr(history_pages, "MOVES_AT_ONCE", pages[1])
    assert [exported(store, sort) for sort in ("jsonl", "ocel2", "xes")] == before
    moves = query_rows(store, "SELECT count(*) AS n FROM transition")[0]["n"]
    assert len(before[0].splitlines()) == moves


def test_a_log_is_one_snapshot_of_the_store(store: Store):
    """Neither a new case nor a further move that is made while the log is read is in it."""
    number = new_reopened_case(store)
    count = len(history_of(store, number))
    file = io.BytesIO()
    with store.looking() as tx:
        log, totals = log_of(tx, Pseudonymisation(store.secret), CaseFilter(), linked=False)
        history = next(iter(log.histories))
        events = list(history.events)
        new_case(store, 30 * HOUR)
        make_move(store, number, "note", after=31 * HOUR)
        FORMATS["csv"](file, log)
    assert (len(events), totals.cases, file.getvalue().count(b"\n")) == (count, 1, 1)


def test_process_mining_tools_read_the_variants_of_the_tables(store: Store, tmp_path: Path):
    new_reopened_case(store)
    new_resolved_case(store, HOUR)
    new_resolved_case(store, 2 * HOUR)
    expected = Counter(_traces(query_rows(store, VARIANTS)).values())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        import pm4py

        (tmp_path / "log.xes").write_text(exported(store, "xes"), "utf-8")
        xes = pm4py.read_xes(str(tmp_path / "log.xes"))
        table = pm4py.format_dataframe(
            pd.read_csv(io.StringIO(exported(store, "csv"))), case_id="case:concept:name", activity_key="concept:name",
            timestamp_key="time:timestamp",
        )  # fmt: skip
        variants = [pm4py.get_variants(log, case_id_key="case:concept:name") for log in (xes, table)]
    assert expected == Counter(variants[0]) == Counter(variants[1])
    assert expected.total() == 3


def test_object_centric_tools_read_the_same_variants(store: Store, tmp_path: Path):
    new_reopened_case(store)
    new_resolved_case(store, HOUR, **WANG)
    (tmp_path / "log.jsonocel").write_text(exported(store, "ocel2"), "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pm4py

        log = pm4py.read_ocel2_json(str(tmp_path / "log.jsonocel"))
        flat = pm4py.ocel_flattening(log, "complaint").astype({"seq": int})
        flat = flat.sort_values(["case:concept:name", "seq"])
        variants = Counter(pm4py.get_variants(flat, case_id_key="case:concept:name"))
        sorts = set(pm4py.ocel_get_object_types(log))
    assert variants == Counter(_traces(query_rows(store, VARIANTS)).values())
    assert sorts == {"complaint", "party", "shipment", "actor", "department", "timer"}


def _traces(rows: list[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Return the moves of each case by its number."""
    traces: dict[str, tuple[str, ...]] = {}
    for row in rows:
        traces[row["number"]] = (*traces.get(row["number"], ()), row["move"])
    return traces


def test_every_referenced_object_exists_and_the_log_is_valid(store: Store):
    new_reopened_case(store)
    first, second = new_resolved_case(store, HOUR, **WANG), new_case(store, 2 * HOUR)
    make_move(store, second, "merge", after=3 * HOUR, into=new_case(store, 3 * HOUR))
    for wanted in (CaseFilter(), CaseFilter("complaint", to_micros(START + 3 * HOUR))):
        log = json.loads(exported(store, "ocel2", wanted))
        ids = [item["id"] for item in log["objects"]]
        assert len(ids) == len(set(ids))
        referenced = {link["objectId"] for item in log["events"] + log["objects"] for link in item["relationships"]}
        assert referenced <= set(ids)
        if SCHEMA.exists():
            jsonschema.validate(log, json.loads(SCHEMA.read_text("utf-8")))
    links = {(item["id"], link["qualifier"]) for item in log["objects"] for link in item["relationships"]}
    assert (second, "merged_into") in links
    assert case_of(store, first)["party_id"]


def test_an_escalation_step_names_its_timer(store: Store):
    new_reopened_case(store)
    log = json.loads(exported(store, "ocel2"))
    fired = [event for event in log["events"] if event["type"] in {"remind", "breach"}]
    timers = {item["id"] for item in log["objects"] if item["type"] == "timer"}
    links = [
        [link["objectId"] for link in event["relationships"] if link["qualifier"] == "fired_by"] for event in fired
    ]
    assert fired
    assert all(len(link) == 1 and link[0] in timers for link in links)
