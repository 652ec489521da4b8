"""Alerts team supervisors, administrators and groups that a Prefect run failed: its id and nothing else."""

from datetime import datetime
from typing import Final, Literal

from engine.outbox.mails import queue_mails
from flows.group_messages import to_groups
from flows.mailing import send_queued
from flows.notifications import write
from flows.parked_notices import with_roles
from flows.work import Work, off_loop
from gateways.groups import GroupAlert, GroupSettings
from locales.translation import translate, when
from statemachines.roles import Role

ALERT = "alert"
"""The deployment that Prefect's automations run; a mail sent by Prefect itself would need a block with secrets."""

AlertKind = Literal["run_failed", "night_missing"]
RUN_FAILED: Final = "run_failed"
NIGHT_MISSING: Final = "night_missing"
PARTS = ("subject", "body")
RECIPIENTS = (Role.TEAM_SUPERVISOR, Role.ADMINISTRATOR)


async def alert(work: Work, what: AlertKind, run: str = "", flow: str = "", state: str = "") -> int:
    """Mail every recipient and tell the groups that want it; returns how many recipients there are.

    Law 3 forbids run ids in keys, but here the run is the subject of the mail: a failed run sends one alert, a missing
    night one a day. Raises what the gateway raises.
    """
    now = await work.now()
    recipients = await off_loop(with_roles, work.store, RECIPIENTS)
    key = f"alert:{what}:{_subject(what, run, now)}"

    def params(locale: str) -> dict[str, str]:
        state_name = translate(locale, f"mail.run_state.{state.rpartition('.')[2]}") if state else ""
        return {"run": run, "flow": flow, "state": state_name, "at": when(now)}

    def compose(group: GroupSettings) -> tuple[str, str]:
        texts = (translate(group.locale, f"mail.alert_{what}.{part}", **params(group.locale)) for part in PARTS)
        return next(texts), next(texts)

    await off_loop(queue_mails, work.store, await to_groups(work, key, GroupAlert.NIGHT, compose), now)
    await send_queued(work)
    for recipient in recipients:
        to, locale = recipient.email or "", recipient.locale
        await write(work, f"{key}:{recipient.handle}", to, locale, f"alert_{what}", **params(locale))
    return len(recipients)


def _subject(what: str, run: str, now: datetime) -> str:
    return run if what == RUN_FAILED else when(now, "%Y-%m-%d")
