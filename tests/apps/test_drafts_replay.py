"""Drafts of awkward logs: what is called usable passes the check and is replayed, and no draft tells what is not so."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from engine.store import Store
from tests.apps.conftest import Closeloop

pytestmark = pytest.mark.requirement("B5")

CLEAN = ("New", "Assigned", "In Progress", "Resolved", "Closed")
CHINESE = ("已受理", "已分派", "处理中", "退回", "已分派", "处理中", "已办结", "已归档")


def events(
    words: Iterable[str], *more: str, cases: int = 6, prefix: str = "T-", day: str = "2026-02-{:02}"
) -> list[str]:
    """Return a row for each word of each case: case, word, time, a word a day."""
    words = list(words)
    return [
        ",".join([f"{prefix}{n}", word, day.format(1 + k) + " 09:00", *more])
        for n in range(cases)
        for k, word in enumerate(words)
    ]


def mixed_formats() -> list[str]:
    return [
        f"T-{n},{word},{(f'2026-02-{1 + k:02} 09:00', f'{1 + k:02}/02/2026 09:00')[n % 2]}"
        for n in range(8)
        for k, word in enumerate(CLEAN)
    ]


def wide(statuses: Iterable[str], line: str) -> list[str]:
    """Return a row for each case; ``line`` gets the number, the day, and the status."""
    statuses = list(statuses)
    return [line.format(n=n, day=f"2026-02-0{n}", status=statuses[n % len(statuses)]) for n in range(1, 9)]


HEAD = "ticket,status,changed at"
LOGS: dict[str, tuple[str, list[str]]] = {
    "repeated states": (HEAD, events(word for word in CLEAN for _ in range(2))),
    "handed back": ("投诉编号,状态,更新时间", events(CHINESE)),
    "unsatisfied": (
        "complaint id,activity,timestamp",
        events(("Received", "Assigned", "In Progress", "Resolved", "Customer unsatisfied", "In Progress", "Resolved")),
    ),
    "auto-closed": (HEAD, events((*CLEAN[:-1], "Auto-closed"))),
    "due when opened": (f"{HEAD},sla_due,made_sla", events(CLEAN, "2026-02-01 09:00", "true")),
    "mixed formats": (HEAD, mixed_formats()),
    "a column twice": (f"{HEAD},team,team", events(CLEAN, "a", "b")),
    "newest first": (HEAD, events(CLEAN)[::-1]),
    "days alone": ("Complaint No,Status,Date", [row.removesuffix(" 09:00") for row in events(CLEAN)]),
    "an unknown state": (HEAD, events((*CLEAN[:3], "-100", *CLEAN[3:]))),
    "a survey of a cancelled order": (
        "order id,event,time", events(("order placed", "approved", "cancelled", "survey answered"))
    ),
    "deliveries that failed": (
        "waybill,scan event,scan time",
        events(("Booked", "Picked up", "Delivery failed", "Out for delivery", "Delivered", "Proof of delivery")),
    ),
    "remarks after the end": (
        "Ticket ID,Activity,Timestamp", events(("Create", "Assign", "Investigate", "Resolve", "Close", "Comment"))
    ),
    "reopened": (HEAD, events((*CLEAN[:-1], "Reopened", "In Progress", "Resolved", "Closed"))),
    "ids of events": (
        "event_id,reference,step,when",
        [f"{n},{row}" for n, row in enumerate(events(("Created", "Assigned", "Working", "Done")), 100)],
    ),
    "wide, with an end of its own": (
        "complaint_id,customer_id,status,created_on,resolved_on,closed_on,due_date,within_sla",
        wide(("Closed", "Rejected"), "{n},c{n},{status},{day} 09:00,{day} 12:00,{day} 15:00,{day} 18:00,Y"),
    ),
    "wide, with a state and two times": (
        "id,status,created_at,updated_at", wide(("Closed", "Cancelled", "Open"), "{n},{status},{day} 09:00,{day} 15:00")
    ),
    "a row a case, one time": ("complaint id,status,date", wide(("Closed", "Open"), "{n},{status},{day}")),
}  # fmt: skip


def write(folder: Path, name: str) -> Path:
    head, rows = LOGS[name]
    path = folder / "log.csv"
    path.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    return path


def drafted(closeloop: Closeloop, folder: Path, name: str) -> tuple[str, dict[str, Any]]:
    """Return the draft of a log as text and parsed."""
    text = closeloop.json("mapping", "suggest", write(folder, name))["mapping"]
    return text, tomllib.loads(text)


def line_of(text: str, begin: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(begin))


@pytest.mark.parametrize("name", LOGS)
def test_a_draft_that_is_called_usable_is_checked_and_replayed_strictly(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, name: str
):
    log, mapping = write(tmp_path, name), tmp_path / "draft.toml"
    assert closeloop.json("mapping", "suggest", log, "--out", mapping)["usable"]
    closeloop.json("mapping", "check", mapping, log)
    report = closeloop.json("replay", log, "--mapping", mapping)
    assert report["events"] == report["applied"] + report["ignored"] + report["refused"] > 0
    assert report["flags"] == {}


@pytest.mark.parametrize(
    "name",
    ["repeated states", "auto-closed", "due when opened", "mixed formats", "newest first", "days alone", "reopened"],
)
def test_clean_cases_fit_by_their_draft(closeloop: Closeloop, simulated: Store, tmp_path: Path, name: str):
    (tmp_path / "draft.toml").write_text(drafted(closeloop, tmp_path, name)[0], "utf-8")
    report = closeloop.json("replay", tmp_path / "log.csv", "--mapping", tmp_path / "draft.toml")
    assert (report["refused"], report["case_fitness"]) == (0, 1)


@pytest.mark.parametrize(
    "word",
    ["Delivery failed", "Out for delivery", "Delivery attempt", "Delivery scheduled", "派送失败", "Delivery exception"],
)
def test_a_word_with_a_qualifier_shows_no_end(closeloop: Closeloop, simulated: Store, tmp_path: Path, word: str):
    rows = events(("Booked", "Picked up", word, "Delivered"))
    (tmp_path / "log.csv").write_text("\n".join(["waybill,event,time", *rows]) + "\n", "utf-8")
    parsed = tomllib.loads(closeloop.json("mapping", "suggest", tmp_path / "log.csv")["mapping"])
    assert (parsed["moves"][word], parsed["moves"]["Delivered"]) == ("note", "complete")


@pytest.mark.parametrize(
    ("word", "move"),
    [
        ("survey answered", "note"),
        ("Survey completed", "note"),
        ("回访完成", "note"),
        ("满意度调查已完成", "note"),
        ("Customer satisfied", ["revisit", "satisfied"]),
        ("Customer unsatisfied", ["revisit", "dissatisfied"]),
        ("客户不满意", ["revisit", "dissatisfied"]),
    ],
)
def test_a_survey_is_no_result_and_an_opinion_is_one_with_a_question_mark(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, word: str, move: str | list[str]
):
    rows = events(("order placed", "approved", "delivered", word))
    (tmp_path / "log.csv").write_text("\n".join(["order id,event,time", *rows]) + "\n", "utf-8")
    text = closeloop.json("mapping", "suggest", tmp_path / "log.csv")["mapping"]
    meaning = tomllib.loads(text)["moves"][word]
    assert (meaning if isinstance(meaning, str) else [meaning["move"], meaning["form"]["outcome"]]) == move
    assert ", ? " in line_of(text, f'"{word}"')


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("days alone", "Complaint No"),
        ("ids of events", "reference"),
        ("wide, with a state and two times", "id"),
        ("handed back", "投诉编号"),
        ("deliveries that failed", "waybill"),
    ],
)
def test_the_case_is_neither_a_state_nor_an_event(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, name: str, case: str
):
    assert drafted(closeloop, tmp_path, name)[1]["event"]["case"] == case


def test_a_case_with_one_event_each_is_doubted(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    text, _ = drafted(closeloop, tmp_path, "a row a case, one time")
    assert "# ? each case has one event only" in line_of(text, "case = ")


@pytest.mark.parametrize(
    ("column", "values", "kept"),
    [
        ("made_sla", ("true", "false"), "true"),
        ("Within SLA", ("Y", "N"), "Y"),
        ("is overdue", ("yes", "no"), "no"),
        ("是否超时", ("是", "否"), "否"),
        ("是否按時", ("是", "否"), "是"),
        ("SLA status", ("met", "missed"), "met"),
    ],
)
def test_the_logs_own_answer_on_its_promise_is_proposed(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, column: str, values: tuple[str, str], kept: str
):
    rows = [f"{row},{values[n // 5 % 2]}" for n, row in enumerate(events(CLEAN))]
    log = tmp_path / "log.csv"
    log.write_text("\n".join([f"{HEAD},{column}", *rows]) + "\n", "utf-8")
    text = closeloop.json("mapping", "suggest", log)["mapping"]
    sla = tomllib.loads(text)["sla"]
    assert (sla["column"], sla["kept"], len(sla["broken"])) == (column, [kept], 1)
    assert "# ? the log's own answer" in text
    (tmp_path / "log.toml").write_text(text, "utf-8")
    figures = closeloop.json("replay", log)["sla"]
    assert figures["kept_kept"] + figures["kept_broken"] == 3
    assert figures["broken_kept"] + figures["broken_broken"] == 3


def test_a_promise_is_kept_by_the_result_and_not_by_the_closing(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    head, line = (
        LOGS["wide, with an end of its own"][0],
        "{n},c,{status},{day} 09:00,{day} 12:00,{day} 23:00,{day} 18:00,Y",
    )
    (tmp_path / "log.csv").write_text("\n".join([head, *wide(("Closed",), line)]) + "\n", "utf-8")
    (tmp_path / "log.toml").write_text(closeloop.json("mapping", "suggest", tmp_path / "log.csv")["mapping"], "utf-8")
    promise = closeloop.json("replay", tmp_path / "log.csv", "--bridge")["promises"]["promise"]
    assert (promise["kept"], promise["broken"]) == (8, 0), "resolved at noon, due at six, closed at night"


def test_a_word_that_also_follows_work_is_doubted(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    words = ("New", "Assigned", "In Progress", "Assigned", "In Progress", "Resolved", "Closed")
    (tmp_path / "log.csv").write_text("\n".join([HEAD, *events(words)]) + "\n", "utf-8")
    text = closeloop.json("mapping", "suggest", tmp_path / "log.csv")["mapping"]
    assert ", ? it also follows work" in line_of(text, '"Assigned"')
