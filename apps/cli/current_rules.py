"""The rules that a command reads: those of the store, or the shipped files where there is no store."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from apps.cli.context import cli, instant, local
from apps.cli.text_files import read_file
from engine.clock import system_now
from engine.rules.editions import EditionRow, editions
from engine.rules.in_force import SHIPPED, Rules, Sort, rules_of
from engine.rules.interpretations import InterpretationRow, interpretations
from engine.rules.publishing import Published, publish
from engine.store import Store
from locales.zone import reader_zone
from models.columns import from_micros, to_micros
from statemachines.refused import Refused


@dataclass(frozen=True, slots=True)
class CurrentRules:
    """The rules, the instant for which they are read, and the store that holds them, if there is one."""

    rules: Rules
    at: datetime
    store: Store | None = None

    @property
    def now(self) -> int:
        """The instant in microseconds."""
        return to_micros(self.at)

    def editions(self, sort: str, name: str) -> list[EditionRow]:
        """Return the published editions of a name."""
        if self.store is None:
            return []
        with self.store.looking() as tx:
            return editions(tx, sort, name)

    def interpretations(self, pack: str) -> list[InterpretationRow]:
        """Return the interpretations of a pack's clauses."""
        if self.store is None:
            return []
        with self.store.looking() as tx:
            return interpretations(tx, pack)


def current_rules() -> CurrentRules:
    """Return the rules of the store, or of the files."""
    try:
        store = cli.store
        if not store.postgres and not store.file.is_file():
            return CurrentRules(SHIPPED, system_now())
        return CurrentRules(rules_of(store), store.now(), store)
    except Refused as refused:
        if refused.code != "no_store":
            raise
        return CurrentRules(SHIPPED, system_now())


def day(text: str) -> date:
    """Parse a day. Raises ``Refused('bad_day')``."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("bad_day", value=text[:40]) from None


def effective(text: str, zone: str, now: datetime) -> datetime:
    """Parse an effective date: an instant, or a day that begins in that zone; today means now. Raises ``Refused``."""
    try:
        return instant(text)
    except Refused:
        begins = day(text)
    today = now.astimezone(ZoneInfo(zone)).date()
    return now if begins == today else datetime.combine(begins, time(), ZoneInfo(zone))


def edition_document(edition: EditionRow) -> dict[str, object]:
    """Return an edition for programs."""
    return {
        "id": edition.id,
        "version": edition.version,
        "effective_from": from_micros(edition.effective_from),
        "published_at": from_micros(edition.published_at),
        "published_by": edition.published_by,
        "reason": edition.reason,
        "projected_at": None if edition.projected_at is None else from_micros(edition.projected_at),
    }


def publish_file(sort: Sort, file: Path, reason: str, since: str, as_: str | None) -> None:
    """Publish the rules of a file, in force from a day or an instant on, and answer so."""
    store, by, at = cli.store, cli.actor(as_), cli.working_time()
    begins = effective(since, str(reader_zone()), at)
    give_published(publish(store, sort, read_file(file), by, at, begins, reason, file.name))


def give_published(published: Published, more: Mapping[str, object] | None = None, *lines: Any) -> None:
    """Answer what was published, or that it had been before; ``more`` and ``lines`` are added to the answer."""
    document = {
        "sort": published.sort.value,
        "name": published.name,
        "version": published.version,
        "effective_from": published.effective_from,
        "new": published.new,
        **(more or {}),
    }
    params = {"name": published.name, "version": published.version}
    if not published.new:
        cli.give(document, cli.translate("rules.known", **params), *lines)
        return
    assert published.effective_from is not None
    cli.give(document, cli.translate("rules.published", since=local(published.effective_from), **params), *lines)
