"""One open WebSocket, whoever is at the other end: it checks size, shape and rate, hands what is said to the writer,
and passes on what is heard.

A plain ASGI application: stock consumers hop through one shared thread before every handler, and this must not.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db import Error as DatabaseAway

from consult.chat import beat, closing, frames, live, origin, pool, reading, rights, text, writer
from consult.chat.closing import BINARY, POLICY, RESTART, SIGNED_OUT, TOO_LARGE
from consult.chat.entry import Entry, Refused
from consult.chat.models import Conversation, public_id
from consult.chat.requests import request_of

if TYPE_CHECKING:
    from django.http import HttpRequest

    from consult.chat.frames import Frame

UNPACED = {"say", "heartbeat"}  # the one has its own rate, the other asks nothing
ASKS, ASK_EVERY = 30, 0.2  # questions of the database at once, and the seconds for each after that
FRESH = 1.0  # seconds that the rights asked at the handshake hold for the first frame
STRIKES = 3  # malformed frames, then the socket closes
TYPING_EVERY = 1.0  # seconds
TURNED_AWAY = {"signed_out": SIGNED_OUT, "moved": RESTART}
UNREAD_FRAMES = 2_000  # waiting to go out: whoever reads so slowly starts again later

logger = logging.getLogger("consult")

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Socket:
    """One open WebSocket, from its handshake to its end."""

    __slots__ = (
        "_admitted", "_due", "_out", "_pump", "_receive", "_send", "_typed_at", "answers", "behind", "conversation",
        "greeted", "heard_at", "loop", "open", "own", "partial", "reading", "seq", "strikes", "turn", "warrant",
    )  # fmt: skip

    verbs: ClassVar[dict[str, Callable[[Any, Frame], Awaitable[None]]]] = {}

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._out: deque[dict[str, Any]] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._typed_at = 0.0
        self._admitted = 0.0  # when it was asked whom this socket is of
        self._due = 0.0  # when the next question of the database has its turn
        self.loop = asyncio.get_running_loop()
        self.open = False
        self.warrant = rights.Warrant()
        self.strikes = 0
        self.heard_at = time.monotonic()
        self.greeted = False
        self.conversation = ""  # the public id of the one whose messages this socket follows
        self.seq = 0  # up to this one they have been sent
        self.turn = asyncio.Lock()  # whose turn it is to read: two readings would send the same twice
        self.reading = False  # somebody reads,
        self.behind = False  # and something was heard meanwhile
        self.partial = False  # the last welcome had more than it could carry: the next hello asks for it
        self.answers: list[asyncio.Future[None]] | None = None  # to what was said, where somebody waits for them
        self.own: list[live.Event] = []  # what this socket tells the others and need not hear

    @classmethod
    async def serve(cls, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """The ASGI application. Wrong or missing Origin: refused before anything is asked of the database."""
        await receive()
        request = request_of(scope)
        if request is None or not origin.allowed(request):
            await send({"type": "websocket.close", "code": POLICY})
            return
        socket = cls(receive, send)
        refused = await socket.admit(request)
        await send({"type": "websocket.accept"})
        if refused:
            await closing.close(send, refused)
            return
        await socket.stay()

    async def admit(self, request: HttpRequest) -> int | None:
        """None where we know who is at the other end; else the code to close with."""
        self._admitted = self.loop.time()
        try:
            return None if await pool.run(self.identify, request) else SIGNED_OUT
        except DatabaseAway:
            logger.exception("A socket could not be opened; its browser tries again")
            return RESTART

    def identify(self, request: HttpRequest) -> bool:
        """Who is at the other end; False for nobody we know."""
        raise NotImplementedError

    def keys(self) -> tuple[str, ...]:
        """What this socket listens to as long as it is open."""
        raise NotImplementedError

    def pass_on(self, event: live.Event) -> None:
        """Something was heard that is no message."""
        raise NotImplementedError

    async def stay(self) -> None:
        self.enter()
        try:
            while (event := await self._receive())["type"] != "websocket.disconnect":
                if self.open:
                    await self.receive(event)
        finally:
            self.leave()

    def enter(self) -> None:
        self.open = True
        live.join(self, *self.keys())
        beat.start()

    def leave(self) -> None:
        self.open = False
        self._out.clear()
        live.leave(self, *self.keys(), f"c{self.conversation}")

    async def sent(self) -> None:
        """When all that was pushed has been sent."""
        if self._pump is not None:
            await self._pump

    async def receive(self, event: dict[str, Any]) -> None:
        """One frame from the other end."""
        self.heard_at = time.monotonic()
        received = event.get("text")
        if received is None:
            self.close(BINARY)
            return
        if len(received) > frames.MAX_SIZE or len(received.encode(errors="replace")) > frames.MAX_SIZE:
            self.close(TOO_LARGE)
            return
        frame: Frame = {}
        try:
            frame = frames.parse(received)
            verb = self.verbs.get(frame["type"])
            if verb is None or (not self.greeted and frame["type"] not in ("hello", "heartbeat")):
                raise Refused("malformed")
            if frame["type"] not in UNPACED:
                await self._pace()
                if self.greeted or self.loop.time() - self._admitted > FRESH:
                    self.may(await pool.run(rights.of, self.warrant))
            await verb(self, frame)
        except Refused as refusal:
            self.refuse(refusal, frame)
        except DatabaseAway:
            logger.exception("A socket starts again, for the database did not answer it")
            self.close(RESTART)

    def may(self, now: rights.Rights) -> None:
        """Go on with the rights there are by now. Raises Refused where there are none left."""
        if not (now.answers or now.sees_all):
            raise rights.turned_away(now)

    def push(self, text: str) -> None:
        """Send a frame, encoded; in order, without waiting."""
        self._put({"type": "websocket.send", "text": text})

    def tell(self, frame: Frame) -> None:
        self.push(frames.encode(frame))

    def close(self, code: int) -> None:
        self._put({"type": "websocket.close", "code": code})

    def hear(self, event: live.Event) -> None:
        """Pass on what was announced: a message only if its number continues, else read what is missing."""
        if event.kind == "moved":
            self.close(RESTART)
        elif not self.greeted or self.partial:
            self.behind = True
        elif event.kind != "message":
            if not any(event is own for own in self.own):
                self.pass_on(event)
        elif event.conversation == self.conversation and event.seq == self.seq + 1 and not self.reading:
            self.seq = event.seq
            self.push(event.text)
        elif event.conversation != self.conversation or event.seq > self.seq:
            self.catch_up()

    def catch_up(self) -> None:
        """Read what was missed; one reading at a time."""
        self.behind = True
        if not self.reading and not self.partial:
            self.reading = True
            self.loop.create_task(self._catch_up())

    async def read_missed(self) -> bool:
        """Send what was missed, as far as one reading goes. True if there is more."""
        conversation, seq = self.conversation, self.seq
        missed, more = await pool.run(reading.newer, conversation, seq)
        if conversation == self.conversation:
            for frame in missed:
                if frame["seq"] == self.seq + 1:
                    self.seq += 1
                    self.tell(frame)
        return more

    async def greet(self, frame: Frame) -> None:
        """Answer ``hello`` with ``welcome``. Joined first, read second: nothing falls between."""
        async with self.turn:
            self.reading = True
            self.behind = False
            try:
                welcome = await pool.run(self.look, frame)
            finally:
                self.reading = False
            self.greeted = True
            self.partial = "after" in frame and welcome.get("more", False)
            if welcome["type"] == "welcome":
                self.settle(welcome)
            self.tell(welcome)
        if self.behind:
            self.catch_up()

    def follow(self, conversation: str) -> None:
        if conversation != self.conversation:
            self.conversation = conversation
            self.seq = 0

    def settle(self, welcome: Frame) -> None:
        """Go on from where ``welcome`` leaves the other end."""
        self.follow(welcome["conversation"] or "")
        sent = welcome["messages"]
        self.seq = sent[-1]["seq"] if sent else welcome["last_seq"]

    def look(self, frame: Frame) -> Frame:
        """The answer to ``hello``, read from the database."""
        raise NotImplementedError

    def answered(self, client_id: UUID, conversation: object, outcome: writer.Outcome) -> None:
        """What became of something this socket said. Where its announcement was heard that was the answer."""
        if isinstance(outcome, Refused):
            self.refuse(outcome, {"type": "say", "client_id": str(client_id), "conversation": str(conversation)})
            return
        named = str(outcome.conversation.public_id)
        if named != self.conversation and not self.heard_of(outcome.conversation):
            self.catch_up()
        elif outcome.repeated or named != self.conversation:
            self.tell(frames.message(outcome, outcome.conversation.public_id))

    def heard_of(self, conversation: Conversation) -> bool:
        """Whether the other end knows this conversation, which is not the one followed."""
        return True

    def submit(self, entry: Entry, named: object) -> None:
        known = self.loop.create_future() if self.answers is not None else None

        def answer(outcome: writer.Outcome) -> None:
            self.answered(entry.client_id, named, outcome)
            if known is not None:
                known.set_result(None)

        if self.answers is not None and known is not None:
            self.answers.append(known)
        writer.submit(writer.Said(entry, self.warrant, self.loop, answer))

    def type_to(self, told: dict[str, Frame]) -> None:
        """Tell the others who types, each key in its own words. Never stored; more than one a second is dropped."""
        now = time.monotonic()
        if self.conversation and now - self._typed_at >= TYPING_EVERY:
            self._typed_at = now
            frame = {"type": "typing", "conversation": self.conversation}
            self.own = [
                live.Event((key,), "typing", self.conversation, 0, frames.encode(frame | {"author": author}))
                for key, author in told.items()
            ]
            live.tell(self.own)

    async def more(self, frame: Frame) -> None:
        conversation, seq = self._named(frame), frames.integer_of(frame, "before")
        older, more = await pool.run(reading.older, conversation, seq)
        if conversation == self.conversation:
            self.tell({"type": "messages", "conversation": conversation, "messages": older, "more": more})

    async def heartbeat(self, frame: Frame) -> None:
        """That it came is all it says."""

    async def _pace(self) -> None:
        """Let whoever asks for much wait: until they took what they were told, then for their turn."""
        await self.sent()
        now = self.loop.time()
        self._due = max(self._due, now - ASKS * ASK_EVERY) + ASK_EVERY
        if self._due > now:
            await asyncio.sleep(self._due - now)

    def _named(self, frame: Frame) -> str:
        """The conversation a frame names, which must be the one followed. Raises Refused("not_found")."""
        named = frame.get("conversation", self.conversation)
        if not self.conversation or named != self.conversation:
            raise Refused("not_found")
        return self.conversation

    def refuse(self, refusal: Refused, frame: Frame | None = None) -> None:
        frame = frame or {}
        if refusal.reason in TURNED_AWAY:
            self.close(TURNED_AWAY[refusal.reason])
            return
        where = {key: public_id(frame.get(key)) for key in ("client_id", "conversation")}
        self.tell(frames.refused(refusal, text.clean(frame.get("type", ""), limit=32), **where))
        if refusal.reason == "malformed":
            self.strikes += 1
            if self.strikes >= STRIKES:
                self.close(POLICY)

    async def _catch_up(self) -> None:
        async with self.turn:
            self.reading = True
            try:
                while self.behind and self.open:
                    self.behind = False
                    if await self.read_missed():
                        self.behind = True
            except DatabaseAway:
                logger.exception("A socket starts again, for the database did not answer it")
                self.close(RESTART)
            finally:
                self.reading = False

    def _put(self, event: dict[str, Any]) -> None:
        if not self.open:
            return
        if event["type"] == "websocket.close":
            self.open = False
        elif len(self._out) >= UNREAD_FRAMES:
            self._out.clear()
            self.close(RESTART)
            return
        self._out.append(event)
        if self._pump is None:
            self._pump = self.loop.create_task(self._drain())

    async def _drain(self) -> None:
        try:
            while self._out:
                event = self._out.popleft()
                if event["type"] == "websocket.close":
                    await closing.close(self._send, event["code"])
                else:
                    await self._send(event)
        except (OSError, RuntimeError):  # the server's word that the other end has gone
            self._out.clear()
        finally:
            self._pump = None

    async def read_by(self, reader: str, frame: Frame) -> None:
        """``reader`` ("visitor" or "operators") has read up to what ``frame`` says."""
        await pool.run(_read, self._named(frame), reader, frames.integer_of(frame, "seq"))


def _read(conversation: str, reader: str, seq: int) -> None:
    for row in Conversation.objects.filter(public_id=conversation):
        row.read_by(reader, seq)
