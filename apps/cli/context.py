"""The door itself: settings, language, one JSON document or words for people, and the exit code.

Note [A light door]: whoever types a command waits for what it imports: SQLAlchemy and the tables take a second,
pydantic's settings a quarter of one. So the door imports them where they are asked for, and a command that needs no
store answers at once.
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
from rich.console import Console

from apps.fitted_table import FittedTable
from locales.translation import DEFAULT, refusal, translate, when
from statemachines.refused import Refused

if TYPE_CHECKING:
    from engine.settings import Settings
    from engine.store import Store

DONE, FAULT, REFUSED = 0, 1, 2


@dataclass
class CliContext:
    """One command's way out. ``as_json`` is set by the command's own option."""

    as_json: bool = False
    out: Console = field(default_factory=lambda: Console(soft_wrap=False))
    err: Console = field(default_factory=lambda: Console(stderr=True))

    @cached_property
    def settings(self) -> "Settings":
        """The environment's settings, read once for each command."""
        from engine.settings import Settings

        return Settings()

    @cached_property
    def store(self) -> "Store":
        """The store the settings speak of."""
        return self.settings.store()

    @property
    def locale(self) -> str:
        """The language of this command, the same as the settings'. See Note [A light door]."""
        return os.environ.get("CLOSELOOP_LOCALE", DEFAULT)

    def translate(self, key: str, /, **params: Any) -> str:
        """A message of the command line."""
        return translate(self.locale, f"cli.{key}", **params)

    def give(self, document: dict[str, Any], *shown: Any) -> None:
        """Answer: the document for programs, or what is shown for people."""
        if self.as_json:
            sys.stdout.write(json.dumps(document, ensure_ascii=False, default=_plain) + "\n")
            return
        for one in shown:
            if isinstance(one, str):
                self.out.print(one, markup=False, highlight=False)  # a bracket is a bracket
            else:
                self.out.print(one)

    def refuse(self, refused: Refused) -> int:
        """Say why not and what to do."""
        text = refusal(self.locale, refused)
        if self.as_json:
            told = {"code": refused.code, "params": refused.params, "text": text}
            sys.stdout.write(json.dumps({"refused": told}, ensure_ascii=False, default=_plain) + "\n")
        else:
            self.err.print(f"[bold red]✗[/] {_escaped(text)}", highlight=False)
            for line in refused.params.get("problems", ())[:20]:
                self.err.print(f"  {_escaped(str(line))}", highlight=False)
        return REFUSED

    def fault(self, error: Exception) -> int:
        """Something broke: its type and its places, not its words, for they may be personal."""
        text = translate(self.locale, "refused.unexpected", type=type(error).__name__)
        if self.as_json:
            sys.stdout.write(json.dumps({"fault": {"type": type(error).__name__, "text": text}}) + "\n")
        else:
            self.err.print(f"[bold red]✗[/] {_escaped(text)}", highlight=False)
        for line in traceback.format_tb(error.__traceback__)[-3:]:
            self.err.print(line.rstrip(), markup=False, highlight=False)
        return FAULT

    def actor(self, named: str | None) -> str:
        """Who acts. Raises ``Refused('no_actor')``."""
        handle = named or self.settings.actor
        if not handle:
            raise Refused("no_actor")
        return handle


cli = CliContext()
"""The door of the running command; ``main`` makes a fresh one."""


def _set_json(value: bool) -> bool:
    cli.as_json = cli.as_json or value
    return value


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.", callback=_set_json, is_eager=True)]
As = Annotated[str | None, typer.Option("--as", help="The handle you act under (or CLOSELOOP_ACTOR).")]


def open_context() -> None:
    """Forget the last command."""
    cli.as_json = False
    cli.out = Console(soft_wrap=False)
    cli.err = Console(stderr=True)
    for name in ("settings", "store"):
        cli.__dict__.pop(name, None)


def close_context() -> None:
    """Let go of the store, if it was opened."""
    if "store" in cli.__dict__:
        cli.store.close()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> FittedTable:
    """Return a table of plain text that fits the terminal without cutting a cell; None shows as a dash."""
    texts = (["–" if cell is None else str(cell) for cell in row] for row in rows)
    return FittedTable(title, columns, texts)


def instant(text: str) -> datetime:
    """An instant with its offset. Raises ``Refused('bad_instant')``."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("bad_instant", value=text) from None
    if read.tzinfo is None:
        raise Refused("bad_instant", value=text)
    return read


def local(at: datetime | None) -> str:
    """An instant as people here read it."""
    return "–" if at is None else when(at)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
