"""Commands over accounts: user add, invite, reset, disable, enable, list, sessions, failures, link and unlink."""

from typing import Annotated, Any

import typer

from apps.cli.actors import Zone, locale_of, role_labels, roles_of
from apps.cli.context import As, Json, cli, instant, local, table
from apps.cli.number_options import whole_option
from apps.listening import invitation_link
from engine.accounts.invitations import Invited
from engine.actors import NewActor
from engine.commands.staffing import engage

user = typer.Typer(no_args_is_help=True)

Roles = Annotated[list[str] | None, typer.Option("--role")]
Issuer = Annotated[str, typer.Option()]
Subject = Annotated[str, typer.Option()]


@user.command()
def add(
    handle: str,
    role: Roles = None,
    department: str | None = None,
    boss: str | None = None,
    locale: str = "zh_CN",
    email: str | None = None,
    zone: Zone = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """Open an account for an actor; with roles, the actor is added first, as by ``actor add``."""
    from engine.accounts.accounts import add_account

    by, now = cli.actor(as_), cli.store.now()
    if role:
        engage(cli.store, NewActor(handle, roles_of(role), department, boss, locale_of(locale), email, zone), by, now)
    new = add_account(cli.store, handle, by, now)
    cli.give({"handle": handle, "new": new}, _translate("added" if new else "known", handle=handle))


@user.command()
def invite(
    handle: str,
    first: Annotated[bool, typer.Option("--first")] = False,
    as_: As = None,
    json: Json = False,
) -> None:
    """Make a one-time link with which somebody sets his password; it is shown once."""
    from engine.accounts import invitations

    now = cli.store.now()
    if first:
        _give_link(invitations.invite_first(cli.store, handle, now))
    else:
        _give_link(invitations.invite(cli.store, handle, cli.actor(as_), now))


@user.command()
def reset(handle: str, as_: As = None, json: Json = False) -> None:
    """Forget the password and second factor of somebody, end his sessions, and make a new link."""
    from engine.accounts import invitations

    _give_link(invitations.reset(cli.store, handle, cli.actor(as_), cli.store.now()))


def _give_link(invited: Invited) -> None:
    """Show the link."""
    link = invitation_link(cli.settings, invited.code)
    document = {"handle": invited.handle, "link": link, "code": invited.code, "until": invited.until}
    cli.give(document, _translate("link", handle=invited.handle, until=local(invited.until)))
    if not cli.as_json:
        typer.echo(link)  # on one line, however narrow the terminal is


@user.command()
def disable(handle: str, as_: As = None, json: Json = False) -> None:
    """Let nobody in by somebody's account and tokens; his cases stay with him."""
    from engine.accounts.accounts import disable_account

    changed = disable_account(cli.store, handle, cli.actor(as_), cli.store.now())
    cli.give({"handle": handle, "changed": changed}, _translate("disabled" if changed else "unchanged", handle=handle))


@user.command()
def enable(handle: str, as_: As = None, json: Json = False) -> None:
    """Let an account be used again that was disabled."""
    from engine.accounts.accounts import enable_account

    changed = enable_account(cli.store, handle, cli.actor(as_), cli.store.now())
    cli.give({"handle": handle, "changed": changed}, _translate("enabled" if changed else "unchanged", handle=handle))


@user.command("list")
def list_accounts(json: Json = False) -> None:
    """All accounts: how each person logs in, and what is open."""
    from dataclasses import asdict

    from engine.accounts.accounts import accounts

    rows = accounts(cli.store, cli.store.now())
    shown = [
        (row.handle, role_labels(" ".join(row.roles)), _yes(not row.disabled), _yes(row.password),
         _second_factor(row.second_factor, row.second_factor_needed), row.sessions, row.tokens, row.links,
         local(row.invited_until))
        for row in rows
    ]  # fmt: skip
    columns = _columns(
        "handle", "roles", "enabled", "password", "second_factor", "sessions", "tokens", "links", "invited_until"
    )
    cli.give({"accounts": [asdict(row) for row in rows]}, table("", columns, shown))


def _yes(value: bool) -> str:
    return "✓" if value else "–"


def _second_factor(there: bool, needed: bool) -> str:
    return "✓" if there else _translate("missing") if needed else "–"


@user.command()
def sessions(
    handle: Annotated[str | None, typer.Argument()] = None,
    end: Annotated[str | None, typer.Option()] = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """The open sessions of all people or of one; ``--end`` ends one."""
    from dataclasses import asdict

    from engine.accounts.sessions import end_session
    from engine.accounts.sessions import sessions as open_sessions

    if end is not None:
        end_session(cli.store, end, cli.actor(as_))
        cli.give({"ended": end}, _translate("ended", id=end))
        return
    with cli.store.looking() as tx:
        rows = open_sessions(tx, cli.store.now(), handle)
    shown = [
        (row.id, row.handle, local(row.made_at), local(row.seen_at), local(row.until), _yes(row.second_factor),
         _translate(f"method.{row.method}"), row.address, row.agent)
        for row in rows
    ]  # fmt: skip
    columns = _columns("id", "handle", "made", "seen", "until", "second_factor", "method", "address", "agent")
    cli.give({"sessions": [asdict(row) for row in rows]}, table("", columns, shown))


@user.command()
def failures(
    handle: Annotated[str | None, typer.Argument()] = None,
    since: Annotated[str | None, typer.Option()] = None,
    limit: Annotated[int, whole_option(least=1, most=10_000)] = 50,
    as_: As = None,
    json: Json = False,
) -> None:
    """Log-ins that failed, newest first: whose, from where, when; for auditors and administrators."""
    from dataclasses import asdict

    from engine.accounts.failed_log_ins import failed_log_ins

    begin = None if since is None else instant(since)
    found = failed_log_ins(cli.store, cli.actor(as_), cli.store.now(), limit, handle, begin)
    shown = [
        (local(row.at), row.handle or _translate("unknown_handle"), _translate(f"method.{row.method}"), row.address)
        for row in found
    ]
    columns = _columns("failed_at", "handle", "method", "address")
    documents = {"failures": [asdict(row) for row in found]}
    cli.give(documents, table("", columns, shown) if found else _translate("no_failures"))


@user.command()
def link(handle: str, issuer: Issuer, subject: Subject, as_: As = None, json: Json = False) -> None:
    """Link an account to who its person is at a provider of OpenID Connect."""
    from engine.accounts import oidc_links

    identity = oidc_links.Identity(issuer, subject)
    new = oidc_links.link(cli.store, handle, identity, cli.actor(as_), cli.store.now())
    cli.give({"handle": handle, "new": new}, _translate("linked" if new else "unchanged", handle=handle))


@user.command()
def unlink(handle: str, issuer: Issuer, subject: Subject, as_: As = None, json: Json = False) -> None:
    """Undo such a link."""
    from engine.accounts import oidc_links

    identity = oidc_links.Identity(issuer, subject)
    changed = oidc_links.unlink(cli.store, handle, identity, cli.actor(as_), cli.store.now())
    cli.give({"handle": handle, "changed": changed}, _translate("unlinked" if changed else "unchanged", handle=handle))


@user.command()
def token(
    handle: str,
    scope: Annotated[list[str] | None, typer.Option()] = None,
    expires: Annotated[str | None, typer.Option()] = None,
    label: Annotated[str, typer.Option()] = "",
    rate: Annotated[str | None, typer.Option()] = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """Make an API token, as ``token create`` does."""
    from apps.cli.tokens import give_token

    give_token(handle, scope, expires, label, rate, as_)


def _translate(key: str, /, **params: Any) -> str:
    return cli.translate(f"user.{key}", **params)


def _columns(*names: str) -> tuple[str, ...]:
    shared = {"handle", "roles"}
    return tuple(cli.translate(f"column.{name}" if name in shared else f"user.column.{name}") for name in names)
