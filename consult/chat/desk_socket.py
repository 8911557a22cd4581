"""The socket of an operator's desk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from consult.chat import board, frames, live, pool, rate, reading, rights, text
from consult.chat.desks import desks
from consult.chat.entry import Author, Entry, Refused
from consult.chat.models import Conversation, ConversationQuerySet, name_of
from consult.chat.socket import Receive, Send, Socket

if TYPE_CHECKING:
    from django.http import HttpRequest

    from consult.chat.frames import Frame


class DeskSocket(Socket):
    """An operator's desk: a list of conversations, and one of them open."""

    __slots__ = ("author", "known", "list", "page", "sees_all", "told", "user", "visitor")

    def __init__(self, receive: Receive, send: Send) -> None:
        super().__init__(receive, send)
        self.sees_all = False
        self.list = "waiting"
        self.page = 1
        # Public ids of the rows it was told. Each goes when it closes or leaves its lists: never more than are open.
        self.known: set[str] = set()
        self.told: Frame = {}  # the counts it was last told
        self.visitor = ""  # the key of the visitor whose conversation it follows

    def identify(self, request: HttpRequest) -> bool:
        user: Any = request.user
        now = rights.at_desk(user)
        if now == rights.NONE:
            return False
        self.user = user.pk
        self.author = Author(f"u{user.pk}", name_of(user))
        self.sees_all = now.sees_all
        self.warrant = rights.of_user(request.session.session_key or "", user)
        return True

    def keys(self) -> tuple[str, ...]:
        return ("desk",)

    def may(self, now: rights.Rights) -> None:
        super().may(now)
        if self.sees_all and not now.sees_all:
            raise Refused("moved")  # what it shows and follows, it may no longer: it starts again with what it may
        self.sees_all = now.sees_all

    def enter(self) -> None:
        super().enter()
        desks.start()

    def pass_on(self, event: live.Event) -> None:
        self.push(event.text)

    def follow(self, conversation: str) -> None:
        if conversation != self.conversation:
            live.leave(self, f"c{self.conversation}")
            live.join(self, f"c{conversation}")
            super().follow(conversation)

    def unfollow(self) -> None:
        live.leave(self, f"c{self.conversation}")
        super().follow("")

    def look(self, frame: Frame) -> Frame:
        conversation = self._visible(frames.uuid_of(frame, "conversation")).select_related("operator").first()
        if conversation is None:
            raise Refused("not_found")
        welcome = reading.welcome(conversation, frame.get("after"), frame.get("epoch"))
        (row,) = board.changed([conversation.pk])
        self.visitor = f"v{conversation.visitor_id}"
        return welcome | {"row": self.mine(row), "notes": reading.notes(conversation)}

    def settle(self, welcome: Frame) -> None:
        if welcome["conversation"] != self.conversation:  # while we read, a colleague took it, and we were told
            raise Refused("not_found")
        super().settle(welcome)

    def mine(self, row: Frame) -> Frame:
        """``row`` as this operator sees it."""
        return board.as_seen_by(row, self.user)

    def _visible(self, named: UUID | str) -> ConversationQuerySet:
        return Conversation.objects.at_desk(self.user, sees_all=self.sees_all).filter(public_id=named)

    async def hello(self, frame: Frame) -> None:
        if "view" in frame:
            await self._list(frame["view"])
        if "conversation" not in frame:
            return
        named = str(frames.uuid_of(frame, "conversation"))
        if "after" in frame:
            frames.integer_of(frame, "after")
            frames.integer_of(frame, "epoch")
        before = self.conversation
        if named != before and not await pool.run(self._visible(named).exists):
            raise Refused("not_found")  # before it is followed: who follows hears
        self.follow(named)
        try:
            await self.greet(frame)
        except Refused:
            self.unfollow() if before == named else self.follow(before)
            raise

    async def _list(self, view: object) -> None:
        if not isinstance(view, dict) or view.get("list") not in board.LISTS:
            raise Refused("malformed")
        self.list, self.page = view["list"], frames.integer_of(view, "page") if "page" in view else 1
        self.greeted = True
        await desks.know()
        rows = await pool.run(self._rows)
        self.known.update(row["conversation"] for row in rows["rows"])
        self.told = rows["counts"]
        self.tell(rows | {"rows": [self.mine(row) for row in rows["rows"]]})

    def _rows(self) -> Frame:
        return board.page(self.user, self.list, self.page, sees_all=self.sees_all)

    async def say(self, frame: Frame) -> None:
        client_id = frames.uuid_of(frame, "client_id")
        named = frames.uuid_of(frame, "conversation")
        body = text.body(frames.text_of(frame, "body"))
        rate.spend(self.author.key)
        self.submit(Entry(self.author, client_id, body, conversation=named), named)

    async def typing(self, frame: Frame) -> None:
        named = self._named(frame)
        author = {"kind": "operator", "name": self.author.name}
        self.type_to({self.visitor: author, f"c{named}": author | {"id": self.user}})

    async def read(self, frame: Frame) -> None:
        await self.read_by("operators", frame)

    verbs: ClassVar = {
        "hello": hello, "say": say, "typing": typing, "read": read,
        "more": Socket.more, "heartbeat": Socket.heartbeat,
    }  # fmt: skip
