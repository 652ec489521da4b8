"""Commands over API tokens: token create, list and revoke."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from apps.cli.context import As, Json, cli, instant, local, table

token = typer.Typer(no_args_is_help=True)

DAYS = re.compile(r"([1-9]\d{0,3})d")


@token.command()
def create(
    handle: str,
    scope: Annotated[list[str] | None, typer.Option()] = None,
    expires: Annotated[str | None, typer.Option()] = None,
    label: Annotated[str, typer.Option()] = "",
    rate: Annotated[str | None, typer.Option()] = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """Make an API token for an actor; it is shown once."""
    give_token(handle, scope, expires, label, rate, as_)


def give_token(
    handle: str, scope: list[str] | None, expires: str | None, label: str, rate: str | None, as_: str | None
) -> None:
    """Make a token and show it. Whoever does not say who acts makes his own."""
    from engine.accounts.tokens import RATE, NewToken, create_token, scopes_of

    now, scopes = cli.store.now(), scopes_of(scope) if scope else None
    new = NewToken(handle, label, scopes, _until(expires, now), rate or RATE)
    made = create_token(cli.store, new, cli.actor(as_ or cli.settings.actor or handle), now)
    names = None if scopes is None else sorted(scopes)
    document = {"id": made.id, "token": made.token, "handle": handle, "scopes": names, "until": made.until}
    text = _translate("made", handle=handle, until=local(made.until), scopes=_scopes(names))
    cli.give(document, text)
    if not cli.as_json:
        typer.echo(made.token)  # on one line, however narrow the terminal is


def _until(expires: str | None, now: datetime) -> datetime | None:
    """Return the instant at which a token ends: ``30d`` counts from now. Raises ``Refused('bad_instant')``."""
    if expires is None:
        return None
    days = DAYS.fullmatch(expires)
    return instant(expires) if days is None else now + timedelta(days=int(days[1]))


@token.command("list")
def list_tokens(handle: Annotated[str | None, typer.Argument()] = None, json: Json = False) -> None:
    """All tokens, or those of one actor: what for, until when, when used last."""
    from dataclasses import asdict

    from engine.accounts.tokens import tokens

    with cli.store.looking() as tx:
        rows = tokens(tx, handle)
    shown = [
        (row.id, row.handle, row.label, _scopes(row.scopes), row.rate, row.made_by, local(row.until),
         local(row.revoked_at), local(row.used_at), row.used_from)
        for row in rows
    ]  # fmt: skip
    columns = ("id", "handle", "label", "scopes", "rate", "made_by", "until", "revoked", "used", "used_from")
    cli.give({"tokens": [asdict(row) for row in rows]}, table("", _columns(*columns), shown))


@token.command()
def revoke(token_id: Annotated[str, typer.Argument(metavar="ID")], as_: As = None, json: Json = False) -> None:
    """Revoke a token at once."""
    from engine.accounts.tokens import revoke_token

    changed = revoke_token(cli.store, token_id, cli.actor(as_), cli.store.now())
    cli.give({"id": token_id, "changed": changed}, _translate("revoked" if changed else "unchanged", id=token_id))


def _scopes(names: Any) -> str:
    return _translate("all_scopes") if names is None else ", ".join(names)


def _translate(key: str, /, **params: Any) -> str:
    return cli.translate(f"token.{key}", **params)


def _columns(*names: str) -> tuple[str, ...]:
    return tuple(cli.translate("column.handle" if name == "handle" else f"token.column.{name}") for name in names)
