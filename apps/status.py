"""Checks the health of the database, the driver, the Prefect server and worker, the REST API, and the schedules."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from apps.alert_groups import group_health
from apps.channel_settings import channel_health
from apps.health import Health
from apps.mail_health import mail_health
from apps.mailbox_health import mailbox_health
from apps.process_health import DRIVER_NOTE, api_health, fault_of, process_health, read_note
from apps.xml_parser import xml_parser_health
from engine.audit.lifecycle_check import check_lifecycles
from engine.clock_doubt import anchoring_doubt
from engine.commands.holds import held
from engine.settings import Settings
from engine.store import Store
from engine.timers.next_due import look
from engine.transaction import Tx
from gateways.schedule import business_schedule
from locales.translation import label, page_key, translate, when_in_zone
from models.columns import from_micros
from reports.notices import notices
from reports.run_figures import dead, last_run
from statemachines.lifecycle import Refused

LAG_ALLOWED = timedelta(seconds=60)
NIGHT_GRACE = timedelta(hours=1)
"""Scheduled work that is later than this is reported as late."""
NOTICES_OF = timedelta(days=1)
"""Notices of this long that reached nobody are a fault; the daily reminders keep it in sight while it lasts."""
HEARTBEATS = "SELECT name, owner, seen_at, until FROM lease WHERE name LIKE :name ORDER BY seen_at DESC"


class Undelivered(Health):
    """The notices of the last day that reached nobody, with the causes."""

    def text(self, locale: str, *, on_page: bool = False) -> str:
        keys = {f"undelivered.{cause}": count for cause, count in self.facts["causes"].items()}
        shown = {page_key(locale, key) if on_page else key: count for key, count in keys.items()}
        causes = [translate(locale, key, count=count) for key, count in shown.items()]
        return "\n".join([translate(locale, "undelivered.total", count=self.facts["count"]), *causes])


class OnHold(Health):
    """The kinds of case on hold: no fault, but the reason why they send nothing."""

    def text(self, locale: str, *, on_page: bool = False) -> str:
        holds = [
            translate(
                locale,
                "cli.status.holds_since",
                kind=label(locale, "", "kind", hold["kind"]),
                since=when_in_zone(datetime.fromisoformat(hold["since"])),
                handle=hold["handle"],
            )
            for hold in self.facts["kinds"]
        ]
        return translate(locale, "cli.status.holds_held", held=", ".join(holds))


def check_health(settings: Settings, store: Store) -> list[Health]:
    """Return the health of each part. A simulated store has no driver and no server, and needs none."""
    try:
        now = store.now()
        with store.looking() as tx:
            driver = driver_health(tx, now, settings.where, needed=not store.simulated)
            parts = [
                *_clock(store),
                driver,
                _nights(tx, now),
                _dead(tx),
                _notices(tx, now),
                _lifecycles(tx),
                *_holds(tx),
            ]
    except Refused as refused:
        away = Health("database", False, "away", {"reason": refused.code})
        return [away, *process_health(settings.where, driver_lives=False), api_health(settings.where)]
    due = look(store)
    lag = max((now - from_micros(due.timer)).total_seconds(), 0.0) if due.timer else 0.0
    database, plain = "postgres" if store.postgres else "sqlite", store.plain_host()
    facts = {"database": database, "now": now, **({"host": plain} if plain else {})}
    health = [
        Health("database", True, "there", facts, ("database_plain",) if plain else ()),
        Health("timers", lag <= LAG_ALLOWED.total_seconds(), "lag", {"seconds": round(lag, 1)}),
        *parts,
        xml_parser_health(),
    ]
    if store.simulated:
        return health
    home = settings.where
    mail = [*mail_health(settings), *mailbox_health(settings, now), *channel_health(settings)]
    mail += group_health(settings, store, now)
    return [*health, *mail, *process_health(home, driver.ok), api_health(home)]


def _clock(store: Store) -> list[Health]:
    """Return whether the clock can be believed; nothing of a simulated store, whose clock is a row."""
    if store.simulated:
        return []
    doubt = anchoring_doubt(store)
    if doubt is None:
        return [Health("clock", True, "believed")]
    return [Health("clock", False, doubt.code.removeprefix("clock_"), dict(doubt.params))]


def driver_health(tx: Tx, now: datetime, home: Path, needed: bool) -> Health:
    """Return the health of the driver that was heard from last; its process is known if it runs on this machine."""
    row = tx.row(HEARTBEATS, name="driver%")
    if row is None:
        return Health("driver", not needed, "none" if needed else "unneeded")
    facts: dict[str, Any] = {"seen_at": from_micros(row.seen_at), "owner": row.owner}
    note, fault = read_note(home, DRIVER_NOTE), None
    if note is not None and row.owner.partition("-")[0] == str(note["pid"]):
        facts["pid"], fault = note["pid"], fault_of(note)
    code = fault or ("beats" if from_micros(row.until) > now else "silent")
    return Health("driver", code == "beats", code, facts)


def _nights(tx: Tx, now: datetime) -> Health:
    plans = business_schedule()
    last = {plan.name: last_run(tx, plan.name) for plan in plans}
    late = [plan.name for plan in plans if (at := last[plan.name]) and plan.after(at) + NIGHT_GRACE <= now]
    last_runs = {name: began.isoformat() if began else None for name, began in last.items()}
    return Health("schedules", not late, "late" if late else "kept", {"late": ", ".join(late), "last": last_runs})


def _dead(tx: Tx) -> Health:
    count = len(dead(tx))
    return Health("outbox", count == 0, "dead", {"count": count})


def _notices(tx: Tx, now: datetime) -> Health:
    found = notices(tx, now - NOTICES_OF)
    if found.ok:
        return Health("notices", True, "reached")
    return Undelivered("notices", False, "undelivered", {"count": found.count, "causes": dict(found.causes)})


def _lifecycles(tx: Tx) -> Health:
    """Whether open cases bear names that their lifecycles have retired, or names that nobody retired."""
    checked = check_lifecycles(tx, changes=False)
    code = "unsafe" if not checked.ok else "needs" if checked.to_carry else "current"
    return Health("lifecycles", checked.ok, code, {"count": checked.to_carry})


def _holds(tx: Tx) -> list[Health]:
    kinds = [
        {"kind": hold.kind, "since": hold.since.isoformat(), "handle": hold.handle, "reason": hold.reason}
        for hold in held(tx)
    ]
    return [OnHold("holds", True, "held", {"kinds": kinds})] if kinds else []
