"""What stands between a browser and a server, and may lose what the server answers."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self

CHUNK = 65536


class Proxy:
    """Passes bytes on, both ways, until told otherwise."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.swallows_answers = False
        self.writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self.server = await asyncio.start_server(self.accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.close()
        self.cut()
        await self.server.wait_closed()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        """Every connection breaks, without a farewell."""
        for writer in self.writers:
            writer.transport.abort()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.target)
        both = {writer, to_server}
        self.writers |= both
        try:
            await asyncio.gather(self.pump(reader, to_server), self.pump(from_server, writer, answers=True))
        finally:
            self.writers -= both

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False) -> None:
        with contextlib.suppress(ConnectionError):
            while octets := await reader.read(CHUNK):
                if not (answers and self.swallows_answers):
                    writer.write(octets)
                    await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
