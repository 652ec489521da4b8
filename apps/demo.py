"""The demo: sixty contacts, two simulated weeks with their nights, a real Prefect server, and a summary."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.panel import Panel

from apps.listening import Listening
from apps.page import Page
from apps.prefect_server import Server, api_server, free_port, prefect_server
from apps.scenario import Scenario, load_scenario
from apps.scenes import prepare, progress, run_observed
from apps.simulation import Lived
from apps.up import tell_login
from apps.up_site import until_it_answers
from engine.audit.verify import verify
from engine.clock import system_now
from engine.commands.arrivals import Source, record
from engine.create_store import create_store
from engine.settings import Settings
from engine.store import Store
from flows.work import Work
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
       (SELECT count(*) FROM timer WHERE clause = 'first_reply' AND outcome = 'met') AS first_reply_kept,
       (SELECT count(*) FROM timer WHERE clause = 'solution' AND outcome = 'met') AS solution_kept,
       (SELECT count(*) FROM timer WHERE clause = 'solution' AND outcome IN ('met', 'breached')) AS solved
"""


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The figures of the demo, and the store that it leaves."""

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
        """Return the result for programs."""
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


Present = Callable[[dict[str, Any], list[Any]], None]
"""Shows the result: the document for programs, and the parts shown to people."""


def show(locale: str, quiet: bool, present: Present, kept: Callable[[Server], None] | None = None) -> None:
    """Run the demo and present its result; ``kept`` is called while the Prefect server still runs."""
    began = time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="closeloop-demo-"))
    settings = Settings(home=home, database_url=None, locale=locale)
    scenario = load_scenario(EXAMPLES / "scenario.toml")
    assert scenario.start is not None
    create_store(settings, system_now(), scenario.start)
    _import(settings.store())
    with prefect_server(settings.where) as server:
        result = _run_demo(settings, scenario, quiet, server)
        seconds = time.monotonic() - began
        present(result.document(seconds), [_summary(result, locale, seconds)])
        if kept is not None:
            kept(server)


def _import(store: Store) -> None:
    columns = load_mapping(EXAMPLES / "contacts.toml", ContactMapping)
    path = EXAMPLES / "contacts.csv"
    checked = check(path, columns)
    assert checked.accepted, checked.problems
    record(store, Source(columns.source.name, columns.source.kind, columns.source.pack), contacts(path, columns))
    store.close()


def keep_open(server: Server, tell: Callable[..., None]) -> None:
    """Print where to look, and keep the server and the console open until Ctrl-C."""
    listening = Listening(port=free_port())
    with api_server(server.home, listening) as site, suppress(KeyboardInterrupt):
        asyncio.run(until_it_answers(listening.answers, site.log, tell))
        tell("demo.kept", ui=server.ui_url, console=f"{listening.site}/console/")
        tell_login(server, tell)
        server.process.wait()


def _run_demo(settings: Settings, scenario: Scenario, quiet: bool, server: Server) -> DemoResult:
    assert scenario.until is not None
    with contextlib.ExitStack() as stack:
        work, cast = prepare(settings, EXAMPLES / "scenario.toml")
        stack.callback(work.store.close)
        report_progress = stack.enter_context(progress(work.store.now(), scenario.until, quiet))
        lived = asyncio.run(run_observed(work, cast, scenario.until, server, report_progress))
        asyncio.run(_leave_pages(work))
        runs = _runs(server.api_url)
        report = lived.busiest or gather(work.store, work.store.now())
        with work.store.looking() as tx:
            counts = tx.row(COUNTS)._asdict()
            answers = dict(opinions(tx))
        drop = settings.where / "outbox" / "mail.jsonl"
        mails = len(drop.read_text("utf-8").splitlines()) if drop.exists() else 0
        refused = dict(getattr(cast, "refused", {}))
        ok = verify(work.store).ok
    text = render(report, settings.locale)
    return DemoResult(counts, lived, answers, runs, ok, mails, refused, settings.where, text)


async def _leave_pages(work: Work) -> None:
    """Leave a page for every case whose runs left none, or an older one, and post all moves to the event feed."""
    from flows.prefect_ui.event_feed import EventFeed
    from flows.prefect_ui.page_keeper import PageKeeper

    await PageKeeper(work).keep(pause=0.0)
    await EventFeed(work).post_all()


def _runs(api_url: str) -> int:
    from apps.prefect_client import prefect_client

    with prefect_client(api_url) as client:
        answer = client.request("POST", "/flow_runs/count", json={})
        return int(answer.json())


def _summary(result: DemoResult, locale: str, seconds: float) -> Group:
    facts = {**result.counts, **{f"call_{name}": n for name, n in result.opinions.items()}}
    summary = translate(
        locale,
        "cli.demo.summary",
        **{"call_satisfied": 0, "call_dissatisfied": 0, "call_no_answer": 0, **facts},
        nights=result.lived.nights_by_name.get("overnight-escalation", 0),
        runs=result.runs,
        unobserved=result.lived.unseen,
        mails=result.mails,
        verified="✓" if result.ok else "✗",
        seconds=round(seconds),
    )
    onward = translate(locale, "cli.demo.onward", home=result.home)
    title = translate(locale, "cli.demo.title")
    return Group(Page(result.report), Panel(summary, title=title, expand=False), onward)
