"""Prints on the console of ``up`` and ``drive`` how many notices reached nobody, at the start and whenever more do."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from apps.status import NOTICES_OF
from engine.store import Store
from flows.work import off_loop
from locales.translation import when_in_zone
from reports.notices import UndeliveredNotices, notices

LOOK_SECONDS = 30.0
"""A house without a mail server writes notices all day: a line each half minute is enough."""

Tell = Callable[..., None]
_log = logging.getLogger(__name__)


class NoticeWatch:
    """Compares the undelivered notices of the last day with those that were printed last."""

    def __init__(self, store: Store, locale: str, tell: Tell, of: timedelta = NOTICES_OF) -> None:
        self._store, self._locale, self._tell, self._of = store, locale, tell, of
        self._printed: dict[str, int] = {}

    def look(self) -> None:
        """Print the causes and counts if one is new or has grown, and once when there are none any more.

        A count that falls because notices are older than a day is no news.
        """
        now = self._store.now()
        with self._store.looking() as tx:
            current = notices(tx, now - self._of)
        causes, printed = dict(current.causes), self._printed
        at = when_in_zone(now, "%H:%M:%S")
        if any(count > printed.get(cause, 0) for cause, count in causes.items()):
            self._tell("up.undelivered", at=at, notices=_text(current, self._locale))
        elif printed and current.ok:
            self._tell("up.delivered", at=at)
        self._printed = causes


async def watch_notices(watch: NoticeWatch) -> None:
    """Look now and again, until cancelled. A look that fails is repeated: the database may be away."""
    while True:
        try:
            await off_loop(watch.look)
        except Exception as error:  # noqa: BLE001 (what fails here must not end the driver)
            _log.debug("notices could not be counted: %s", type(error).__name__)
        await asyncio.sleep(LOOK_SECONDS)


def _text(undelivered: UndeliveredNotices, locale: str) -> str:
    return "\n".join([undelivered.total.text(locale), *(f"  {line.text(locale)}" for line in undelivered.lines)])
