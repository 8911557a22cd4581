"""Those who are compared: each a server, pinned to a core of its own, with a database of its own."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from tests.bench.load import Pair
from tests.bench.sockets import Heard, Socket, connect
from tests.faults.client import Cookies, cookie_header, engage, sign_in, socket_url
from tests.faults.machines import Postgres, Server

BODY = "Is the blue one also to be had a little larger, and when would it be here?"
OPERATORS = 5
OPENING_SECONDS = 60


@dataclass
class Contender(ABC):
    name: str
    server: Server
    postgres: Postgres
    database: str

    @abstractmethod
    async def pairs(self, count: int) -> list[Pair]:
        """So many conversations, each with both its people connected and the first words said."""

    @abstractmethod
    async def panels(self, count: int) -> list[Socket]:
        """So many visitors' open panels in which nobody says anything."""

    @abstractmethod
    def rows(self) -> int:
        """How many messages the database has."""

    def count(self, table: str) -> int:
        with self.postgres.connect(self.database) as connection:
            row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()  # noqa: S608  a name of ours
        return int(str(row[0])) if row else 0


class Bare(Contender):
    """The tutorial stack and the probe speak alike: whoever is at the same path hears what is said there."""

    async def pairs(self, count: int) -> list[Pair]:
        return [await self.pair(number) for number in range(count)]

    async def pair(self, number: int) -> Pair:
        pair = Pair({"visitor": Plain(), "operator": Plain()})
        for side in ("visitor", "operator"):
            pair.sockets[side] = await self.join(f"room{number}", pair, side)
        return pair

    async def join(self, room: str, pair: Pair, side: str) -> Socket:
        return await connect(f"{self.server.origin}/ws/{room}/", {}, lambda text: pair.heard(side, text))

    async def panels(self, count: int) -> list[Socket]:
        return [
            await connect(f"{self.server.origin}/ws/panel{number}/", {}, lambda text: None) for number in range(count)
        ]

    def rows(self) -> int:
        return self.count("line")


class Ours(Contender):
    async def pairs(self, count: int) -> list[Pair]:
        visitors = await asyncio.to_thread(self.engaged, count)
        operators = await asyncio.to_thread(self.signed_in)
        people = zip(visitors, islice(cycle(operators), count), strict=True)
        return [await self.pair(visitor, operator) for visitor, operator in people]

    def engaged(self, count: int) -> list[Cookies]:
        return [engage(self.server.origin) for _ in range(count)]

    def signed_in(self) -> list[Cookies]:
        return [sign_in(self.server.origin, f"operator{number}") for number in range(OPERATORS)]

    async def pair(self, visitor: Cookies, operator: Cookies) -> Pair:
        """The visitor's first words open the conversation; the operator's first ones take it."""
        ours = Framed()
        pair = Pair({"visitor": ours, "operator": ours})
        pair.sockets["visitor"] = await self.join("visitor", visitor, pair, {"page": {"url": "", "title": ""}})
        pair.say()
        await ours.opened.wait()
        pair.sockets["operator"] = await self.join("operator", operator, pair, {"conversation": ours.conversation})
        pair.client_id, pair.speaker = b"", "operator"
        pair.say()
        await asyncio.wait_for(pair.settled.wait(), OPENING_SECONDS)
        return pair

    async def join(self, side: str, cookies: Cookies, pair: Pair, hello: dict[str, object]) -> Socket:
        """Connect and be welcomed."""
        welcomed = asyncio.Event()
        dialect = pair.dialect[side]

        def heard(text: bytes) -> None:
            if not welcomed.is_set() and kind(text) == "welcome":
                welcomed.set()
            if isinstance(dialect, Framed) and not dialect.opened.is_set():
                dialect.learn(text)
            pair.heard(side, text)

        socket = await self.connected(side, cookies, heard, hello)
        await asyncio.wait_for(welcomed.wait(), OPENING_SECONDS)
        return socket

    async def connected(self, side: str, cookies: Cookies, heard: Heard, hello: dict[str, object]) -> Socket:
        headers = {"Cookie": cookie_header(cookies), "Origin": self.server.origin}
        socket = await connect(
            socket_url(self.server.origin, side).replace("ws:", "http:"),
            headers,
            heard,
        )
        socket.say(json.dumps({"type": "hello", "v": 1, **hello}).encode())
        return socket

    async def panels(self, count: int) -> list[Socket]:
        cookies = await asyncio.to_thread(self.engaged, count)
        return [await self.panel(one) for one in cookies]

    async def panel(self, cookies: Cookies) -> Socket:
        welcomed = asyncio.Event()

        def heard(text: bytes) -> None:
            if kind(text) == "welcome":
                welcomed.set()

        socket = await self.connected("visitor", cookies, heard, {"page": {"url": "", "title": ""}})
        await asyncio.wait_for(welcomed.wait(), OPENING_SECONDS)
        return socket

    def rows(self) -> int:
        return self.count("consult_message")


class Plain:
    def words(self, side: str, client_id: str) -> bytes:
        return json.dumps({"author": side, "client_id": client_id, "body": BODY}).encode()

    def is_message(self, text: bytes) -> bool:
        return True

    def heartbeat(self) -> bytes | None:
        return None


class Framed:
    """Our frames. The conversation is learnt from the first message."""

    def __init__(self) -> None:
        self.conversation: str | None = None
        self.opened = asyncio.Event()

    def learn(self, text: bytes) -> None:
        if kind(text) == "message":
            self.conversation = json.loads(text)["conversation"]
            self.opened.set()

    def words(self, side: str, client_id: str) -> bytes:
        frame = {"type": "say", "client_id": client_id, "body": BODY}
        if self.conversation is not None:
            frame["conversation"] = self.conversation
        return json.dumps(frame).encode()

    def is_message(self, text: bytes) -> bool:
        return b'"message"' in text

    def heartbeat(self) -> bytes | None:
        return b'{"type":"heartbeat"}'


def kind(text: bytes) -> str:
    found: str = json.loads(text)["type"]
    return found


def closing(sockets: Sequence[Socket]) -> list[asyncio.Task[None]]:
    return [asyncio.ensure_future(socket.close()) for socket in sockets]
