"""Alerts team supervisors and administrators by mail that a Prefect run failed: its id and nothing else."""

from datetime import datetime
from typing import Final, Literal

from flows.notifications import write
from flows.parked_notices import with_roles
from flows.work import Work, off_loop
from locales.translation import translate, when
from statemachines.roles import Role

ALERT = "alert"
"""The deployment that Prefect's automations run; a mail sent by Prefect itself would need a block with secrets."""

AlertKind = Literal["run_failed", "night_missing"]
RUN_FAILED: Final = "run_failed"
NIGHT_MISSING: Final = "night_missing"
RECIPIENTS = (Role.TEAM_SUPERVISOR, Role.ADMINISTRATOR)


async def alert(work: Work, what: AlertKind, run: str = "", flow: str = "", state: str = "") -> int:
    """Mail every recipient; returns how many there are.

    Law 3 forbids run ids in keys, but here the run is the subject of the mail: a failed run sends one alert, a missing
    night one a day. Raises what the gateway raises.
    """
    now = await work.now()
    recipients = await off_loop(with_roles, work.store, RECIPIENTS)
    for recipient in recipients:
        key = f"alert:{what}:{_subject(what, run, now)}:{recipient.handle}"
        state_name = translate(recipient.locale, f"mail.run_state.{state.rpartition('.')[2]}") if state else ""
        params = {"run": run, "flow": flow, "state": state_name, "at": when(now)}
        await write(work, key, recipient.email or "", recipient.locale, f"alert_{what}", **params)
    return len(recipients)


def _subject(what: str, run: str, now: datetime) -> str:
    return run if what == RUN_FAILED else when(now, "%Y-%m-%d")
