"""The command that erases personal texts of a case and its customer: case erase (H1)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.context import As, Json, cli
from apps.cli.number_options import whole_argument

if TYPE_CHECKING:
    from engine.audit.erase_texts import Erased

Reason = Annotated[str, typer.Option()]


def erase(
    number: str,
    seq: Annotated[int | None, whole_argument(least=1)] = None,
    field: Annotated[str | None, typer.Argument()] = None,
    reason: Reason = "",
    as_: As = None,
    json: Json = False,
) -> None:
    """Erase one personal text of a case; or all texts of a closed one, its mails and its customer."""
    from engine.audit.erase_texts import TextPlace, erase_texts  # only here: the other commands of a case erase nothing

    at = cli.working_time()
    place = None if seq is None else TextPlace(seq, field or "")
    erased = erase_texts(cli.store, cli.principal(cli.actor(as_)), number, reason, at, place)
    texts = [{"seq": text.seq, "field": text.field} for text in erased.texts]
    document = {"case": number, "erased": texts, "customer": erased.customer, "mails": erased.mails}
    cli.give(document, *(cli.translate(f"erasures.{key}", **params) for key, params in _lines(erased)))


def _lines(erased: "Erased") -> Iterator[tuple[str, dict[str, int]]]:
    """Yield the messages that say what was erased, with their values."""
    if erased.texts:
        yield "erased", {"count": len(erased.texts)}
    if erased.mails:
        yield "mails", {"count": erased.mails}
    if erased.customer is not None:
        yield "customer" if erased.customer else "customer_kept", {}
    elif not erased.texts and not erased.mails:
        yield "nothing", {}
