"""A TLS end in front of a Postgres that was built without: it answers the request for TLS and passes all on."""

import asyncio
import contextlib
import ssl
import struct
import threading
from collections.abc import Generator

TLS_REQUEST, GSS_REQUEST = 80877103, 80877104
CHUNK = 65536


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


class TlsEnd:
    """Serves one address; without a context it answers that it has no TLS."""

    def __init__(self, socket: str, context: ssl.SSLContext | None) -> None:
        self._socket, self._context = socket, context

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until one side ends it."""
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError), contextlib.closing(writer):
            begin = await reader.readexactly(8)
            while struct.unpack("!ii", begin) in {(8, TLS_REQUEST), (8, GSS_REQUEST)}:
                tls = self._context is not None and begin == struct.pack("!ii", 8, TLS_REQUEST)
                writer.write(b"S" if tls else b"N")
                await writer.drain()
                if tls and self._context is not None:
                    await writer.start_tls(self._context)
                begin = await reader.readexactly(8)
            from_server, to_server = await asyncio.open_unix_connection(self._socket)
            with contextlib.closing(to_server):
                to_server.write(begin)
                await asyncio.gather(_pass_on(reader, to_server), _pass_on(from_server, writer))


@contextlib.contextmanager
def tls_end(socket: str, context: ssl.SSLContext | None) -> Generator[int]:
    """Start it on this machine; yield its port."""
    loop, ready, ports = asyncio.new_event_loop(), threading.Event(), list[int]()

    async def begin() -> asyncio.Server:
        server = await asyncio.start_server(TlsEnd(socket, context).serve, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        return server

    async def end(connections: set[asyncio.Task[None]]) -> None:
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await asyncio.sleep(0)  # closed transports end in the next pass of the loop

    def run() -> None:
        server = loop.run_until_complete(begin())
        ready.set()
        loop.run_forever()
        server.close()
        loop.run_until_complete(end(asyncio.all_tasks(loop)))
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
