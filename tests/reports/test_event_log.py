"""Histories on their way out: under pseudonyms, with how long everything took, whole cases, in pages, at one moment."""

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


def lived(store: Store) -> str:
    """A complaint full of what must not leave the house, resolved, doubted and raised; its number."""
    number = new_case(store, text="=HYPERLINK(收货人不在)", demand="收货人不在", **WANG)
    make_move(store, number, "classify", after=HOUR)
    make_move(store, number, "assign", after=HOUR, owner=HANDLER, reason="His mother knows.")
    make_move(store, number, "investigate", after=27 * HOUR, findings="Lao Li was there.")
    make_move(store, number, "resolve", after=28 * HOUR)
    make_move(store, number, "revisit", by="amy", after=29 * HOUR, outcome="dissatisfied", words="收货人不在")
    return number


def exported(store: Store, sort: str = "csv", wanted: CaseFilter = ALL, *, whole: bool = False) -> str:
    """The log as text."""
    out = io.BytesIO()
    with store.looking() as tx:
        log, _ = log_of(tx, Pseudonymisation(store.secret, whole), wanted, linked=sort == "ocel2")
        FORMATS[sort](out, log)
    return out.getvalue().decode()


def rows(store: Store, wanted: CaseFilter = ALL, **how: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported(store, "csv", wanted, **how), newline="")))


@pytest.mark.requirement("H1")
@pytest.mark.parametrize("sort", ["xes", "csv", "jsonl", "ocel2"])
def test_nobody_is_named_and_nothing_quoted(store: Store, sort: str):
    lived(store)
    text = exported(store, sort)
    assert not [secret for secret in SECRETS if secret in text]
    assert not [one.handle for one in STAFF if f'"{one.handle}"' in text or f",{one.handle}," in text]


@pytest.mark.requirement("H1")
def test_pseudonyms_are_keyed_short_and_the_same_each_time(store: Store):
    lived(store)
    new_case(store, **WANG)
    first, *_, last = rows(store)
    assert first["case:party"] == last["case:party"]
    assert len(first["case:party"]) == len("p-") + 16
    by = {row["org:resource"] for row in rows(store)}
    assert "system" in by
    assert len(by) == 4
    assert Pseudonymisation(b"another secret").actor(HANDLER) not in by
    assert Pseudonymisation(store.secret).actor(HANDLER) in by
    assert {row["case:owner"] for row in rows(store) if row["case:owner"]} == {
        Pseudonymisation(store.secret).actor(HANDLER)
    }


@pytest.mark.requirement("H1")
def test_who_reported_a_violation_cannot_be_found_by_his_complaints(store: Store):
    new_case(store, **WANG)
    told = contact(HOUR, **WANG)
    open_case(store, Opening(told, "violation"), START + HOUR)
    assert [bool(row["case:party"]) for row in rows(store)[:1] + rows(store)[-1:]] == [True, False]
    objects = json.loads(exported(store, "ocel2"))["objects"]
    links = [link["objectId"] for one in objects if one["type"] == "violation" for link in one["relationships"]]
    assert [link for link in links if link.startswith(("p-", "s-"))] == []


@pytest.mark.requirement("H1")
def test_a_whole_log_has_names_and_words(store: Store):
    lived(store)
    first, *more = rows(store, whole=True)
    assert (first["case:customer"], first["case:phone"], first["said:demand"]) == (
        "王女士",
        "000-5550-0001",
        "收货人不在",
    )
    assert (first["said:text"], more[1]["form:owner"]) == ("'=HYPERLINK(收货人不在)", HANDLER)
    assert {HANDLER, "amy", "sue"} <= {row["org:resource"] for row in more}


@pytest.mark.requirement("H1")
def test_every_field_of_every_form_is_told_only_if_it_can_hold_no_name():
    """A new free text is left out by itself; whoever wants it told gives it a type that holds no name."""
    told = {
        (kind, move, name): sort
        for kind, table in lifecycles().items()
        for move in ("open", *table.rows)
        for name, sort in fields_of(kind, move).items()
    }
    free = {name for (_, _, name), sort in told.items() if sort in {Disclosure.FREE, Disclosure.NEEDED}}
    assert free == {"source", "row_id", "letter"}
    assert {sort for (_, _, name), sort in told.items() if name in {"owner", "accused", "appellant"}} == {
        Disclosure.HANDLE
    }
    assert (told["complaint", "merge", "into"], told["complaint", "open", "text"]) == (
        Disclosure.CASE,
        Disclosure.WORDS,
    )


