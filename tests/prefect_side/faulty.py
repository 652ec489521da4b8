"""Servers that are not what they seem, each in the event loop of the test that meets them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEALTHY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\ntrue"


@asynccontextmanager
async def mute() -> AsyncIterator[str]:
    """Accepts and never answers."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async with _listening(serve) as url:
        yield url


@asynccontextmanager
async def healthy_but_stuck() -> AsyncIterator[str]:
    """Says that it is well and answers nothing else."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (await reader.read(65536)).startswith(b"GET /api/health "):
            writer.write(HEALTHY)
        await reader.read(-1)

    async with _listening(serve) as url:
        yield url


class Relay:
    """Stands before a real server: `slow` holds each write back, `cut` ends it in the middle of things."""

    def __init__(self, url: str) -> None:
        self.slow = 0.0
        self._target = urlsplit(url)
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @asynccontextmanager
    async def open(self, port: int = 0) -> AsyncIterator[str]:
        async with _listening(self._serve, port) as url:
            yield url
            self.cut()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._writers |= {writer, back}
        try:
            await asyncio.gather(self._pump(reader, back, self._hold), self._pump(there, writer))
        finally:
            self._writers -= {writer, back}
            back.close()

    async def _hold(self, data: bytes) -> None:
        if data.startswith((b"POST", b"PATCH")):
            await asyncio.sleep(self.slow)

    async def _pump(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        hold: Callable[[bytes], Awaitable[None]] | None = None,
    ) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                if hold:
                    await hold(data)
                sink.write(data)
                await sink.drain()
        sink.close()


@asynccontextmanager
async def _listening(serve: Serve, port: int = 0) -> AsyncIterator[str]:
    tasks: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(one(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(begin, "127.0.0.1", port)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the transports are closed in the loop's next round
