"""The tools of every flow: the store, the gateways, the observer, and the name of the process."""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import ParamSpec, TypeVar

from engine.settings import Settings
from engine.store import Store
from flows.run_info import Observer, Unobserved
from gateways.mail import FakeMailer, Mailer, SmtpMailer
from gateways.telephone import CallList, FakeTelephone, Telephone
from locales.house_zone import use_house_zone

P = ParamSpec("P")
T = TypeVar("T")


def _name() -> str:
    return f"{os.getpid()}-{secrets.token_hex(4)}"


async def _no_progress(percent: int) -> None:
    """Report progress to nobody."""


@dataclass
class Work:
    """The tools of one process; ``name`` owns its leases, ``progress`` is called with percentages."""

    store: Store
    mailer: Mailer
    telephone: Telephone
    locale: str = "zh_CN"
    observer: Observer = field(default_factory=Unobserved)
    name: str = field(default_factory=_name)
    progress: Callable[[int], Awaitable[None]] = _no_progress

    async def now(self) -> datetime:
        """Return the store's time."""
        return self.store.now()


def work_from(settings: Settings) -> Work:
    """Return the tools that the settings name; a simulated store has no real mail and no real telephone.

    What the process writes from now on is read in the zone of this house.
    """
    store = settings.store()
    use_house_zone(settings, store)
    drop = FakeMailer(store.home / "outbox" / "mail.jsonl")
    real_mail = settings.smtp_url is not None and not store.simulated
    mailer = SmtpMailer(settings.smtp_url or "", settings.mail_from) if real_mail else drop
    telephone = FakeTelephone() if store.simulated else CallList()
    return Work(store, mailer, telephone, settings.locale)


async def off_loop(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking work in a thread: the engine is synchronous, flows are asynchronous."""
    return await asyncio.to_thread(work, *args, **kwargs)


class SameThread(ThreadPoolExecutor):
    """An executor without threads: work is done before ``submit`` returns.

    For a loop on which nothing else waits meanwhile, as in a simulation: there a thread per look at the store costs
    more than the look.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done = Future[T]()
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 (whoever awaits it raises it)
            done.set_exception(error)
        return done
