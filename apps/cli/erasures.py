"""The command that erases personal texts of a case: case erase (H1)."""

from typing import Annotated

import typer

from apps.cli.context import As, Json, cli
from apps.cli.number_options import whole_argument
from engine.audit.erase_texts import TextPlace, erase_texts

Reason = Annotated[str, typer.Option()]


def erase(
    number: str,
    seq: Annotated[int | None, whole_argument(least=1)] = None,
    field: Annotated[str | None, typer.Argument()] = None,
    reason: Reason = "",
    as_: As = None,
    json: Json = False,
) -> None:
    """Erase one personal text of a case, or all texts of a closed one."""
    at = cli.working_time()
    place = None if seq is None else TextPlace(seq, field or "")
    erased = erase_texts(cli.store, cli.principal(cli.actor(as_)), number, reason, at, place)
    document = {"case": number, "erased": [{"seq": text.seq, "field": text.field} for text in erased]}
    cli.give(document, cli.translate("erasures.erased" if erased else "erasures.nothing", count=len(erased)))
