"""The context of a command: settings, store, language, its answer as one JSON document or as text, its exit code.

Note [Imports on demand]: a command takes as long as its imports: SQLAlchemy and the tables take a second, pydantic's
settings a quarter of one. So the context imports them where they are used, and a command that needs no store answers at
once.
"""

import json
import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.fitted_table import FittedTable
from apps.safe_console import SafeConsole
from engine.entry_checks import check_instant
from locales.translation import DEFAULT, refusal, translate, when
from locales.zone import SHANGHAI, use_zone
from models.printable_text import escaped_in_json, printable
from statemachines.refused import Refused

if TYPE_CHECKING:
    from engine.access.principal import Principal
    from engine.settings import Settings
    from engine.store import Store

DONE, FAULT, REFUSED = 0, 1, 2


@dataclass
class CliContext:
    """The context of one command. ``as_json``, ``acting_as`` and ``encoding`` are set by the command's own options."""

    as_json: bool = False
    acting_as: str | None = None
    encoding: str | None = None
    out: SafeConsole = field(default_factory=lambda: SafeConsole(soft_wrap=False))
    err: SafeConsole = field(default_factory=lambda: SafeConsole(stderr=True))

    @cached_property
    def settings(self) -> "Settings":
        """The environment's settings, read once for each command."""
        from engine.settings import Settings

        return Settings()

    @cached_property
    def store(self) -> "Store":
        """The store that the settings name; opening it decides in which zone instants are shown."""
        store = self.settings.store()
        self.use_zone_of_actor(store)
        return store

    def working_time(self) -> datetime:
        """Return the store's time for work that is judged by it. Raises ``Refused`` where the clock is in doubt."""
        from engine.clock_doubt import refuse_doubtful_clock

        refuse_doubtful_clock(self.store)
        return self.store.now()

    def use_zone_of_actor(self, store: "Store") -> None:
        """Show instants in the zone of the actor from now on; without one of his own in that of the house."""
        from locales.house_zone import use_house_zone

        use_house_zone(self.settings, store, self.acting_as or self.settings.actor)

    @property
    def locale(self) -> str:
        """The language of this command, the same as the settings'. See Note [Imports on demand]."""
        return os.environ.get("CLOSELOOP_LOCALE", DEFAULT)

    def translate(self, key: str, /, **params: Any) -> str:
        """Return a message of the command line in this language."""
        return translate(self.locale, f"cli.{key}", **params)

    def give(self, document: dict[str, Any], *shown: Any) -> None:
        """Print the answer: the document for programs, or ``shown`` for people."""
        if self.as_json:
            _write_json(document)
            return
        self.show(shown)

    def show(self, parts: Iterable[Any]) -> int:
        """Print texts and tables for people; returns the exit code of a command that is done."""
        for part in parts:
            if isinstance(part, str):
                self.out.print(part, markup=False, highlight=False)  # a bracket is no markup
            else:
                self.out.print(part)
        return DONE

    def refuse(self, refused: Refused) -> int:
        """Print the reason of a refusal and its remedy; returns the exit code."""
        text = refusal(self.locale, refused)
        if self.as_json:
            document = {"code": refused.code, "params": refused.params, "text": text}
            _write_json({"refused": document})
        else:
            self.err.print(f"[bold red]✗[/] {_escaped(text)}", highlight=False)
            for line in refused.params.get("problems", ())[:20]:
                self.err.print(f"  {_escaped(str(line))}", highlight=False)
        return REFUSED

    def fault(self, error: Exception) -> int:
        """Print an error's type and traceback, without its text, which may be personal; returns the exit code."""
        text = translate(self.locale, "refused.unexpected", type=type(error).__name__)
        if self.as_json:
            _write_json({"fault": {"type": type(error).__name__, "text": text}})
        else:
            self.err.print(f"[bold red]✗[/] {_escaped(text)}", highlight=False)
        for line in traceback.format_tb(error.__traceback__)[-3:]:
            self.err.print(line.rstrip(), markup=False, highlight=False)
        return FAULT

    def actor(self, named: str | None) -> str:
        """Return the handle of the actor, a person.

        Raises ``Refused('no_actor' | 'not_a_person' | 'not_yourself')``.
        """
        handle = named or self.settings.actor
        if not handle:
            raise Refused("no_actor")
        from engine.actors import refuse_nobody

        refuse_nobody(handle)
        self.refuse_other_actors(handle)
        return handle

    def principal(self, named: str | None = None) -> "Principal":
        """Return the principal of this command: the owner of the home, who reads every case (``engine.access.doors``).

        Raises ``Refused('unknown_actor' | 'actor_disabled' | 'actor_absent')`` for the actor, if one is named.
        """
        from engine.access.doors import home_owner
        from engine.actors import acting, system_actor
        from models.columns import to_micros

        now, handle = self.store.now(), named or self.settings.actor
        with self.store.looking() as tx:
            return home_owner(acting(tx, self.actor(handle), to_micros(now)) if handle else system_actor(tx))

    def refuse_other_actors(self, handle: str) -> None:
        """Raise ``Refused('not_yourself')`` where the settings let nobody act as somebody else."""
        from engine.access.doors import refuse_other_actors

        refuse_other_actors(handle, self.settings.cli_actors)

    @property
    def via(self) -> str:
        """What the record says of a move at the command line, the operating-system user included."""
        from engine.access.doors import command_line

        return command_line()


cli = CliContext()
"""The context of the running command; ``open_context`` resets it."""


def _set_json(value: bool) -> bool:
    cli.as_json = cli.as_json or value
    return value


Json = Annotated[bool, typer.Option("--json", callback=_set_json, is_eager=True)]


def _set_actor(value: str | None) -> str | None:
    cli.acting_as = value or cli.acting_as
    if value:
        cli.refuse_other_actors(value)
    return value


As = Annotated[str | None, typer.Option("--as", callback=_set_actor)]


def _set_encoding(value: str | None) -> str | None:
    """Take the encoding of the files that the command reads. Raises ``Refused('unknown_encoding')``."""
    if value is not None:
        try:
            b"".decode(value)
            "".encode(value)
        except (LookupError, ValueError):
            raise Refused("unknown_encoding", encoding=value[:40]) from None
        cli.encoding = value
    return value


FileEncoding = Annotated[
    str | None,
    typer.Option("--encoding", callback=_set_encoding),
]


def open_context() -> None:
    """Reset the context for a new command."""
    cli.as_json = False
    cli.acting_as = None
    cli.encoding = None
    cli.out = SafeConsole(soft_wrap=False)
    cli.err = SafeConsole(stderr=True)
    for name in ("settings", "store"):
        cli.__dict__.pop(name, None)
    use_zone(SHANGHAI)


def close_context() -> None:
    """Close the store, if it was opened."""
    if "store" in cli.__dict__:
        cli.store.close()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> FittedTable:
    """Return a table of plain text that fits the terminal without cutting a cell; None shows as a dash."""
    texts = (["–" if cell is None else printable(str(cell)) for cell in row] for row in rows)
    return FittedTable(printable(title), columns, texts)


def instant(text: str) -> datetime:
    """Parse an instant with its offset. Raises ``Refused('bad_instant' | 'impossible_instant')``."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("bad_instant", value=text[:40]) from None
    check_instant(parsed)
    return parsed


def local(at: datetime | None) -> str:
    """Return an instant in local time."""
    return "–" if at is None else when(at)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _write_json(document: Any) -> None:
    sys.stdout.write(escaped_in_json(json.dumps(document, ensure_ascii=False, default=_plain)) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
