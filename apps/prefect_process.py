"""Runs Prefect's server behind the gate, with its garbage collected in a thread and its busy answers tried again.

Usage: python -m apps.prefect_process HOST PORT [--no-services]

The environment gives both credentials. See Note [Two credentials] in apps/prefect_login.py.

Note [A server that waits for itself]: Prefect's server on SQLite stood still for a minute, now and then, with two
transactions at once. One waits in a thread for the write lock of the other, for up to 60 seconds, and holds the mutex
of its connection meanwhile. If the event loop's thread then happens to collect garbage in which an old cursor of that
connection lies, it waits for the mutex, and the transaction that holds the lock never goes on. So the event loop's
thread collects no garbage: another thread does, and only it waits.

Note [A server that refuses at once]: on SQLite, a transaction that reads before it writes is refused if another one has
written meanwhile, and Prefect's server answers 503. Prefect's client waits two seconds before it tries again; a browser
does not try again, and the supervisor who submits a form reads "error". So such a request is tried again here.
"""

import asyncio
import gc
import os
import sys
import threading
import time
from urllib.parse import urlsplit

from apps.prefect_gate import App, Gate, Message, Receive, Send
from apps.prefect_login import LOGIN_VARIABLE, PROCESS_VARIABLE, BadCredential, Credentials

YOUNG_SECONDS = 1.0
ALL_EVERY = 60
"""Every so many rounds, the old objects are collected as well."""
BUSY = 503
TRIES = 100
PAUSE_SECONDS = 0.05
ORIGINS = "PREFECT_SERVER_CORS_ALLOWED_ORIGINS"
NO_SERVICES = "--no-services"


def collect_apart() -> None:
    """Stop automatic garbage collection, and collect in a thread. See Note [A server that waits for itself]."""
    gc.disable()
    threading.Thread(target=_collect, name="garbage", daemon=True).start()


def _collect() -> None:
    rounds = 0
    while True:
        time.sleep(YOUNG_SECONDS)
        rounds += 1
        gc.collect(2 if rounds % ALL_EVERY == 0 else 1)


def busy_writes_again(app: App, tries: int = TRIES, pause_seconds: float = PAUSE_SECONDS) -> App:
    """Return an ASGI app that passes a write to `app` up to `tries` times while `app` answers 503.

    Nothing of a refused transaction is kept, so that the same request may come again: Prefect's client does so, too.
    See Note [A server that refuses at once].
    """

    async def again(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return await app(scope, receive, send)
        request = await _whole(receive)
        for _ in range(tries - 1):
            if not await _refused(app, dict(scope), _replayed(request, receive), send):
                return None
            await asyncio.sleep(pause_seconds)
        return await app(scope, _replayed(request, receive), send)

    return again


async def _whole(receive: Receive) -> list[Message]:
    """Return the messages of a request until its body is complete or its client has gone."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    return messages


def _replayed(request: list[Message], receive: Receive) -> Receive:
    """Return what gives the messages of a request once more, and then those that follow it."""
    left = [dict(message) for message in request]

    async def next_message() -> Message:
        return left.pop(0) if left else await receive()

    return next_message


async def _refused(app: App, scope: Message, receive: Receive, send: Send) -> bool:
    """Let `app` answer; return whether it answered 503, of which nothing is sent and no error raised."""
    refused = False

    async def unless_refused(message: Message) -> None:
        nonlocal refused
        refused = refused or (message["type"] == "http.response.start" and message["status"] == BUSY)
        if not refused:
            await send(message)

    try:
        await app(scope, receive, unless_refused)
    except Exception:
        if not refused:  # Starlette raises the error again after it has answered
            raise
    return refused


def own_origins(given: str, ui_api_url: str) -> str:
    """Return the origins whose pages may ask the API: those given, else that of the UI. Raises ``BadCredential``.

    With ``*``, any page that a supervisor's browser opens could.
    """
    if "*" in given:
        raise BadCredential(f"{ORIGINS} is *: name the addresses of the UI, separated by commas")
    if given:
        return given
    address = urlsplit(ui_api_url)
    own = f"{address.scheme}://{address.netloc}"
    return f"{own},{own.replace('//127.0.0.1', '//localhost')}" if address.hostname == "127.0.0.1" else own


def serve(host: str, port: int, *, services: bool = True) -> None:
    """Run Prefect's server at this address until it is told to stop, as `prefect server start` does."""
    environment = os.environ
    login, process = environment.get(LOGIN_VARIABLE, ""), environment.get(PROCESS_VARIABLE, "")
    credentials = Credentials(login, process, login_given=True).check()
    # Prefect itself demands the process credential; the gate gives it to whoever has the login.
    environment[LOGIN_VARIABLE] = credentials.process
    environment[ORIGINS] = own_origins(environment.get(ORIGINS, ""), environment.get("PREFECT_SERVER_UI_API_URL", ""))

    import uvicorn
    from prefect.server.api.server import create_app
    from prefect.settings import get_current_settings

    settings = get_current_settings().server
    prefect: App = create_app(final=True, webserver_only=not services)  # pyright: ignore[reportAssignmentType]
    uvicorn.run(
        Gate(prefect, busy_writes_again(prefect), credentials, environment.get("CLOSELOOP_LOCALE", "zh_CN")),
        host=host,
        port=port,
        timeout_keep_alive=settings.api.keepalive_timeout,
        ws_ping_interval=settings.api.websocket_ping_interval,
        ws_ping_timeout=settings.api.websocket_ping_timeout,
        log_level=settings.logging_level.lower(),
    )


if __name__ == "__main__":
    collect_apart()
    try:
        serve(sys.argv[1], int(sys.argv[2]), services=NO_SERVICES not in sys.argv[3:])
    except BadCredential as bad:
        sys.exit(str(bad))
