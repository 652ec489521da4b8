"""Nine years of real messages to a city hall, lived in one go, against what the workbook itself says."""

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
    """A row of the workbook, read without any code of ours."""

    row_id: str
    at: datetime
    replied: datetime

    def rungs(self) -> Iterator[tuple[str, str, int, datetime]]:
        """The rungs that fell due before the reply."""
        for clause, limit in LIMITS.items():
            for percent in PERCENTS:
                due = self.at + limit * percent / 100
                if due <= self.replied:
                    yield self.row_id, clause, percent, due


def instant(cell: Any) -> datetime:
    read = cell if isinstance(cell, datetime) else datetime.strptime(str(cell).strip(), "%Y/%m/%d %H:%M:%S")  # noqa: DTZ007
    return read.replace(tzinfo=SHANGHAI)


def messages() -> list[Message]:
    book = load_workbook(MESSAGES)
    head, *rows = book.worksheets[0].iter_rows(values_only=True)
    told = [dict(zip(head, row, strict=True)) for row in rows]
    return [Message(str(one["留言编号"]), instant(one["留言时间"]), instant(one["答复时间"])) for one in told]


@dataclass(frozen=True)
class Lived:
    """The store after its nine years, and what the commands said."""

    home: Path
    imported: dict[str, Any]
    lived: dict[str, Any]

    def ask(self, *words: str) -> dict[str, Any]:
        return spoken(self.home, *words)

    def tells(self, sql: str) -> list[dict[str, Any]]:
        store = Store(f"sqlite:///{self.home / 'closeloop.db'}", self.home, b"")
        try:
            return query_rows(store, sql)
        finally:
            store.close()


def spoken(home: Path, *words: str) -> dict[str, Any]:
    """What a command answers to programs."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.setenv("CLOSELOOP_HOME", str(home))
        assert run([*words, "--json"]) == 0, said.getvalue()
    return json.loads(said.getvalue())


@pytest.fixture(scope="module")
def nine_years(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """Lived through once for all that is asserted of it (it takes half a minute)."""
    home = tmp_path_factory.mktemp("nine-years")
    spoken(home, "init", "--simulated", "--at", BEGIN)
    imported = spoken(home, "import", str(MESSAGES), "--mapping", str(MAPPING))
    return Lived(home, imported, spoken(home, "run-until", END))


def test_every_message_becomes_a_case_at_its_hour(nine_years: Lived):
    assert (nine_years.imported["new"], nine_years.imported["taken"]) == (120, 0)
    opened = nine_years.tells(
        "SELECT a.row_id, c.opened_at, t.recorded_at FROM cases c JOIN arrival a ON a.case_id = c.id"
        " JOIN transition t ON t.case_id = c.id AND t.seq = 1 WHERE a.part = 'contact'"
    )
    told = {one["row_id"]: (one["opened_at"], one["recorded_at"]) for one in opened}
    assert told == {one.row_id: (micros(one.at),) * 2 for one in messages()}


def micros(at: datetime) -> int:
    return (at - datetime.fromisoformat("1970-01-01T00:00+00:00")) // timedelta(microseconds=1)


def test_the_report_counts_what_the_workbook_holds(nine_years: Lived):
    report = nine_years.ask("report")
    assert report["cases"] == 120
    assert report["resolved_within"] == {"2h": 0, "24h": 4, "48h": 11, "7d": 42}
    waits = [one.replied - one.at for one in messages()]
    counted = [sum(wait <= hours * HOUR for wait in waits) for hours in (2, 24, 48, 168)]
    assert list(report["resolved_within"].values()) == counted
    assert (report["open"], report["health"]["refused_arrivals"], report["health"]["dead"]) == (0, 0, [])


def test_every_broken_limit_climbed_once_a_rung_at_its_due_instant(nine_years: Lived):
    fired = nine_years.tells(
        "SELECT a.row_id, r.clause, r.percent, r.due_at, r.recorded_at, r.level FROM escalation_step r"
        " JOIN arrival a ON a.case_id = r.case_id AND a.part = 'contact' WHERE r.clause IN ('first_reply', 'solution')"
    )
    expected = sorted((*rung[:3], micros(rung[3])) for one in messages() for rung in one.rungs())
    assert sorted((one["row_id"], one["clause"], one["percent"], one["due_at"]) for one in fired) == expected
    assert len(expected) > 800
    assert all(one["recorded_at"] == one["due_at"] for one in fired), "a clock of a simulated store is never late"
    assert all(one["level"] == PERCENTS.index(one["percent"]) for one in fired)


def test_who_is_called_in_vain_is_archived_by_the_clock(nine_years: Lived):
    ends = nine_years.tells("SELECT state, count(*) AS n FROM cases GROUP BY state")
    assert ends == [{"state": "archived", "n": 120}]
    calls = nine_years.tells("SELECT outcome, attempt, count(*) AS n FROM callback GROUP BY outcome, attempt")
    assert calls == [{"outcome": "no_answer", "attempt": attempt, "n": 120} for attempt in (1, 2, 3)]
    archived = nine_years.tells(
        "SELECT t.occurred_at - u.occurred_at AS rest FROM transition t JOIN transition u ON u.case_id = t.case_id"
        " AND u.move = 'unreachable' WHERE t.move = 'archive'"
    )
    assert {one["rest"] for one in archived} == {timedelta(days=3) // timedelta(microseconds=1)}


def test_every_night_was_lived(nine_years: Lived):
    begin, end = (datetime.fromisoformat(at) for at in (BEGIN, END))
    nightly = dict.fromkeys(("overnight-escalation", "callback-plan", "morning-report"), (end - begin).days)
    months = (end.year - begin.year) * 12 + end.month - begin.month
    sundays = len([day for day in range((end - begin).days) if (begin + timedelta(days=day)).weekday() == 6])
    lived = {**nightly, "complaint-analysis": months, "integrity": sundays, "classifier-training": sundays}
    assert nine_years.lived["nights_by_name"] == lived, "and no catch-up: that is about processes"


def test_the_record_of_nine_years_is_whole(nine_years: Lived):
    verdict = nine_years.ask("verify")
    assert (verdict["ok"], verdict["cases"], verdict["faults"]) == (True, 120, [])


def test_a_second_import_adds_nothing(nine_years: Lived):
    again = nine_years.ask("import", str(MESSAGES), "--mapping", str(MAPPING))
    assert (again["new"], again["known"]) == (0, 120)
