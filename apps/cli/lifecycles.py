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

lifecycle = typer.Typer(no_args_is_help=True)

Backup = Annotated[Path | None, typer.Argument()]


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

    migrated = migrate_lifecycles(cli.store, cli.working_time())
    failed = [{"case": number, "reason": code} for number, code in migrated.failed]
    shown: list[Any] = [cli.translate("lifecycle.migrated", count=migrated.carried)]
    if failed:
        shown.append(table("", ("column.case", "column.reason"), migrated.failed))
    cli.give({"ok": not failed, "carried_over": migrated.carried, "failed": failed}, *shown)
    return 2 if failed else 0


def document_of(checked: "LifecycleCheck") -> dict[str, Any]:
    """Return the check for programs."""
    return {
        "ok": checked.ok,
        "to_carry": checked.to_carry,
        "kinds": [_kind(kind_check) for kind_check in checked.kinds],
    }


def _kind(kind_check: "KindCheck") -> dict[str, Any]:
    return {
        "kind": kind_check.kind,
        "version": kind_check.version,
        "to_carry": kind_check.to_carry,
        "lost": [lost.name for lost in kind_check.lost],
        "touched": [asdict(touched) for touched in kind_check.touched],
        "versions": [asdict(version) for version in kind_check.versions],
    }


def _shown(checked: "LifecycleCheck") -> Iterator[Any]:
    changed = [
        kind_check
        for kind_check in checked.kinds
        if kind_check.touched or any(version.changes for version in kind_check.versions)
    ]
    if not changed:
        yield cli.translate("lifecycle.unchanged")
        return
    for kind_check in changed:
        yield from _changes(kind_check)
        if kind_check.touched:
            yield _touched(kind_check)
    code = "unsafe" if not checked.ok else "needs" if checked.to_carry else "carried"
    yield cli.translate(f"lifecycle.{code}", count=checked.to_carry)


def _changes(kind_check: "KindCheck") -> Iterator[str]:
    """Yield a line for each older version: what was added (+) and removed (-) since."""
    kind = label(cli.locale, "", "kind", kind_check.kind)
    for version in kind_check.versions:
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


def _touched(kind_check: "KindCheck") -> Any:
    columns = ("sort", "name", "becomes", "cases", "came_from", "timers", "deliveries")
    heads = tuple(cli.translate(f"lifecycle.column.{name}") for name in columns)
    return table(
        label(cli.locale, "", "kind", kind_check.kind), heads, [_row(touched) for touched in kind_check.touched]
    )


def _row(touched: "Touched") -> tuple[Any, ...]:
    becomes = cli.translate(f"lifecycle.becomes.{touched.becomes}", to=touched.to or "")
    sort = cli.translate(f"lifecycle.sort.{touched.sort}")
    return (sort, touched.name, becomes, touched.cases, touched.came_from, touched.timers, touched.deliveries)
