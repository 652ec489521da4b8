"""Commands that prove and save the record: verify, anchor, proof, backup, restore; refused attempts and readings."""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli.context import As, Json, cli, instant, local, table
from apps.cli.number_options import whole_option
from engine.access.doors import door_of, system_user, user_of
from engine.clock import system_now
from locales.translation import label
from models.columns import from_micros

if TYPE_CHECKING:
    from engine.access.reading_log import Reading
    from engine.audit.verify import Verdict
    from engine.commands.refused_attempts import RefusedMove
    from engine.ledger.anchor_file import Anchored

Anew = Annotated[str | None, typer.Option()]
SHOWN = 50


def join(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(verify)
    app.command()(anchor)
    app.command()(proof)
    app.command()(backup)
    app.command()(restore)
    app.command()(refused)
    app.command()(readings)


def verify(json: Json = False) -> int:
    """Check every chain, history, statement, escalation step and anchor; exit 2 on any fault."""
    from engine.audit.verify import verify as check
    from engine.ledger.anchoring import last_anchored

    verdict = check(cli.store)
    with cli.store.looking() as tx:
        last = last_anchored(tx)
    summary = cli.translate(
        "verified" if verdict.ok else "not_whole", cases=verdict.cases, transitions=verdict.transitions
    )
    shown = [summary, *([_anchor_line(last)] if last else []), *_faults(verdict)]
    cli.give({**_document(verdict), "anchor": asdict(last) if last else None}, *shown)
    return 0 if verdict.ok else 2


def anchor(anew: Anew = None, as_: As = None, json: Json = False) -> None:
    """Sign the heads of all chains now, and publish their root outside the database."""
    from engine.audit.re_anchor import anchor_now, begin_anew
    from engine.ledger.anchoring import published

    store = cli.store
    if anew:
        made: Anchored | None = begin_anew(store, cli.actor(as_), anew, store.now())
    else:
        made = anchor_now(store, store.now())
    file = str(published(store))
    document = {"made": made is not None, "anchor": asdict(made) if made else None, "file": file}
    cli.give(document, _anchor_line(made) if made else cli.translate("anchor.nothing_new"), file)


def proof(case: str, json: Json = False) -> None:
    """Show that a case stood where it stood when it was last anchored."""
    from engine.audit.proof import prove

    proved = prove(cli.store, case)
    summary = cli.translate(
        "anchor.proof", number=case, seq=proved.seq, line=proved.anchor.line, root=proved.anchor.root
    )
    cli.give(asdict(proved), summary, proved.leaf, *proved.path)


def backup(file: Path, json: Json = False) -> None:
    """Copy the whole store into one file while it is at work, with the anchors that vouch for it."""
    from engine.audit.archive import document_of
    from engine.audit.backup import back_up

    with closing(cli.settings.store(any_schema=True)) as store:  # a store of an earlier release, too
        made = back_up(store, file, store.now())
    summary = cli.translate("backup.made", file=str(file), size=made.size, line=made.manifest.line)
    cli.give({"file": str(file), "size": made.size, **document_of(made.manifest)}, summary)


def restore(
    file: Path,
    despite: Annotated[str | None, typer.Option()] = None,
    keep_tokens: Annotated[bool, typer.Option("--keep-tokens")] = False,
    as_: As = None,
    json: Json = False,
) -> int:
    """Bring a store back from such a file, where none is yet, and check it."""
    from engine.audit.archive import document_of
    from engine.audit.restore import restore as bring_back
    from engine.audit.trusted_backup import Despite
    from engine.commands.complete_parties import complete_parties

    trusting = Despite(despite, cli.actor(as_), system_user()) if despite else None
    restored = bring_back(cli.settings, file, system_now(), trusting, keep_tokens=keep_tokens)
    complete_parties(cli.store, cli.store.now())  # of a backup of an earlier release
    verdict = restored.verdict
    shown = [cli.translate("backup.restored", file=str(file), cases=verdict.cases, transitions=verdict.transitions)]
    if restored.later:
        shown.append(cli.translate("backup.later", count=restored.later))
    if restored.revoked:
        shown.append(cli.translate("backup.revoked", count=restored.revoked))
    distrusted = restored.distrusted
    if distrusted is not None:
        shown.append(cli.translate("backup.despite", reason=distrusted.reason, by=distrusted.by))
    document = {
        **_document(verdict),
        "later": restored.later,
        "revoked": restored.revoked,
        **document_of(restored.manifest),
    }
    document["distrusted"] = asdict(distrusted) if distrusted else None
    cli.give(document, *shown, *_faults(verdict))
    return 0 if verdict.ok else 2


def refused(
    case: Annotated[str | None, typer.Option()] = None,
    by: Annotated[str | None, typer.Option()] = None,
    move: Annotated[str | None, typer.Option()] = None,
    code: Annotated[str | None, typer.Option()] = None,
    since: Annotated[str | None, typer.Option()] = None,
    limit: Annotated[int, whole_option(least=1, most=10_000)] = 50,
    as_: As = None,
    json: Json = False,
) -> None:
    """Who tried which move on which case and why it was refused, newest first; for auditors."""
    from engine.commands.refused_attempts import refused_moves

    begin = None if since is None else instant(since)
    moves = refused_moves(
        cli.store, cli.actor(as_), cli.store.now(), limit, number=case, actor=by, move=move, code=code, since=begin
    )
    columns = ("refused.at", "column.case", "column.actor", "column.move", "column.state", "column.via", "refused.why")
    shown = table("", tuple(map(cli.translate, columns)), map(_refused_row, moves))
    documents = [asdict(each) | _door_document(each.via) for each in moves]
    cli.give({"refused": documents}, shown if moves else cli.translate("refused.none"))


def readings(
    case: Annotated[str | None, typer.Option()] = None,
    by: Annotated[str | None, typer.Option()] = None,
    since: Annotated[str | None, typer.Option()] = None,
    limit: Annotated[int, whole_option(least=1, most=10_000)] = 50,
    as_: As = None,
    json: Json = False,
) -> None:
    """Who was shown which personal data of which case, and why he unmasked them, newest first; for auditors."""
    from engine.access.reading_log import readings as logged

    begin = None if since is None else instant(since)
    found = logged(cli.store, cli.actor(as_), cli.store.now(), limit, number=case, actor=by, since=begin)
    columns = ("readings.at", "column.case", "column.actor", "column.via", "readings.shown", "readings.why")
    shown = table("", tuple(map(cli.translate, columns)), map(_reading_row, found))
    documents = [asdict(each) | _door_document(each.via) for each in found]
    cli.give({"readings": documents}, shown if found else cli.translate("readings.none"))


def _reading_row(reading: "Reading") -> tuple[str, ...]:
    shown = ", ".join(label(cli.locale, "", "personal_data", field) for field in reading.fields)
    return (local(reading.at), reading.number, reading.actor, _door(reading.via), shown, reading.reason or "–")


def _door(via: str) -> str:
    """Return the door, and the operating-system user where it is the command line."""
    return " · ".join(filter(None, (label(cli.locale, "", "via", door_of(via)), user_of(via))))


def _door_document(via: str) -> dict[str, str | None]:
    return {"via": door_of(via), "system_user": user_of(via)}


def _refused_row(attempt: "RefusedMove") -> tuple[str, ...]:
    kind = attempt.kind
    sort = _sort_of(attempt.code)
    reasons = [label(cli.locale, kind, sort, code) for code in attempt.why]
    why = label(cli.locale, "", "refused_for", attempt.code)
    return (
        local(attempt.at),
        attempt.number,
        attempt.actor or "–",
        label(cli.locale, kind, "move", attempt.move or "–"),
        label(cli.locale, kind, "state", attempt.state),
        _door(attempt.via),
        f"{why} ({', '.join(reasons)})" if reasons else why,
    )


def _sort_of(code: str) -> str:
    """Return of which sort the names are that a refusal of this code gives as its reasons."""
    return {"guard": "guard", "own_work": "move", "role": "role"}.get(code, "")


def _document(verdict: "Verdict") -> dict[str, Any]:
    faults = [{"case": fault.number, "seq": fault.seq, "what": fault.what} for fault in verdict.faults]
    return {"ok": verdict.ok, "cases": verdict.cases, "transitions": verdict.transitions, "faults": faults}


def _faults(verdict: "Verdict") -> list[Any]:
    rows = [(fault.number, fault.seq, fault.what) for fault in verdict.faults[:SHOWN]]
    return [table("", ("case", "seq", "fault"), rows)] if rows else []


def _anchor_line(made: "Anchored") -> str:
    at = local(from_micros(made.at))
    return cli.translate("anchor.made", line=made.line, at=at, cases=made.cases, root=made.root)
