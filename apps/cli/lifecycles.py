"""Commands about a change of the lifecycles: lifecycle check, lifecycle migrate."""

import contextlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli.context import Json, cli, local, table
from locales.translation import label

if TYPE_CHECKING:
    from engine.audit.lifecycle_check import KindCheck, LifecycleCheck
    from engine.audit.touched_names import Touched

lifecycle = typer.Typer(help="Changed lifecycles: what becomes of the cases in flight.", no_args_is_help=True)

Backup = Annotated[Path | None, typer.Argument(help="A file made by `closeloop backup`; without it the store here.")]


@lifecycle.command()
def check(backup: Backup = None, json: Json = False) -> int:
    """Say what changed since each version in the store and what becomes of open cases; exit 2 if anything is lost."""
    from engine.audit.lifecycle_check import check_store
    from engine.audit.read_backup import backup_opened

    with contextlib.ExitStack() as stack:
        store = cli.store if backup is None else stack.enter_context(backup_opened(backup))
        checked = check_store(store)
    cli.give(document_of(checked), *_shown(checked))
    return 0 if checked.ok else 2


@lifecycle.command()
def migrate(json: Json = False) -> int:
    """Carry every open case over to the names of today, each by a recorded move; exit 2 if a case was refused."""
    from engine.audit.migrate_lifecycle import migrate_lifecycles

    migrated = migrate_lifecycles(cli.store, cli.store.now())
    failed = [{"case": number, "reason": code} for number, code in migrated.failed]
    shown: list[Any] = [cli.translate("lifecycle.migrated", count=migrated.carried)]
    if failed:
        shown.append(table("", ("column.case", "column.reason"), migrated.failed))
    cli.give({"ok": not failed, "carried_over": migrated.carried, "failed": failed}, *shown)
    return 2 if failed else 0


def document_of(checked: "LifecycleCheck") -> dict[str, Any]:
    """The check as programs read it."""
    return {"ok": checked.ok, "to_carry": checked.to_carry, "kinds": [_kind(one) for one in checked.kinds]}


def _kind(one: "KindCheck") -> dict[str, Any]:
    return {
        "kind": one.kind,
        "version": one.version,
        "to_carry": one.to_carry,
        "lost": [gone.name for gone in one.lost],
        "touched": [asdict(gone) for gone in one.touched],
        "versions": [asdict(version) for version in one.versions],
    }


def _shown(checked: "LifecycleCheck") -> Iterator[Any]:
    changed = [one for one in checked.kinds if one.touched or any(version.changes for version in one.versions)]
    if not changed:
        yield cli.translate("lifecycle.unchanged")
        return
    for one in changed:
        yield from _changes(one)
        if one.touched:
            yield _touched(one)
    code = "unsafe" if not checked.ok else "needs" if checked.to_carry else "carried"
    yield cli.translate(f"lifecycle.{code}", count=checked.to_carry)


def _changes(one: "KindCheck") -> Iterator[str]:
    """A line for each older version: what was added (+) and removed (-) since."""
    kind = label(cli.locale, "", "kind", one.kind)
    for version in one.versions:
        if version.changes:
            names = [
                f"{sign}{cli.translate(f'lifecycle.sort.{sort}')} {name}"
                for sort, change in version.changes.items()
                for sign, names in (("-", change["removed"]), ("+", change["added"]))
                for name in names
            ]
            since = local(version.recorded_at)
            yield cli.translate(
                "lifecycle.since", kind=kind, version=version.version, at=since, changes=", ".join(names)
            )


def _touched(one: "KindCheck") -> Any:
    columns = ("sort", "name", "becomes", "cases", "came_from", "timers", "deliveries")
    heads = tuple(cli.translate(f"lifecycle.column.{name}") for name in columns)
    return table(label(cli.locale, "", "kind", one.kind), heads, [_row(gone) for gone in one.touched])


def _row(gone: "Touched") -> tuple[Any, ...]:
    becomes = cli.translate(f"lifecycle.becomes.{gone.becomes}", to=gone.to or "")
    sort = cli.translate(f"lifecycle.sort.{gone.sort}")
    return (sort, gone.name, becomes, gone.cases, gone.came_from, gone.timers, gone.deliveries)
