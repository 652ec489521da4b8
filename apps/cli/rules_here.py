"""The rules that commands speak of: those of the store here, or the shipped files where there is none."""

from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from apps.cli.context import cli, instant, local
from engine.clock import system_now
from engine.rules.in_force import SHIPPED, Rules, rules_of
from engine.rules.interpretations import InterpretationRow, interpretations
from engine.rules.publishing import EditionRow, Published, editions
from engine.store import Store
from models.columns import from_micros, to_micros
from statemachines.refused import Refused


@dataclass(frozen=True, slots=True)
class Here:
    """The rules, the instant at which they are asked for, and the store that holds them, if there is one."""

    rules: Rules
    at: datetime
    store: Store | None = None

    @property
    def now(self) -> int:
        """The instant in microseconds."""
        return to_micros(self.at)

    def editions(self, sort: str, name: str) -> list[EditionRow]:
        """What was published under a name."""
        if self.store is None:
            return []
        with self.store.looking() as tx:
            return editions(tx, sort, name)

    def interpretations(self, pack: str) -> list[InterpretationRow]:
        """How the clauses of a pack are read."""
        if self.store is None:
            return []
        with self.store.looking() as tx:
            return interpretations(tx, pack)


def here() -> Here:
    """The rules of the store here, or of the files."""
    try:
        store = cli.store
        if not store.postgres and not store.file.is_file():
            return Here(SHIPPED, system_now())
        return Here(rules_of(store), store.now(), store)
    except Refused as refused:
        if refused.code != "no_store":
            raise
        return Here(SHIPPED, system_now())


def text_of(file: Path) -> str:
    """What stands in a file. Raises ``Refused('unreadable_body')``."""
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refused("unreadable_body", file=str(file)) from None


def day(text: str) -> date:
    """A day as people type it. Raises ``Refused('bad_day')``."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("bad_day", value=text[:40]) from None


def effective(text: str, zone: str) -> datetime:
    """When something takes force: an instant, or the first one of a day in that zone. Raises ``Refused``."""
    try:
        return instant(text)
    except Refused:
        return datetime.combine(day(text), time(), ZoneInfo(zone))


def edition_told(edition: EditionRow) -> dict[str, object]:
    """An edition for programs."""
    return {
        "id": edition.id,
        "version": edition.version,
        "effective_from": from_micros(edition.effective_from),
        "published_at": from_micros(edition.published_at),
        "published_by": edition.published_by,
        "reason": edition.reason,
        "projected_at": None if edition.projected_at is None else from_micros(edition.projected_at),
    }


def give_published(published: Published) -> None:
    """Say what was published, or that it had been before."""
    document = {
        "sort": published.sort.value,
        "name": published.name,
        "version": published.version,
        "effective_from": published.effective_from,
        "new": published.new,
    }
    spoken = {"name": published.name, "version": published.version}
    if not published.new:
        cli.give(document, cli.translate("rules.known", **spoken))
        return
    assert published.effective_from is not None
    cli.give(document, cli.translate("rules.published", since=local(published.effective_from), **spoken))
