"""The command that makes the regulator's pack: regulator-pack."""

from pathlib import Path
from typing import Annotated

import typer

from apps.cli.context import As, Json, cli, instant
from apps.cli.private_files import write_private
from apps.principal_regulator import WantedPack, pack_taken
from locales.zone import reader_zone
from reports.indicators.periods import month_before, period_of
from statemachines.refused import Refused

PeriodName = Annotated[str | None, typer.Option("--period", metavar="YYYY-MM|YYYY-Qn|YYYY")]
AsOf = Annotated[str | None, typer.Option("--as-of")]
Out = Annotated[Path, typer.Option()]
Named = Annotated[bool, typer.Option("--named")]
Why = Annotated[str | None, typer.Option("--reason")]


def join(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("regulator-pack")(regulator_pack)


def regulator_pack(
    out: Out, period: PeriodName = None, as_of: AsOf = None, named: Named = False, reason: Why = None, as_: As = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Every complaint of a period with times, results, appeals and statistics, for the regulator (XLSX or PDF)."""
    now = cli.store.now()
    chosen = month_before(now.astimezone(reader_zone()).date()) if period is None else period_of(period)
    if named and not reason:
        raise Refused("pack_reason")
    handle = cli.actor(as_) if named else as_
    format_ = out.suffix.removeprefix(".").lower()
    wanted = WantedPack(chosen, now if as_of is None else instant(as_of), format_, reason if named else None)
    taken = pack_taken(cli.store, cli.principal(handle), wanted, now, cli.locale)
    write_private(out, taken.content)
    document = {
        "file": str(out), "period": chosen.name, "as_of": wanted.as_of, "named": named,
        "complaints": taken.complaints, "appeals": taken.appeals,
    }  # fmt: skip
    counts = {"complaints": taken.complaints, "appeals": taken.appeals}
    cli.give(document, cli.translate("regulator.written", file=out, period=chosen.name, **counts))
