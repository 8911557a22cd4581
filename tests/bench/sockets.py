"""A WebSocket client that costs next to nothing, so that the load generator's core is not what is measured.

Frames are masked with the key 0, which every server must accept and undoes like any other. What it cannot read
(fragments, binary) no server here sends; it says so rather than measure something else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import urlsplit

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
NO_MASK = b"\0\0\0\0"
HANDSHAKE_SECONDS = 30

Heard = Callable[[bytes], None]


def frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((opcode, 0x80 | size)) + NO_MASK + payload
    return bytes((opcode, 0x80 | 126)) + size.to_bytes(2) + NO_MASK + payload


class Socket(asyncio.Protocol):
    def __init__(self, heard: Heard) -> None:
        self.heard = heard
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None
        self.buffer = bytearray()
        self.upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("cut during the handshake"))
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.upgraded and not self.upgrade():
            return
        while self.take_frame():
            pass

    def upgrade(self) -> bool:
        head, end, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        if not end:
            return False
        if b" 101 " not in head.split(b"\r\n", 1)[0]:
            self.opened.set_exception(ConnectionError(head.decode("latin-1")))
            self.write_nothing_more()
            return False
        self.upgraded = True
        self.buffer = bytearray(rest)
        self.opened.set_result(None)
        return True

    def take_frame(self) -> bool:
        buffer = self.buffer
        if len(buffer) < 2:
            return False
        size, start = buffer[1], 2
        if size == 126:
            size, start = int.from_bytes(buffer[2:4]), 4
        elif size == 127:
            size, start = int.from_bytes(buffer[2:10]), 10
        if len(buffer) < start + size:
            return False
        payload = bytes(buffer[start : start + size])
        opcode = buffer[0]
        del buffer[: start + size]
        if opcode == TEXT:
            self.heard(payload)
        elif opcode == PING:
            self.write(frame(PONG, payload))
        elif opcode == CLOSE:
            self.write_nothing_more()
        elif opcode != PONG:
            raise ValueError(f"a frame of a kind not expected here: {opcode:#x}")
        return True

    def say(self, text: bytes) -> None:
        self.write(frame(TEXT, text))

    def write(self, octets: bytes) -> None:
        if self.transport is not None:
            self.transport.write(octets)

    def write_nothing_more(self) -> None:
        if self.transport is not None:
            self.transport.close()

    async def close(self) -> None:
        self.write(frame(CLOSE, (1000).to_bytes(2)))
        self.write_nothing_more()
        await self.closed


async def connect(url: str, headers: Mapping[str, str], heard: Heard) -> Socket:
    """An open socket. Raises ConnectionError with the server's answer when it does not upgrade."""
    place = urlsplit(url)
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(lambda: Socket(heard), place.hostname or "", place.port or 80)
    lines = [
        f"GET {place.path} HTTP/1.1",
        f"Host: {place.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    socket.write("\r\n".join([*lines, "", ""]).encode())
    await asyncio.wait_for(socket.opened, HANDSHAKE_SECONDS)
    return socket
