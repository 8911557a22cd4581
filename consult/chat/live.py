"""Live: a registry of this process's sockets, and one wire to the other processes.

What is told here is a courtesy: the database holds the truth, and whoever misses an event finds a hole in the numbers
or is reached by the poll floor. The only module that knows the channel layer.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

logger = logging.getLogger("consult")

GROUP = "consult"
SEND_TIMEOUT = 1  # seconds
REJOIN_EVERY = 30  # seconds: a layer that lost its memory learns again that we are here
RETRY_AFTER = 1  # seconds
WAITING_EVENTS = 10_000  # kept for the wire while it is stuck; the floor heals what is dropped

_me = uuid4().hex  # tells this process's own events when they come back


class Event(NamedTuple):
    """One thing to be heard by whoever stands under a key of ``to``; ``text`` is the frame, encoded once."""

    to: tuple[str, ...]
    kind: str
    conversation: str
    seq: int
    text: str


SOON = Event(("beat",), "soon", "", 0, "")  # to the beat of every process: something may be due that was not before


class Listener(Protocol):
    def hear(self, event: Event) -> None: ...


_listeners: dict[str, set[Listener]] = {}
_wire: _Wire | None = None


def join(listener: Listener, *keys: str) -> None:
    """From now on ``listener`` hears what is told to any of ``keys``. Called on the event loop."""
    global _wire
    loop = asyncio.get_running_loop()
    if _wire is None or _wire.loop is not loop:
        _listeners.clear()
        _wire = _Wire(loop)
    for key in keys:
        _listeners.setdefault(key, set()).add(listener)


def leave(listener: Listener, *keys: str) -> None:
    for key in keys:
        standing = _listeners.get(key, set())
        standing.discard(listener)
        if not standing:
            _listeners.pop(key, None)


def listening(key: str) -> list[Any]:
    """The listeners under ``key`` in this process."""
    return list(_listeners.get(key, ()))


def tell(events: Sequence[Event]) -> None:
    """Let everybody concerned hear ``events``, in this process and the others. From any thread."""
    if _wire is not None and not _wire.loop.is_closed():
        _wire.loop.call_soon_threadsafe(_spread, events)
    elif (layer := get_channel_layer()) is not None:
        try:
            async_to_sync(layer.group_send)(GROUP, _parcel(events))
        except Exception:  # the layer is the host's choice and may raise anything; the floor brings what it loses
            logger.warning("The channel layer took no events; they arrive with the next poll", exc_info=True)


def soon() -> None:
    """After commit every process looks at once for what is due, and judges anew whether somebody can answer."""
    transaction.on_commit(lambda: tell([SOON]), robust=True)


def _spread(events: Sequence[Event]) -> None:
    _deliver(events)
    if _wire is not None:
        _wire.send(events)


def _deliver(events: Sequence[Event]) -> None:
    for event in events:
        for key in event.to:
            for listener in tuple(_listeners.get(key, ())):
                listener.hear(event)


def _parcel(events: Sequence[Event]) -> dict[str, Any]:
    return {"type": "consult.events", "from": _me, "events": [list(event) for event in events]}


class _Wire:
    """This process's one place in the one group. Sends what gathered while the last sending ran."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.layer: Any = get_channel_layer()  # None where there is one process
        self._waiting: deque[Event] = deque(maxlen=WAITING_EVENTS)
        self._sending: asyncio.Task[None] | None = None
        self._listening = loop.create_task(self._listen()) if self.layer else None

    def send(self, events: Sequence[Event]) -> None:
        if self.layer is None:
            return
        self._waiting.extend(events)
        if self._sending is None or self._sending.done():
            self._sending = self.loop.create_task(self._send())

    async def _send(self) -> None:
        while self._waiting:
            events = list(self._waiting)
            self._waiting.clear()
            try:
                async with asyncio.timeout(SEND_TIMEOUT):
                    await self.layer.group_send(GROUP, _parcel(events))
            except Exception as error:  # noqa: BLE001  as in tell()
                logger.warning("The channel layer took no events (%r); they arrive with the next poll", error)

    async def _listen(self) -> None:
        while True:
            try:
                channel = await self.layer.new_channel()
                await self.layer.group_add(GROUP, channel)
                keeping = self.loop.create_task(self._rejoin(channel))
                try:
                    while True:
                        parcel = await self.layer.receive(channel)
                        if parcel["from"] != _me:
                            _deliver([Event(tuple(to), *rest) for to, *rest in parcel["events"]])
                finally:
                    keeping.cancel()
            except Exception as error:  # noqa: BLE001  as in tell()
                logger.warning("The channel layer is away (%r); trying again", error)
                await asyncio.sleep(RETRY_AFTER)

    async def _rejoin(self, channel: str) -> None:
        while True:
            await asyncio.sleep(REJOIN_EVERY)
            await self.layer.group_add(GROUP, channel)
