"""Tells team supervisors and administrators that work of Prefect's went wrong: the run's id and nothing else."""

from datetime import datetime

from sqlmodel import select

from engine.store import Store
from flows.notifications import write
from flows.work import Work, off_loop
from locales.translation import translate, when
from models import Actor
from statemachines.roles import Role

ALERT = "alert"
"""The deployment that Prefect's automations run: sending a mail from Prefect itself would want a block with secrets."""

RUN_FAILED, NIGHT_MISSING = "run_failed", "night_missing"
TOLD = (Role.TEAM_SUPERVISOR, Role.ADMINISTRATOR)


async def alert(work: Work, what: str, run: str = "", flow: str = "", state: str = "") -> int:
    """Write to everybody who is to know; returns to how many.

    Law 3 wants no run id in a key, but here the run itself is what the letter is about: a failed run is told of once,
    a missing night once a day. Raises what the gateway raises.
    """
    now = await work.now()
    readers = await off_loop(_readers, work.store)
    for reader in readers:
        key = f"alert:{what}:{_about(what, run, now)}:{reader.handle}"
        about = translate(reader.locale, f"mail.run_state.{state.rpartition('.')[2]}") if state else ""
        words = {"run": run, "flow": flow, "state": about, "at": when(now)}
        await write(work, key, reader.email or "", reader.locale, f"alert_{what}", **words)
    return len(readers)


def _about(what: str, run: str, now: datetime) -> str:
    return run if what == RUN_FAILED else when(now, "%Y-%m-%d")


def _readers(store: Store) -> list[Actor]:
    with store.reading() as session:
        everybody = session.exec(select(Actor).order_by(Actor.handle)).all()
    return [actor for actor in everybody if actor.email and set(TOLD) & set(actor.roles.split())]
