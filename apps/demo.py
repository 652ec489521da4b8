"""The demo: sixty contacts, a simulated fortnight with its nights, a real Prefect server, and a summary."""

import asyncio
import contextlib
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.panel import Panel

from apps.page import Page
from apps.prefect_server import prefect_server
from apps.scenario import Scenario, load_scenario
from apps.scenes import play, progress, rehearse
from apps.simulation import Lived
from engine.audit.verify import verify
from engine.clock import system_now
from engine.commands.arrivals import Source, record
from engine.create_store import found
from engine.settings import Settings
from engine.store import Store
from gateways.contact_mapping import ContactMapping
from gateways.contacts import check, contacts
from gateways.mapping_file import load_mapping
from locales.translation import translate
from reports.figures import opinions
from reports.morning_report import gather
from reports.morning_report_text import render

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

COUNTS = """
SELECT (SELECT count(*) FROM cases) AS cases,
       (SELECT count(*) FROM cases WHERE closed) AS closed,
       (SELECT count(*) FROM cases WHERE cycle > 1) AS reopened,
       (SELECT count(*) FROM transition) AS transitions,
       (SELECT count(*) FROM transition WHERE move = 'classify' AND via = 'flow') AS classified,
       (SELECT count(*) FROM transition WHERE move = 'acknowledge') AS acknowledged,
       (SELECT count(*) FROM escalation_step WHERE percent < 100) AS reminded,
       (SELECT count(*) FROM escalation_step WHERE percent = 100 AND clause <> 'archive') AS breached,
       (SELECT count(DISTINCT case_id) FROM escalation_step WHERE level >= 2) AS climbed,
       (SELECT count(*) FROM timer WHERE clause = 'first_reply' AND outcome = 'kept') AS first_reply_kept,
       (SELECT count(*) FROM timer WHERE clause = 'solution' AND outcome = 'kept') AS solution_kept,
       (SELECT count(*) FROM timer WHERE clause = 'solution' AND outcome IN ('kept', 'late')) AS solved
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the demo has to show: figures for programs, and the store it leaves behind."""

    counts: dict[str, int]
    lived: Lived
    opinions: dict[str, int]
    runs: int
    ok: bool
    mails: int
    refused: dict[str, int]
    home: Path
    report: str

    def document(self, seconds: float) -> dict[str, Any]:
        """The demo as programs read it."""
        return {
            **self.counts,
            "nights": self.lived.nights_by_name,
            "callbacks": self.opinions,
            "prefect_runs": self.runs,
            "unobserved": self.lived.unseen,
            "verified": self.ok,
            "mails": self.mails,
            "refused_steps": self.refused,
            "home": str(self.home),
            "seconds": round(seconds, 1),
        }


def show(locale: str, quiet: bool) -> tuple[dict[str, Any], list[Any]]:
    """Run the demo; returns the document and what people see."""
    began = time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="closeloop-demo-"))
    settings = Settings(home=home, database_url=None, locale=locale)
    scenario = load_scenario(EXAMPLES / "scenario.toml")
    assert scenario.start is not None
    found(settings, system_now(), scenario.start)
    _import(settings.store())
    shown = _perform(settings, scenario, quiet)
    seconds = time.monotonic() - began
    return shown.document(seconds), [_summary(shown, locale, seconds)]


def _import(store: Store) -> None:
    columns = load_mapping(EXAMPLES / "contacts.toml", ContactMapping)
    path = EXAMPLES / "contacts.csv"
    checked = check(path, columns)
    assert checked.accepted, checked.problems
    record(store, Source(columns.source.name, columns.source.kind, columns.source.pack), contacts(path, columns))
    store.close()


def _perform(settings: Settings, scenario: Scenario, quiet: bool) -> Shown:
    assert scenario.until is not None
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(prefect_server(settings.where))
        work, cast = rehearse(settings, EXAMPLES / "scenario.toml")
        stack.callback(work.store.close)
        tell = stack.enter_context(progress(work.store.now(), scenario.until, quiet))
        lived = asyncio.run(play(work, cast, scenario.until, server, tell))
        runs = _runs(server.api_url)
        report = lived.busiest or gather(work.store, work.store.now())
        with work.store.looking() as tx:
            counts = tx.row(COUNTS)._asdict()
            answers = dict(opinions(tx))
        drop = settings.where / "outbox" / "mail.jsonl"
        mails = len(drop.read_text("utf-8").splitlines()) if drop.exists() else 0
        refused = dict(getattr(cast, "refused", {}))
        ok = verify(work.store).ok
    words = render(report, settings.locale)
    return Shown(counts, lived, answers, runs, ok, mails, refused, settings.where, words)


def _runs(api_url: str) -> int:
    from prefect.client.orchestration import SyncPrefectClient

    with SyncPrefectClient(api_url) as client:
        answer = client.request("POST", "/flow_runs/count", json={})
        return int(answer.json())


def _summary(shown: Shown, locale: str, seconds: float) -> Group:
    facts = {**shown.counts, **{f"call_{name}": n for name, n in shown.opinions.items()}}
    told = translate(
        locale,
        "cli.demo.summary",
        **{"call_satisfied": 0, "call_dissatisfied": 0, "call_no_answer": 0, **facts},
        nights=shown.lived.nights_by_name.get("overnight-escalation", 0),
        runs=shown.runs,
        unobserved=shown.lived.unseen,
        mails=shown.mails,
        verified="✓" if shown.ok else "✗",
        seconds=round(seconds),
    )
    onward = translate(locale, "cli.demo.onward", home=shown.home)
    title = translate(locale, "cli.demo.title")
    return Group(Page(shown.report), Panel(told, title=title, expand=False), onward)
