"""Drafts of mappings for logs without one: they can be used as they are, and mark what is guessed."""

import re
import tomllib
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from gateways.logs.draft.time_formats import time_format_of
from gateways.logs.draft.toml_draft import suggest
from gateways.logs.draft.word_list import key_of, plain, sorts_of, word_list
from gateways.logs.mapping import LogMapping
from gateways.mapping_file import load_mapping
from gateways.problems import Unreadable
from locales.translation import locales, translate
from statemachines.kinds import lifecycle_of
from tests.gateways.logs import sample_logs
from tests.gateways.logs.log_formats import good

ENGLISH = partial(translate, "en")


def draft_of(log: Path) -> LogMapping:
    """Return the draft of a log, loaded as it is."""
    path = log.with_name("draft.toml")
    path.write_text(suggest(log, ENGLISH), "utf-8")
    return load_mapping(path, LogMapping)


def outcome(log: Path, by: LogMapping) -> Counter[str]:
    """Count the moves, states, ignored and unknown words of the log's events under a mapping."""
    steps = (by.step(event) for event in good(log, by))
    return Counter(step.move or step.state or (step.ignored and "ignored") or step.unknown for step in steps)


LOGS: dict[str, Callable[[Path], Path]] = {
    "incidents": sample_logs.incidents,
    "problems": sample_logs.problems,
    "loans": sample_logs.loans,
    "fines": sample_logs.fines,
    "tickets": sample_logs.tickets,
    "ocel": sample_logs.ocel,
}


@pytest.mark.parametrize("shape", LOGS)
def test_a_draft_names_only_existing_moves_and_states(tmp_path: Path, shape: str):
    by = draft_of(LOGS[shape](tmp_path))
    table = lifecycle_of(by.source.kind)
    for named in by.named():
        assert named.name in (table.rows if named.sort == "move" else table.state), named


@pytest.mark.parametrize("shape", LOGS)
def test_a_draft_maps_the_same_in_every_language(tmp_path: Path, shape: str):
    log = LOGS[shape](tmp_path)
    drafts = [suggest(log, partial(translate, locale)) for locale in locales()]
    assert len(set(drafts)) == len(locales())
    for draft in drafts:
        assert "draft." not in draft
        parsed = tomllib.loads(draft)
        assert parsed["event"] == tomllib.loads(drafts[0])["event"]


def test_a_table_of_updates_is_read_with_its_day_first_times_and_its_states(tmp_path: Path):
    log = sample_logs.incidents(tmp_path)
    by = draft_of(log)
    assert (by.event.case, by.event.word, by.event.at) == ("number", ("incident_state",), "sys_updated_at")
    assert by.event.order == ("at", "sys_mod_count", "row")
    assert (by.source.formats, by.source.missing) == (("%d/%m/%Y %H:%M",), ("?",))
    assert (by.event.who, by.event.department) == ("sys_updated_by", "assignment_group")
    assert by.states["Active"] == ("investigated", "classified")
    assert by.states["Awaiting User Info"] == ("waiting_for_customer",)
    assert by.states["Awaiting Vendor"] == ("investigated", "classified")
    assert (by.states["Resolved"], by.states["Closed"]) == (("resolved",), ("archived",))
    assert outcome(log, by)["-100"] == 1


def test_an_unknown_state_is_listed_for_a_person_to_map(tmp_path: Path):
    assert '# "-100" = ""' in suggest(sample_logs.incidents(tmp_path), ENGLISH)


def test_severities_and_channels_get_a_table(tmp_path: Path):
    by = draft_of(sample_logs.incidents(tmp_path))
    assert by.fill["severity"].values == {
        "1 - Critical": "urgent",
        "2 - High": "high",
        "3 - Moderate": "normal",
        "4 - Low": "low",
    }
    assert by.opening.channel
    assert by.opening.channel.values["Self service"] == "website"


def test_states_beside_few_activities_are_preferred(tmp_path: Path):
    log = sample_logs.problems(tmp_path)
    by = draft_of(log)
    assert by.event.word == ("lifecycle:transition",)
    assert by.states["Wait - User"] == ("waiting_for_customer",)
    assert set(outcome(log, by)) == {"investigated", "classified", "waiting_for_customer", "resolved", "archived"}


def test_tasks_that_are_only_scheduled_or_started_are_skipped(tmp_path: Path):
    log = sample_logs.loans(tmp_path)
    by = draft_of(log)
    assert [(skip.column, skip.values) for skip in by.skipped] == [("lifecycle:transition", ("SCHEDULE", "START"))]
    assert by.ignored.keys() == {"A_SUBMITTED"}
    assert (by.moves["A_CANCELLED"].move, by.states["A_DECLINED"]) == ("withdraw", ("refused",))
    assert by.moves["W_Afhandelen leads"].move == "note"


