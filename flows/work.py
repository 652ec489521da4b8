"""The tools of every flow: the store, the gateways, and how a process shows its work."""

import asyncio
import gc
import logging
import os
import secrets
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

from engine.settings import Settings
from engine.store import Store
from engine.webhooks.address_rules import AddressRules
from flows.run_info import RunInfo, RunResult
from flows.run_text import RunText
from gateways.groups import FakeGroups, Groups
from gateways.mail import FakeMailer, FileMailer, Mailer, SmtpMailer
from gateways.smtp import MailServer
from gateways.telephone import CallList, FakeTelephone, Telephone
from gateways.webhook_sender import FakeSender, SenderRules, WebhookSender
from locales.house_zone import use_house_zone
from models.mail_addresses import mail_address
from statemachines.refused import Refused

if TYPE_CHECKING:
    from gateways.webhook_http import HttpSender

ROWS_OF_A_CHUNK = 10_000
"""About how many rows a sweep makes before it writes them."""

P = ParamSpec("P")
T = TypeVar("T")


class Observer(Protocol):
    """Runs pieces of work, and may show them elsewhere."""

    async def run(self, run_info: RunInfo, work: "Work", body: Callable[["Work"], Awaitable[T]]) -> RunResult[T]:
        """Run ``body`` with the tools, return its result and raise what it raises.

        The body may be run a second time, also at the same time, by a run that began late. So it claims what it does
        in the database, and does nothing twice.
        """
        ...


class Unobserved:
    """The observer of simulations and pure tests: runs the body and nothing else."""

    async def run(self, run_info: RunInfo, work: "Work", body: Callable[["Work"], Awaitable[T]]) -> RunResult[T]:
        return RunResult(await body(work), observed=False, run_id=None)


class Step(Protocol):
    """Runs a step of a piece of work: inside a Prefect run as a task of it, elsewhere as a plain call."""

    async def __call__(
        self,
        name: str,
        body: Callable[[], Awaitable[T]],
        title: RunText,
        *,
        retries: int = 0,
        failure: Callable[[T], str | None] | None = None,
    ) -> T:
        """Run ``body``, return its result and raise what it raises.

        ``title`` names the task. ``failure`` returns a code if the result is a failure, which is then shown as one.
        ``retries`` is how often a task that raised is run again; it needs a body that does nothing twice.
        """
        ...


async def plain_step(name: str, body: Callable[[], Awaitable[T]], title: RunText, **_: object) -> T:  # noqa: ARG001
    """Run a step without Prefect. It is not retried: whoever runs the work runs it again."""
    return await body()


class Log(Protocol):
    """Writes log lines of a run."""

    def __call__(self, text: RunText, level: int = logging.INFO) -> None:
        """Write one line."""
        ...


def no_log(text: RunText, level: int = logging.INFO) -> None:
    """Write no log line: without a run there is no page to read it on."""


async def _no_progress(percent: int) -> None:
    """Report progress to nobody."""


def _name() -> str:
    return f"{os.getpid()}-{secrets.token_hex(4)}"


@dataclass
class Work:
    """The tools of one process, or of one run in it.

    ``name`` owns its leases. ``step``, ``log`` and ``progress`` show the work in its run, whose id is ``run_id``;
    outside a run it is None, and they show nothing.
    """

    store: Store
    mailer: Mailer
    telephone: Telephone
    locale: str = "zh_CN"
    observer: Observer = field(default_factory=Unobserved)
    name: str = field(default_factory=_name)
    step: Step = plain_step
    log: Log = no_log
    progress: Callable[[int], Awaitable[None]] = _no_progress
    ui_url: str | None = None
    """The address of the Prefect UI as staff reach it, if the settings name one."""
    portal_url: str | None = None
    """The address of the portal as customers reach it, if the settings name a public address."""
    public_url: str | None = None
    """The address under which browsers reach the console, if the settings name one."""
    run_id: str | None = None
    webhooks: WebhookSender = field(default_factory=FakeSender)
    reply_to: str | None = None
    """The address of the mailbox to which customers answer, if the settings name one."""
    groups: Groups = field(default_factory=FakeGroups)

    async def now(self) -> datetime:
        """Return the store's time."""
        return self.store.now()


@cache
def freeze_heap() -> None:
    """Keep the garbage collector off what the process has loaded, and from running at each few hundred rows.

    A sweep makes tens of thousands of rows that live until they are written. Collections that walked the modules and
    those rows again and again took a fourth of its time.
    """
    gc.freeze()
    gc.set_threshold(ROWS_OF_A_CHUNK)


def work_from(settings: Settings) -> Work:
    """Return the tools that the settings name; a simulated store has no real mail and no real telephone.

    What the process writes from now on is read in the zone of this house.
    """
    freeze_heap()
    store = settings.store()
    use_house_zone(settings, store)
    telephone = FakeTelephone() if store.simulated else CallList()
    webhooks = FakeSender() if store.simulated else webhook_sender(settings)
    return Work(
        store,
        _mailer(settings, store),
        telephone,
        settings.locale,
        ui_url=settings.ui_url,
        portal_url=settings.portal_url,
        public_url=settings.given_public_url,
        webhooks=webhooks,
        reply_to=_reply_to(settings),
        groups=FakeGroups() if store.simulated else groups_of(settings),
    )


def _reply_to(settings: Settings) -> str | None:
    """Return the address to which customers answer. Raises ``Refused('bad_reply_address')``."""
    if settings.mail_reply_to and not mail_address(settings.mail_reply_to).valid:
        raise Refused("bad_reply_address", address=settings.mail_reply_to)
    return settings.mail_reply_to or None


def _mailer(settings: Settings, store: Store) -> Mailer:
    file = store.home / "outbox" / "mail.jsonl"
    if store.simulated:
        return FakeMailer(file)
    server = mail_server(settings)
    return FileMailer(file) if server is None else SmtpMailer(server, settings.mail_from)


def mail_server(settings: Settings) -> MailServer | None:
    """Return the mail server that the settings name; without one mails are kept in a file."""
    if not settings.smtp_url:
        return None
    authorities = settings.smtp_ca.expanduser() if settings.smtp_ca is not None else None
    return MailServer(settings.smtp_url, authorities, settings.smtp_plain)


def webhook_sender(settings: Settings) -> "HttpSender":
    """Return the sender of webhooks that the settings allow. Raises ``Refused('bad_webhook_networks')``."""
    from gateways.webhook_http import HttpSender  # httpcore: only where webhooks are sent

    rules = AddressRules.of(settings)
    authorities = settings.webhook_ca.expanduser() if settings.webhook_ca is not None else None
    return HttpSender(SenderRules(rules.http_allowed, rules.networks, authorities))


def groups_of(settings: Settings) -> Groups:
    """Return the groups of staff that the home names, reached as webhooks are. Raises as ``webhook_sender``."""
    from gateways.group_robots import RobotGroups  # as above

    return RobotGroups(settings.where, webhook_sender(settings))


in_this_thread = ContextVar("in_this_thread", default=False)
"""Whether blocking work is done in the thread of the event loop.

So it is in a simulation: nothing else waits on its loop, and a thread for each look at the store costs more than the
look.
"""


async def off_loop(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking work in a thread: the engine is synchronous, flows are asynchronous."""
    if in_this_thread.get():
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)
