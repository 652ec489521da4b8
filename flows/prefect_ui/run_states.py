"""The state in which a flow run ends, without data, and the message that the run itself adds to it."""

import logging
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from statemachines.lifecycle import Refused

# Note [What Prefect may know]
# A run stores its parameters, name, tags, state messages and log lines; an exception that leaves a flow is also
# pickled below PREFECT_HOME, even when results are not persisted. So no exception and no result ever leaves our flows:
# they return a state without data whose message is at most labels, counts or the name of a type.

LEFT_NOTHING = "done, but its artifacts could not be left"

_parts: ContextVar[list[str] | None] = ContextVar("parts", default=None)
_log = logging.getLogger(__name__)


def code_of(error: BaseException) -> str:
    """Return what may be said of an error: a refusal's code or the type, for its text may be personal."""
    return error.code if isinstance(error, Refused) else type(error).__name__


def add_to_message(text: str) -> None:
    """Add a text to the message of the state in which the run of this context ends: labels and counts only."""
    parts = _parts.get()
    if parts is not None:
        parts.append(text)


def collect_message() -> list[str]:
    """Start to collect the texts that the run of this context adds; the list fills as it goes on."""
    parts: list[str] = []
    _parts.set(parts)
    return parts


def joined_message(parts: Sequence[str]) -> str | None:
    """Join the collected texts to the message of a state."""
    return " · ".join(parts) or None


async def state_after(body: Callable[[], Awaitable[State[Any] | None]]) -> State[Any]:
    """Run the body of a flow and return its state: the body's own, Completed or Failed.

    The process's own log gets the traceback without the error's text. See Note [What Prefect may know].
    """
    parts = collect_message()
    try:
        state = await body()
    except Exception as error:  # noqa: BLE001 (its text may be personal)
        frames = "".join(traceback.format_tb(error.__traceback__))
        _log.error("%s\n%s", type(error).__name__, frames)
        return Failed(message=code_of(error))
    return state or Completed(message=joined_message(parts))
