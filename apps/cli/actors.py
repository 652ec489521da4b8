"""Commands of administrators over people: actor add, set, disable, enable, list and history; department add, list."""

import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli.context import As, Json, cli, instant, local, table
from engine.actors import NewActor
from engine.commands.staffing import INSTANTS, change_actor, engage, found_departments, has_administrator, journal
from engine.departments import departments
from locales.translation import label, locales
from statemachines.refused import Refused
from statemachines.roles import Role

if TYPE_CHECKING:
    from models import Actor

actor = typer.Typer(no_args_is_help=True)
department = typer.Typer(no_args_is_help=True)

Roles = Annotated[list[str], typer.Option("--role")]
NewRoles = Annotated[list[str] | None, typer.Option("--role")]
Zone = Annotated[str | None, typer.Option()]
Clear = Annotated[
    list[str] | None,
    typer.Option(),
]
CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
WITH_INSTANTS = frozenset({"code", "invited", "account_reset", "account_disabled", "second_factor"})
"""What the journal of actors calls changes whose values are instants."""
ABSENCE = {"absent_from": None, "absent_until": None}
EMPTIED: dict[str, dict[str, None]] = {
    **{name: {name: None} for name in ("department", "boss", "name", "email", "phone", "zone", "deputy")},
    "absence": ABSENCE,
}
"""The fields that ``--clear`` empties."""


