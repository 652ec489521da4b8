"""How a run of Prefect's ends: a state without data, and what the run itself says of it."""

import logging
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

# Note [What Prefect may know]
# A run stores its parameters, name, tags, state messages and log lines; an exception that leaves a flow
# is also pickled below PREFECT_HOME, even when results are not persisted. So no exception and no result
# ever leaves our flows: they return a state without data whose message is at most a type's name.

LEFT_NOTHING = "done, but its artifacts could not be left"

_words: ContextVar[list[str] | None] = ContextVar("words", default=None)
_log = logging.getLogger(__name__)


def tell(words: str) -> None:
    """Say it in the message of the state in which the run of this context will end: labels and counts only."""
    told = _words.get()
    if told is not None:
        told.append(words)


def listening() -> list[str]:
    """What the run of this context will tell from here on."""
    told: list[str] = []
    _words.set(told)
    return told


def message(told: Sequence[str]) -> str | None:
    """What was told, as the message of a state."""
    return " · ".join(told) or None


async def state_after(work: Callable[[], Awaitable[None]]) -> State[Any]:
    """What the flow of a deployment returns: how `work` ended, told to Prefect by a type's name alone.

    The process's own log gets the places too, without the text. See Note [What Prefect may know].
    """
    told = listening()
    try:
        await work()
    except Exception as error:  # noqa: BLE001
        places = "".join(traceback.format_tb(error.__traceback__))
        _log.error("%s\n%s", type(error).__name__, places)
        return Failed(message=type(error).__name__)
    return Completed(message=message(told))
