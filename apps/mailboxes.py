"""Visits the mailboxes that the home names, every half minute while a driver runs, and takes in what waits there."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.mailbox_health import NOTE, mailboxes
from apps.process_health import read_note
from engine.attachments.upload import limits_of
from engine.durable_file import write_whole
from engine.settings import Settings
from engine.store import Store
from flows.duty_lease import holding
from flows.mail_intake import Desk, Outcome, fetch
from flows.work import Work, off_loop
from gateways.mailboxes import MailboxSettings, opened
from statemachines.refused import Refused

log = logging.getLogger("closeloop.driver")

EVERY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Visit:
    """How many mails ended how, and how many lie in the folder of problems now."""

    ended: Counter[Outcome]
    problems: int


def visit(settings: Settings, store: Store, box: MailboxSettings) -> Visit:
    """Take in what waits in one mailbox, until nothing does.

    Raises ``OSError`` where its server fails, and ``Refused`` where the database does.
    """
    desk = Desk(store, limits_of(settings), settings.locale)
    ended = Counter[Outcome]()
    with opened(box, settings.where) as mailbox:
        while visited := fetch(desk, mailbox, box, store.now()):
            ended += visited
        return Visit(ended, mailbox.count(box.problems))


async def keep_visiting(settings: Settings, work: Work) -> None:
    """Visit each mailbox until cancelled, as the only process that does. What fails is done again at the next round."""
    failure = ""
    while True:
        try:
            if boxes := await off_loop(mailboxes, settings.where, settings.locale):
                await off_loop(_note, settings.where, await _visited(settings, work, boxes))
            failure = ""
        except Exception as error:  # noqa: BLE001 (a faulty file or a full disk ends neither the driver nor the visits)
            if failure != (failure := _code(error)):
                log.error("mailboxes could not be visited: %s", failure)
        await asyncio.sleep(EVERY_SECONDS)


async def _visited(settings: Settings, work: Work, boxes: Sequence[MailboxSettings]) -> dict[str, Any]:
    notes = dict(read_note(settings.where, NOTE) or {})
    for box in boxes:
        async with holding(work, f"mailbox:{box.name}") as held:
            if held:
                notes[box.name] = await _visit(settings, work, box, notes.get(box.name, {}))
    return {name: note for name, note in notes.items() if name in {box.name for box in boxes}}


async def _visit(settings: Settings, work: Work, box: MailboxSettings, before: dict[str, Any]) -> dict[str, Any]:
    """Visit a mailbox; returns its note: when it was last emptied, the mails that a person must look at, the fault."""
    try:
        visited = await off_loop(visit, settings, work.store, box)
    except Exception as error:  # noqa: BLE001 (a mailbox that fails keeps nobody from the others)
        fault = _code(error)
        if fault != before.get("fault"):
            log.error("mailbox %s could not be read: %s", box.name, fault)
        return before | {"fault": fault}
    return {"emptied_at": (await work.now()).isoformat(), "problems": visited.problems}


def _code(error: Exception) -> str:
    return error.code if isinstance(error, Refused) else type(error).__name__


def _note(home: Path, visits: dict[str, Any]) -> None:
    (home / "run").mkdir(parents=True, exist_ok=True)
    write_whole(home / "run" / NOTE, json.dumps(visits).encode())