@actor.command()
def add(
    handle: str,
    role: Roles,
    department: str | None = None,
    boss: str | None = None,
    locale: str = "zh_CN",
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    zone: Zone = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """Add an actor; adding the same one again changes nothing. Once there is an administrator, only he may."""
    person = NewActor(handle, roles_of(role), department, boss, locale_of(locale), email, zone, name, phone)
    new = engage(cli.store, person, as_ or cli.settings.actor, _time_of_adding())
    cli.give({"handle": handle, "new": new}, cli.translate("actor_added" if new else "actor_known", handle=handle))


def _time_of_adding() -> datetime:
    """Return the store's time. Before there is an administrator nobody can confirm a clock that is in doubt."""
    with cli.store.looking() as tx:
        confirmable = has_administrator(tx)
    return cli.working_time() if confirmable else cli.store.now()


@actor.command("set")
def set_(
    handle: str,
    role: NewRoles = None,
    department: str | None = None,
    boss: str | None = None,
    locale: str | None = None,
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    zone: Zone = None,
    absent_from: Annotated[str | None, typer.Option()] = None,
    absent_until: Annotated[str | None, typer.Option()] = None,
    deputy: Annotated[str | None, typer.Option()] = None,
    clear: Clear = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """Change an actor's particulars, absence or deputy; the journal keeps who changed what."""
    given: dict[str, Any] = {
        "roles": roles_of(role) if role else None,
        "department": department,
        "boss": boss,
        "locale": locale_of(locale) if locale else None,
        "name": name,
        "email": email,
        "phone": phone,
        "zone": zone,
        "absent_from": instant(absent_from) if absent_from else None,
        "absent_until": instant(absent_until) if absent_until else None,
        "deputy": deputy,
    }
    values = {name: value for name, value in given.items() if value is not None} | _emptied(clear or [])
    if not values:
        raise Refused("nothing_to_set")
    changed = change_actor(cli.store, handle, values, cli.actor(as_), cli.working_time())
    fields = ", ".join(_translate(f"field.{name}") for name in changed)
    shown = [_translate("changed", handle=handle, fields=fields) if changed else _translate("unchanged", handle=handle)]
    cli.give({"handle": handle, "changed": changed}, *shown)


def _emptied(names: list[str]) -> dict[str, None]:
    unknown = [name for name in names if name not in EMPTIED]
    if unknown:
        raise Refused("unknown_field", field=unknown[0], move="actor set --clear", known=list(EMPTIED))
    return {field: None for name in names for field in EMPTIED[name]}


@actor.command()
def disable(
    handle: str,
    to: Annotated[str | None, typer.Option()] = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """Disable somebody who leaves: he acts no more, is asked no more, and his open cases are handed on."""
    from engine.commands.leaving import disable as leave

    by, reason = cli.actor(as_), label(cli.locale, "", "via", "staffing")
    handed = leave(cli.store, handle, by, cli.working_time(), to, reason)
    document = {
        "handle": handle,
        "handed_on": [{"case": number, "owner": owner} for number, owner in handed.cases],
        "left": [{"case": number, "why": why} for number, why in handed.left],
    }
    shown = [_translate("disabled", handle=handle, handed=len(handed.cases), left=len(handed.left))]
    tables: list[Any] = []
    if handed.cases:
        tables.append(table(_translate("handed_title"), _columns("case", "to"), handed.cases))
    if handed.left:
        rows = [(number, _why(why)) for number, why in handed.left]
        tables.append(table(_translate("left_title"), _columns("case", "why"), rows))
    cli.give(document, *shown, *tables)


def _why(code: str) -> str:
    text = _translate(f"left.{code}")
    return code if text.startswith("cli.") else text


@actor.command()
def enable(handle: str, as_: As = None, json: Json = False) -> None:
    """Let somebody act again who was disabled."""
    from engine.commands.leaving import enable as restore

    changed = restore(cli.store, handle, cli.actor(as_), cli.working_time())
    cli.give({"handle": handle, "changed": changed}, _translate("enabled" if changed else "unchanged", handle=handle))


@actor.command("list")
def list_actors(json: Json = False) -> None:
    """All actors with their roles, and who is absent or disabled."""
    from sqlmodel import select  # takes as long to import as `dead list` takes to answer

    from models import Actor

    now = cli.store.now()
    with cli.store.reading() as session:
        actors = session.exec(select(Actor).order_by(Actor.handle)).all()
    rows = [
        (row.handle, role_labels(row.roles), row.department, row.boss, row.locale, _status(row, now), row.deputy)
        for row in actors
    ]
    document = {
        "actors": [
            row.model_dump(exclude={"id"}) | {"roles": row.roles.split(), "available": row.available(now)}
            for row in actors
        ]
    }
    columns = _columns("handle", "roles", "department", "boss", "locale", "status", "deputy")
    cli.give(document, table("", columns, rows))


def _status(row: "Actor", now: datetime) -> str:
    if row.disabled_at is not None:
        return _translate("status.disabled")
    if row.available(now):
        return _translate("status.here")
    if row.absent_until is None:
        return _translate("status.absent_open")
    return _translate("status.absent", until=local(row.absent_until))


@actor.command()
def history(handle: str, json: Json = False) -> None:
    """Who changed what of an actor, and when."""
    with cli.store.looking() as tx:
        changes = journal(tx, handle)
    document = {
        "handle": handle,
        "changes": [
            {"at": one.at, "by": one.by, "field": one.field, "before": one.before, "after": one.after}
            for one in changes
        ],
    }
    rows = [
        (local(one.at), one.by, _translate(f"field.{one.field}"), _value(one.field, one.before),
         _value(one.field, one.after))
        for one in changes
    ]  # fmt: skip
    columns = _columns("occurred", "by", "field", "before", "after")
    cli.give(document, table("", columns, rows) if rows else _translate("no_changes", handle=handle))


def _value(name: str, value: str | None) -> str | None:
    if value is None:
        return None
    if name == "roles":
        return role_labels(value)
    if name in INSTANTS or name in WITH_INSTANTS:
        return local(datetime.fromisoformat(value))
    return label(cli.locale, "", "department", value) if name == "department" else value


@department.command("add")
def add_departments(codes: list[str], as_: As = None, json: Json = False) -> None:
    """Add departments by their codes. Once there is an administrator, only he may."""
    if bad := [code for code in codes if CODE.fullmatch(code) is None]:
        raise Refused("bad_code", value=bad[0][:40])
    new = found_departments(cli.store, codes, as_ or cli.settings.actor, _time_of_adding())
    text = _translate("departments_added", codes=", ".join(new)) if new else _translate("departments_known")
    cli.give({"added": new}, text)


@department.command("list")
def list_departments(json: Json = False) -> None:
    """The departments there are."""
    with cli.store.looking() as tx:
        codes = sorted(departments(tx))
    rows = [(code, label(cli.locale, "", "department", code)) for code in codes]
    cli.give({"departments": codes}, table("", _columns("department", "name"), rows))


def roles_of(names: list[str]) -> tuple[Role, ...]:
    unknown = [name for name in names if name not in list(Role)]
    if unknown:
        raise Refused("unknown_role", role=unknown[0], known=[known.value for known in Role])
    return tuple(dict.fromkeys(Role(name) for name in names))


def locale_of(name: str) -> str:
    if name not in locales():
        raise Refused("unknown_locale", locale=name[:20], known=list(locales()))
    return name


def role_labels(roles: str) -> str:
    return ", ".join(label(cli.locale, "", "role", name) for name in roles.split())


def _translate(key: str, /, **params: Any) -> str:
    return cli.translate(f"actor.{key}", **params)


def _columns(*names: str) -> tuple[str, ...]:
    shared = {"handle", "roles", "department", "boss", "locale", "case", "occurred"}
    return tuple(cli.translate(f"column.{name}" if name in shared else f"actor.column.{name}") for name in names)
