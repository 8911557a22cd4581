"""Two people in each of many conversations who answer one another as fast as the server lets them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from uuid import uuid4

from tests.bench.sockets import Socket

STALLED_SECONDS = 30


class Dialect(Protocol):
    """How one contender wants a message worded, and how it words one that was kept."""

    def words(self, side: str, client_id: str) -> bytes: ...

    def is_message(self, text: bytes) -> bool: ...

    def heartbeat(self) -> bytes | None: ...


@dataclass
class Pair:
    """A visitor and an operator. Who was last answered speaks next: one message under way at a time."""

    dialect: dict[str, Dialect]
    sockets: dict[str, Socket] = field(default_factory=dict)
    speaker: str = "visitor"
    client_id: bytes = b""
    heard_by: set[str] = field(default_factory=set)
    began: float = 0.0
    delivered: Callable[[float], None] | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self) -> None:
        client_id = str(uuid4())
        self.client_id = client_id.encode()
        self.heard_by.clear()
        self.settled.clear()
        self.began = time.perf_counter()
        self.sockets[self.speaker].say(self.dialect[self.speaker].words(self.speaker, client_id))

    def beat(self) -> None:
        for side, socket in self.sockets.items():
            if heartbeat := self.dialect[side].heartbeat():
                socket.say(heartbeat)

    def heard(self, side: str, text: bytes) -> None:
        if not self.client_id or self.client_id not in text or not self.dialect[side].is_message(text):
            return
        self.heard_by.add(side)
        if len(self.heard_by) < 2:
            return
        took = time.perf_counter() - self.began
        self.client_id = b""
        self.speaker = "operator" if self.speaker == "visitor" else "visitor"
        self.settled.set()
        if self.delivered is not None:
            self.delivered(took)


async def talk(pairs: list[Pair], seconds: float) -> tuple[int, float]:
    """Everybody talks for so many seconds; answers how many messages both sides had, and how long it took."""
    count = 0
    began = time.perf_counter()
    until = began + seconds

    def go_on(pair: Pair) -> Callable[[float], None]:
        def delivered(took: float) -> None:
            nonlocal count
            count += 1
            if time.perf_counter() < until:
                pair.say()

        return delivered

    for pair in pairs:
        pair.delivered = go_on(pair)
        pair.say()
    await asyncio.sleep(seconds)
    await all_settled(pairs)
    return count, time.perf_counter() - began


async def all_settled(pairs: list[Pair]) -> None:
    try:
        await asyncio.wait_for(asyncio.gather(*(pair.settled.wait() for pair in pairs)), STALLED_SECONDS)
    except TimeoutError:
        stalled = [f"{pair.speaker}'s, had by {sorted(pair.heard_by)}" for pair in pairs if not pair.settled.is_set()]
        raise AssertionError(f"{len(stalled)} messages of {len(pairs)} never came: {stalled[:5]}") from None


async def chat(pairs: list[Pair], seconds: float, per_second: float) -> list[float]:
    """A quiet shop: one message at a time, now here, now there; answers how long each took to the other side."""
    latencies: list[float] = []
    for pair in pairs:
        pair.delivered = latencies.append
    for number in range(max(1, int(seconds * per_second))):
        pair = pairs[number % len(pairs)]
        pair.say()
        await all_settled([pair])
        await asyncio.sleep(1 / per_second)
    return latencies