def test_a_file_with_the_newest_event_first_is_reversed(tmp_path: Path):
    by = draft_of(sample_logs.fines(tmp_path))
    assert by.event.order == ("at", "-row")
    assert by.source.formats == ("%d-%m-%Y",)
    assert (by.moves["Payment"].move, by.moves["Add penalty"].move) == ("resolve", "note")


def test_a_chinese_log_is_understood(tmp_path: Path):
    log = sample_logs.tickets(tmp_path)
    by = draft_of(log)
    assert (by.event.case, by.event.word, by.event.at) == ("工单编号", ("状态",), "操作时间")
    assert (by.event.who, by.event.department) == ("经办人", "部门")
    assert by.states["处理中"] == ("investigated",)
    assert by.states["待客户补充"] == ("waiting_for_customer",)
    assert by.source.formats == ("%Y年%m月%d日 %H:%M:%S",)


def test_the_cases_of_an_object_log_are_the_objects_with_several_events(tmp_path: Path):
    by = draft_of(sample_logs.ocel(tmp_path))
    assert by.event.case == "ocel:type:ticket"
    assert by.ignored.keys() == {"Register ticket"}


def test_rows_that_are_whole_cases_become_an_event_for_each_time(tmp_path: Path):
    header = ["order_id", "order_purchase_timestamp", "order_delivered_carrier_date", "order_estimated_delivery_date"]
    rows = [[f"o{n}", f"2024-01-0{n} 10:00:00", f"2024-01-1{n} 10:00:00", "2024-02-01 00:00:00"] for n in range(1, 9)]
    log = sample_logs.table(tmp_path / "orders.csv", header, [dict(zip(header, row, strict=True)) for row in rows])
    by = draft_of(log)
    assert by.source.kind == "service_order"
    assert outcome(log, by) == {"ignored": 8, "start": 8, "promise": 8, "keep_promise": 8}
    due = next(by.step(event).form for event in good(log, by) if event.word == "promised")
    assert due["due_at"].isoformat() == "2024-02-01T00:00:00+00:00"


def test_the_draft_marks_an_ambiguous_order_of_day_and_month(tmp_path: Path):
    rows = [{"case": f"c{n // 2}", "activity": "Resolve", "time": f"0{1 + n % 9}/02/2024 10:00"} for n in range(20)]
    log = sample_logs.table(tmp_path / "log.csv", ["case", "activity", "time"], rows)
    [line] = [line for line in suggest(log, ENGLISH).splitlines() if line.startswith("formats")]
    assert "# ? the day and the month" in line


def test_a_draft_of_the_same_log_is_the_same(tmp_path: Path):
    log = sample_logs.incidents(tmp_path)
    assert suggest(log, ENGLISH) == suggest(log, ENGLISH)


def test_a_file_that_is_no_log_is_refused(tmp_path: Path):
    for name, content in (("log.csv", "a,b\n"), ("log.xes", "<log/>"), ("log.txt", "x")):
        (tmp_path / name).write_text(content)
        with pytest.raises(Unreadable):
            suggest(tmp_path / name, ENGLISH)


def test_a_log_without_recognised_columns_gives_a_draft_that_marks_them(tmp_path: Path):
    (tmp_path / "log.csv").write_text("a,b\n1,2\n3,4\n")
    assert re.search(r'^case = "" # \?', suggest(tmp_path / "log.csv", ENGLISH), re.MULTILINE)


@pytest.mark.parametrize(
    ("word", "sort"),
    [
        ("Not resolved", None),
        ("未解决", None),
        ("unresolved", None),
        ("已解决", "resolved"),
        ("Accepted - In Progress", "working"),
        ("awaiting_user_info", "awaiting_customer"),
        ("ReOpened", "reopened"),
        ("T16 Report reasons to hold request", None),
    ],
)
def test_a_word_has_the_sort_of_its_longest_matching_part(word: str, sort: str | None):
    assert next((matching.name for matching in sorts_of(word)), None) == sort


def test_names_are_compared_by_their_words():
    assert plain("sys_updatedAt") == "sys updated at"
    assert key_of("3 - Moderate", word_list().severities) == "normal"
    assert key_of("whatever", word_list().severities) is None


def test_numbers_are_times_only_where_the_name_says_so():
    assert time_format_of("timestamp", ["1709251200"])
    assert time_format_of("amount", ["1709251200"]) is None
    assert time_format_of("priority", ["1 - High"]) is None


def test_the_word_list_names_only_parts_of_lifecycles_and_has_no_duplicates():
    words = [word for sort in word_list().meaning for word in sort.words]
    assert [word for word, count in Counter(words).items() if count > 1] == []
    assert all(word == plain(word) for word in words if word.isascii())
    for sort in word_list().meaning:
        for kind, sense in (("complaint", sort.complaint), ("service_order", sort.service_order)):
            table = lifecycle_of(kind)
            assert {*sense.state} <= {*table.state}, sort.name
            assert {*sense.move} <= {*table.rows}, sort.name
            assert sense.state or sense.move or sense.ignored
