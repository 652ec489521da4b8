"""Nine years of real messages to a city hall, simulated in one run and compared with the workbook."""

import contextlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from apps.cli import run
from engine.store import Store
from tests.case_actions import HOUR, query_rows

ROOT = Path(__file__).resolve().parents[2]
MESSAGES = ROOT.parent / "shared" / "data" / "messages_zh.xlsx"
MAPPING = ROOT / "examples" / "messages_zh.toml"
SHANGHAI = ZoneInfo("Asia/Shanghai")
BEGIN, END = "2011-04-01T00:00+08:00", "2020-02-01T00:00+08:00"
LIMITS = {"first_reply": 2 * HOUR, "solution": 24 * HOUR}
PERCENTS = (75, 100, 150, 200)

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not MESSAGES.exists(), reason="the real messages are not on this machine"),
]


@dataclass(frozen=True)
class Message:
    """A row of the workbook, read without the code under test."""

    row_id: str
    at: datetime
    replied: datetime

    def steps(self) -> Iterator[tuple[str, str, int, datetime]]:
        """Yield the escalation steps that were due before the reply."""
        for clause, limit in LIMITS.items():
            for percent in PERCENTS:
                due = self.at + limit * percent / 100
                if due <= self.replied:
                    yield self.row_id, clause, percent, due


def instant(cell: Any) -> datetime:
    """Return the instant that a cell of the workbook holds."""
    value = cell if isinstance(cell, datetime) else datetime.strptime(str(cell).strip(), "%Y/%m/%d %H:%M:%S")  # noqa: DTZ007
    return value.replace(tzinfo=SHANGHAI)


def messages() -> list[Message]:
    """Return the messages of the workbook."""
    book = load_workbook(MESSAGES)
    head, *rows = book.worksheets[0].iter_rows(values_only=True)
    records = [dict(zip(head, row, strict=True)) for row in rows]
    return [
        Message(str(record["留言编号"]), instant(record["留言时间"]), instant(record["答复时间"])) for record in records
    ]


@dataclass(frozen=True)
class Simulation:
    """A store after nine years, and the answers of the commands that led there."""

    home: Path
    imported: dict[str, Any]
    result: dict[str, Any]

    def run(self, *arguments: str) -> dict[str, Any]:
        return run_json(self.home, *arguments)

    def query(self, sql: str) -> list[dict[str, Any]]:
        store = Store(f"sqlite:///{self.home / 'closeloop.db'}", self.home, b"")
        try:
            return query_rows(store, sql)
        finally:
            store.close()


def run_json(home: Path, *arguments: str) -> dict[str, Any]:
    """Return the JSON document that a command prints."""
    output = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(output):
        patch.setenv("CLOSELOOP_HOME", str(home))
        assert run([*arguments, "--json"]) == 0, output.getvalue()
    return json.loads(output.getvalue())


@pytest.fixture(scope="module")
def nine_years(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    """The simulation of nine years, run once for all tests (it takes half a minute)."""
    home = tmp_path_factory.mktemp("nine-years")
    run_json(home, "init", "--simulated", "--at", BEGIN)
    imported = run_json(home, "import", str(MESSAGES), "--mapping", str(MAPPING))
    return Simulation(home, imported, run_json(home, "run-until", END))


def test_every_message_becomes_a_case_at_its_instant(nine_years: Simulation):
    assert (nine_years.imported["new"], nine_years.imported["taken"]) == (120, 0)
    opened = nine_years.query(
        "SELECT a.row_id, c.opened_at, t.recorded_at FROM cases c JOIN arrival a ON a.case_id = c.id"
        " JOIN transition t ON t.case_id = c.id AND t.seq = 1 WHERE a.part = 'contact'"
    )
    instants = {row["row_id"]: (row["opened_at"], row["recorded_at"]) for row in opened}
    assert instants == {message.row_id: (micros(message.at),) * 2 for message in messages()}


def micros(at: datetime) -> int:
    return (at - datetime.fromisoformat("1970-01-01T00:00+00:00")) // timedelta(microseconds=1)


def test_the_report_counts_what_the_workbook_holds(nine_years: Simulation):
    report = nine_years.run("report")
    assert report["cases"] == 121, "the audit of records opened a finding"
    assert report["resolved_within"] == {"2h": 0, "24h": 4, "48h": 11, "7d": 42}
    waits = [message.replied - message.at for message in messages()]
    counted = [sum(wait <= hours * HOUR for wait in waits) for hours in (2, 24, 48, 168)]
    assert list(report["resolved_within"].values()) == counted
    assert (report["open"], report["health"]["refused_arrivals"], report["health"]["dead"]) == (1, 0, [])


def test_every_escalation_step_fired_once_at_its_due_instant(nine_years: Simulation):
    fired = nine_years.query(
        "SELECT a.row_id, r.clause, r.percent, r.due_at, r.recorded_at, r.level FROM escalation_step r"
        " JOIN arrival a ON a.case_id = r.case_id AND a.part = 'contact' WHERE r.clause IN ('first_reply', 'solution')"
    )
    expected = sorted((*step[:3], micros(step[3])) for message in messages() for step in message.steps())
    assert sorted((row["row_id"], row["clause"], row["percent"], row["due_at"]) for row in fired) == expected
    assert len(expected) > 800
    late = [row["recorded_at"] - row["due_at"] for row in fired]
    assert set(late) <= {0, 1}, "a timer of a simulated store fires at its instant; a promise breaks just after it"
    assert all(row["level"] == PERCENTS.index(row["percent"]) for row in fired)


def test_a_case_with_unanswered_callbacks_is_archived_by_its_timer(nine_years: Simulation):
    ends = nine_years.query("SELECT state, count(*) AS n FROM cases WHERE kind = 'complaint' GROUP BY state")
    assert ends == [{"state": "archived", "n": 120}]
    calls = nine_years.query("SELECT outcome, attempt, count(*) AS n FROM callback GROUP BY outcome, attempt")
    assert calls == [{"outcome": "no_answer", "attempt": attempt, "n": 120} for attempt in (1, 2, 3)]
    archived = nine_years.query(
        "SELECT t.occurred_at - u.occurred_at AS waited FROM transition t JOIN transition u ON u.case_id = t.case_id"
        " AND u.move = 'unreachable' WHERE t.move = 'archive'"
    )
    assert {row["waited"] for row in archived} == {timedelta(days=3) // timedelta(microseconds=1)}


def test_every_scheduled_run_was_made(nine_years: Simulation):
    begin, end = (datetime.fromisoformat(at) for at in (BEGIN, END))
    nightly = dict.fromkeys(("overnight-escalation", "callback-plan", "morning-report", "care"), (end - begin).days)
    months = (end.year - begin.year) * 12 + end.month - begin.month
    sundays = len([day for day in range((end - begin).days) if (begin + timedelta(days=day)).weekday() == 6])
    monthly = dict.fromkeys(("complaint-analysis", "period-report", "evaluation", "supervision"), months)
    weekly = dict.fromkeys(("integrity", "classifier-training", "forecast-training"), sundays)
    expected = {**nightly, **monthly, **weekly}
    assert nine_years.result["nights_by_name"] == expected, "and no catch-up, which real processes alone need"


def test_the_record_of_nine_years_is_intact(nine_years: Simulation):
    report = nine_years.run("verify")
    assert (report["ok"], report["cases"], report["faults"]) == (True, 121, [])


def test_a_second_import_adds_nothing(nine_years: Simulation):
    again = nine_years.run("import", str(MESSAGES), "--mapping", str(MAPPING))
    assert (again["new"], again["known"]) == (0, 120)
