"""The command that puts a closed case into one file: case bundle."""

from pathlib import Path
from typing import Annotated

import typer

from apps.cli.context import As, Json, cli
from apps.cli.private_files import write_private

Why = Annotated[str, typer.Option()]


def bundle(number: str, file: Path, reason: Why, as_: As = None, json: Json = False) -> None:
    """Put a closed case into one file: PDF, JSON, attachments, and the proof that anybody can check."""
    from apps.case_bundle import case_bundle

    store = cli.store
    content = case_bundle(store, cli.principal(as_), number, reason, cli.working_time(), cli.locale)
    write_private(file, content)
    shown = cli.translate("bundle.made", number=number, file=str(file), size=len(content))
    cli.give({"number": number, "file": str(file), "size": len(content)}, shown)
