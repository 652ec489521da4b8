"""The command that makes a code for a customer without a mail address: case access-code (H4)."""

from typing import Annotated

import typer

from apps.cli.context import As, Json, cli, local


def access_code(
    number: str,
    name: Annotated[str, typer.Option()],
    phone: str | None = None,
    shipment: str | None = None,
    reason: Annotated[str, typer.Option()] = "",
    as_: As = None,
    json: Json = False,
) -> None:
    """Make a one-time code for a customer without a mail address who has proved who he is; read it out to him."""
    from engine.accounts.access_codes import ProofGiven, make_access_code  # no other command of a case needs it

    at = cli.working_time()
    given = ProofGiven(name, phone, shipment)
    made = make_access_code(cli.store, cli.principal(cli.actor(as_)), number, given, reason, at)
    document = {"case": made.number, "code": made.code, "until": made.until}
    cli.give(document, cli.translate("access_code.made", number=made.number, code=made.code, until=local(made.until)))