def test_a_field_that_no_form_has_any_more_is_left_out(store: Store):
    number = lived(store)
    sql = """UPDATE transition SET form = '{"category":"damage","nickname":"Lao Li"}' WHERE move = 'classify'"""
    assert execute_sql(store, sql) == 1
    assert "Lao Li" not in exported(store, "jsonl")
    assert [row["form:category"] for row in rows(store) if row["concept:name"] == "classify"] == ["damage"]
    assert number


def test_a_move_tells_how_long_it_took_by_the_clock_and_in_working_hours(store: Store):
    number = new_case(store)
    make_move(store, number, "note", after=10 * MINUTE)
    make_move(store, number, "note", after=3 * DAY + HOUR)
    first, *_, second = [row for row in rows(store) if row["concept:name"] == "note"]
    assert first["case:calendar"] == "cn-office", "all its promises count around the clock: the hours of its callbacks"
    assert (first["since_opening_seconds"], first["working_since_last_us"]) == ("600.0", str(600 * 10**6))
    assert second["since_opening_seconds"] == str((3 * DAY + HOUR).total_seconds())
    assert second["working_since_opening_hours"] == "25.0", "three working days of eight hours, and one hour"


def test_working_hours_are_those_of_the_promise_that_counts_them(store: Store):
    limit = {"amount": 8, "unit": "business_hours", "calendar": "berlin-office"}
    in_force(store, {"department_limit": limit}, START)
    number = new_case(store)
    make_move(store, number, "classify", after=HOUR)
    make_move(store, number, "note", after=DAY)
    told = [row for row in rows(store) if row["concept:name"] == "note"]
    assert [(row["case:calendar"], row["working_since_opening_hours"]) for row in told] == [("berlin-office", "8.0")]


def test_what_happened_before_what_was_recorded_before_it_took_no_time(store: Store):
    number = new_case(store)
    make_move(store, number, "note", after=2 * HOUR - MINUTE)
    make_move(store, number, "note", after=2 * HOUR)
    execute_sql(store, "UPDATE transition SET occurred_at = :at WHERE seq = 2", at=to_micros(START + HOUR))
    execute_sql(store, "UPDATE transition SET occurred_at = :at WHERE seq = 3", at=to_micros(START + 30 * MINUTE))
    told = [(row["since_last_seconds"], row["working_since_opening_hours"]) for row in rows(store)]
    assert told[1:3] == [("3600.0", "1.0"), ("0.0", "0.5")]
    assert number


def test_one_kind_may_be_asked_for(store: Store):
    lived(store)
    assert {row["case:kind"] for row in rows(store, CaseFilter("complaint"))} == {"complaint"}
    assert rows(store, CaseFilter("inquiry")) == []
    assert rows(store, CaseFilter("complaint"))[0].keys() < rows(store)[0].keys()


def test_since_chooses_cases_that_moved_and_tells_them_whole(store: Store):
    old, number = lived(store), new_case(store, 30 * HOUR)
    told = rows(store, CaseFilter(since=to_micros(START + 30 * HOUR)))
    assert [(row["case:concept:name"], row["seq"]) for row in told] == [(number, "1")]
    make_move(store, old, "note", after=31 * HOUR)
    told = rows(store, CaseFilter(since=to_micros(START + 30 * HOUR)))
    assert Counter(row["case:concept:name"] for row in told) == {old: len(history_of(store, old)), number: 1}


