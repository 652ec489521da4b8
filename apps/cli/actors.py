"""Commands about those who act: actor add, actor list."""

from typing import Annotated

import typer
from sqlmodel import select

from apps.cli.context import Json, cli, table
from engine.actors import NewActor, add_actor
from locales.translation import label
from models import Actor
from statemachines.lifecycle import Refused
from statemachines.roles import Role

actor = typer.Typer(help="Those who act: people of the company and the system.", no_args_is_help=True)

Roles = Annotated[list[str], typer.Option("--role", help="A role of the house; may be repeated.")]


@actor.command()
def add(
    handle: str,
    role: Roles,
    department: str | None = None,
    boss: str | None = None,
    locale: str = "zh_CN",
    email: str | None = None,
    json: Json = False,
) -> None:
    """Add an actor; adding the same one again changes nothing."""
    unknown = [name for name in role if name not in list(Role)]
    if unknown:
        raise Refused("unknown_role", role=unknown[0], known=[one.value for one in Role])
    roles = tuple(Role(name) for name in role)
    with cli.store.writing() as tx:
        new = add_actor(tx, NewActor(handle, roles, department, boss, locale, email))
    cli.give({"handle": handle, "new": new}, cli.translate("actor_added" if new else "actor_known", handle=handle))


@actor.command("list")
def list_(json: Json = False) -> None:
    """All actors with their roles."""
    with cli.store.reading() as session:
        actors = session.exec(select(Actor).order_by(Actor.handle)).all()
    rows = [(one.handle, _roles(one), one.department, one.boss, one.locale) for one in actors]
    heads = tuple(cli.translate(f"column.{name}") for name in ("handle", "roles", "department", "boss", "locale"))
    document = {"actors": [one.model_dump(exclude={"id"}) | {"roles": one.roles.split()} for one in actors]}
    cli.give(document, table("", heads, rows))


def _roles(one: Actor) -> str:
    return ", ".join(label(cli.locale, "", "role", name) for name in one.roles.split())
