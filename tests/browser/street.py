"""The people of a busy street, who talk with the shop from a thread of their own while a browser is watched.

Visitors ask, look at pages and ask again; Colin answers them, takes, gives back and closes. All of it goes through the
server like anybody's, and each deed counts once it is done: said and in the log, or answered by the admin.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import Future
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect

from tests.faults.client import Cookies, Frame, ask, cookie_header, engage, sign_in, socket_url

VISITORS = 20
PATIENT, IMPATIENT = 30, 2  # pages somebody looks at, and lines they write, before they are answered
PATIENCE = 60  # seconds until what was said must be in the log

T = TypeVar("T")


class Line:
    """One person's socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.said: dict[str, asyncio.Future[Frame]] = {}

    async def listen(self) -> None:
        async for text in self.socket:
            frame = json.loads(text)
            if frame["type"] == "heartbeat":
                await self.send(type="heartbeat")
            known = self.said.get(frame.get("client_id"))
            if known and not known.done() and frame["type"] in ("message", "refused"):
                known.set_result(frame)

    async def send(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def say(self, body: str, conversation: str | None = None) -> str:
        """Say something, wait until it is in the log, and give the conversation it went to."""
        client_id = str(uuid4())
        known = self.said[client_id] = asyncio.get_running_loop().create_future()
        where = {"conversation": conversation} if conversation else {}
        await self.send(type="say", client_id=client_id, body=body, **where)
        frame: Frame = await asyncio.wait_for(known, PATIENCE)
        del self.said[client_id]
        if frame["type"] == "refused":
            raise RuntimeError(f"{body!r} was refused: {frame['reason']}")
        return str(frame["conversation"])


@contextlib.asynccontextmanager
async def line(origin: str, side: str, cookies: Cookies, **hello: Any) -> AsyncIterator[Line]:
    headers = {"Cookie": cookie_header(cookies), "Origin": origin}
    async with connect(socket_url(origin, side), additional_headers=headers, compression=None, proxy=None) as socket:
        one = Line(socket)
        await one.send(type="hello", v=1, **hello)
        listening = asyncio.ensure_future(one.listen())
        try:
            yield one
        finally:
            listening.cancel()


class Street:
    """``with Street(origin) as street``: then ``street.go_on(300)`` waits until 300 things were done."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self._left = 0
        self._resting = 0
        self._go_on = asyncio.Event()
        self._all_rest = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._open: Future[None] = Future()
        self._closing = asyncio.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self._open.result(PATIENCE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(PATIENCE)

    def go_on(self, deeds: int) -> None:
        """Let people do so many things more, and wait until they are done."""
        self._wait(self._do(deeds))

    def vera_says(self, body: str) -> str:
        """One visitor is left to the operator in the browser: what she says, and to where it went."""
        return self._wait(self.vera.say(body))

    def _wait(self, deed: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(deed, self._loop).result(PATIENCE)

    async def _do(self, deeds: int) -> None:
        self._left += deeds
        self._all_rest.clear()
        self._go_on.set()
        await self._all_rest.wait()

    def _run(self) -> None:
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._live())

    async def _live(self) -> None:
        try:
            async with AsyncExitStack() as stack:
                self.cookies = await asyncio.to_thread(sign_in, self.origin, "colleague")
                desk = {"view": {"list": "mine", "page": 1}}
                self.colin = await stack.enter_async_context(line(self.origin, "operator", self.cookies, **desk))
                self.vera, *people = [await stack.enter_async_context(self._visitor()) for _ in range(VISITORS + 1)]
                self._open.set_result(None)
                lives = [asyncio.ensure_future(self._live_of(one, number)) for number, one in enumerate(people)]
                closing = asyncio.ensure_future(self._closing.wait())
                await asyncio.wait([closing, *lives], return_when=asyncio.FIRST_COMPLETED)
                for life in lives:
                    life.cancel()
                for ended in await asyncio.gather(*lives, return_exceptions=True):
                    if isinstance(ended, Exception):
                        raise ended
        except BaseException as error:
            if not self._open.done():
                self._open.set_exception(error)
            raise

    @contextlib.asynccontextmanager
    async def _visitor(self) -> AsyncIterator[Line]:
        cookies = await asyncio.to_thread(engage, self.origin)
        async with line(self.origin, "visitor", cookies, page={"url": f"{self.origin}/", "title": "Lamps"}) as one:
            yield one

    async def _live_of(self, visitor: Line, number: int) -> None:
        """One matter after the other: asked, looked about, taken, given back, answered, closed."""
        matter = 0
        while True:
            matter += 1
            name = f"{number}-{matter}"
            await self._turn()
            conversation = await visitor.say(f"Does the {name} dim?")
            for look in range(PATIENT if number % 5 == 0 else IMPATIENT):
                await self._turn()
                await visitor.send(type="page", url=f"{self.origin}/?{name}-{look}", title=f"Lamp {name} {look}")
                await self._turn()
                await visitor.say(f"And the {look}?")
            for verb in ("take", "release"):
                await self._turn()
                await self._colin_does(verb, conversation)
            for answer in range(6):
                await self._turn()
                await self.colin.say(f"The {name} does {answer}", conversation)
                await self._turn()
                await visitor.say(f"And with {answer}?")
            await self._turn()
            await self._colin_does("close", conversation)

    async def _colin_does(self, verb: str, conversation: str) -> None:
        path, form = f"/admin/consult/desk/{conversation}/{verb}/", {"csrfmiddlewaretoken": self.cookies["csrftoken"]}
        answer = await asyncio.to_thread(ask, self.origin, "POST", path, self.cookies, form)
        if answer.status != 204:
            raise RuntimeError(f"{verb}: {answer.status} {answer.text[:500]}")

    async def _turn(self) -> None:
        """Until one may do something more."""
        while self._left == 0:
            self._resting += 1
            if self._resting == VISITORS:
                self._all_rest.set()
            self._go_on.clear()
            await self._go_on.wait()
            self._resting -= 1
        self._left -= 1