@pytest.mark.parametrize("pages", [(1, 1), (2, 3), (500, 2_000)])
def test_pages_of_any_size_tell_the_same(store: Store, monkeypatch: pytest.MonkeyPatch, pages: tuple[int, int]):
    for hours in (0, 1, 2):
        new_resolved_case(store, hours * HOUR, phone=f"000-{hours}")
    before = [exported(store, sort) for sort in ("jsonl", "ocel2", "xes")]
    monkeypatch.setattr(history_pages, "CASES_AT_ONCE", pages[0])
    monkeypatch.setattr(history_pages, "MOVES_AT_ONCE", pages[1])
    assert [exported(store, sort) for sort in ("jsonl", "ocel2", "xes")] == before
    moves = query_rows(store, "SELECT count(*) AS n FROM transition")[0]["n"]
    assert len(before[0].splitlines()) == moves


def test_a_log_is_one_moment_of_the_store(store: Store):
    """What happens while the log is read is not in it, neither a new case nor a further move of one already told."""
    number = lived(store)
    count = len(history_of(store, number))
    out = io.BytesIO()
    with store.looking() as tx:
        log, told = log_of(tx, Pseudonymisation(store.secret), CaseFilter(), linked=False)
        one = next(iter(log.histories))
        seen = list(one.events)
        new_case(store, 30 * HOUR)
        make_move(store, number, "note", after=31 * HOUR)
        FORMATS["csv"](out, log)
    assert (len(seen), told.cases, out.getvalue().count(b"\n")) == (count, 1, 1)


def test_tools_find_the_variants_that_the_tables_have(store: Store, tmp_path: Path):
    lived(store)
    new_resolved_case(store, HOUR)
    new_resolved_case(store, 2 * HOUR)
    ours = Counter(_traces(query_rows(store, VARIANTS)).values())
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
        found = [pm4py.get_variants(one, case_id_key="case:concept:name") for one in (xes, table)]
    assert ours == Counter(found[0]) == Counter(found[1])
    assert ours.total() == 3


def test_object_centric_tools_find_them_too(store: Store, tmp_path: Path):
    lived(store)
    new_resolved_case(store, HOUR, **WANG)
    (tmp_path / "log.jsonocel").write_text(exported(store, "ocel2"), "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pm4py

        read = pm4py.read_ocel2_json(str(tmp_path / "log.jsonocel"))
        flat = pm4py.ocel_flattening(read, "complaint").astype({"seq": int})
        flat = flat.sort_values(["case:concept:name", "seq"])
        found = Counter(pm4py.get_variants(flat, case_id_key="case:concept:name"))
        sorts = set(pm4py.ocel_get_object_types(read))
    assert found == Counter(_traces(query_rows(store, VARIANTS)).values())
    assert sorts == {"complaint", "party", "shipment", "actor", "department", "timer"}


def _traces(told: list[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    traces: dict[str, tuple[str, ...]] = {}
    for row in told:
        traces[row["number"]] = (*traces.get(row["number"], ()), row["move"])
    return traces


def test_every_object_that_is_named_is_there_and_the_log_is_valid(store: Store):
    lived(store)
    first, second = new_resolved_case(store, HOUR, **WANG), new_case(store, 2 * HOUR)
    make_move(store, second, "merge", after=3 * HOUR, into=new_case(store, 3 * HOUR))
    for wanted in (CaseFilter(), CaseFilter("complaint", to_micros(START + 3 * HOUR))):
        told = json.loads(exported(store, "ocel2", wanted))
        known = [one["id"] for one in told["objects"]]
        assert len(known) == len(set(known))
        named = {link["objectId"] for one in told["events"] + told["objects"] for link in one["relationships"]}
        assert named <= set(known)
        if SCHEMA.exists():
            jsonschema.validate(told, json.loads(SCHEMA.read_text("utf-8")))
    links = {(one["id"], link["qualifier"]) for one in told["objects"] for link in one["relationships"]}
    assert (second, "merged_into") in links
    assert case_of(store, first)["party_id"]


def test_a_rung_names_the_clock_that_fired_it(store: Store):
    lived(store)
    told = json.loads(exported(store, "ocel2"))
    fired = [one for one in told["events"] if one["type"] in {"remind", "breach"}]
    clocks = {one["id"] for one in told["objects"] if one["type"] == "timer"}
    links = [[link["objectId"] for link in one["relationships"] if link["qualifier"] == "fired_by"] for one in fired]
    assert fired
    assert all(len(link) == 1 and link[0] in clocks for link in links)
