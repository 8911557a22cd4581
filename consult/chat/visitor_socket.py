"""The socket of a visitor's page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import get_language

from consult.chat import contact, frames, live, pool, presence, queue, rate, reading, rights, text, visits
from consult.chat.entry import Author, Entry, Refused
from consult.chat.identity import token_of
from consult.chat.models import Conversation
from consult.chat.socket import Receive, Send, Socket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

    from consult.chat.frames import Frame


class VisitorSocket(Socket):
    """A visitor's page. It follows the visitor's conversation, whichever that is."""

    __slots__ = ("author", "language", "place", "presence", "user_agent", "visitor")

    def __init__(self, receive: Receive, send: Send) -> None:
        super().__init__(receive, send)
        self.language = get_language() or settings.LANGUAGE_CODE
        self.presence: presence.Presence | None = None  # it was last told
        self.place: int | None = None  # in the queue, which it was last told

    def identify(self, request: HttpRequest) -> bool:
        token = token_of(request)
        if token is None:
            return False
        self.visitor = token.visitor_id
        self.author = token.visitor.author
        self.user_agent = request.headers.get("User-Agent", "")
        if token.customer_id is None:
            self.warrant = rights.Warrant(token=token.pk, visitor=token.visitor_id)
        else:
            signed_in = rights.of_user(request.session.session_key or "", request.user)
            self.warrant = signed_in._replace(token=token.pk, visitor=token.visitor_id)
        return True

    def keys(self) -> tuple[str, ...]:
        return (f"v{self.visitor}", "visitors")

    def pass_on(self, event: live.Event) -> None:
        if event.kind == "welcome":  # the visitor's next conversation has opened
            self.follow(event.conversation)
            self.push(event.text)
        elif event.kind == "contact":
            self.author = Author(self.author.key, json.loads(event.text)["name"])
            self.push(event.text)
        elif event.conversation in ("", self.conversation):
            self.push(event.text)

    def look(self, frame: Frame) -> Frame:
        self._saw(frame)
        conversation = reading.current(self.visitor)
        named = frame.get("conversation")
        if named is not None and (conversation is None or named != str(conversation.public_id)):
            return reading.reset(named)
        welcome = reading.welcome(conversation, frame.get("after"), frame.get("epoch"))
        return welcome | {"contact": contact.of(self.visitor)}

    def heard_of(self, conversation: Conversation) -> bool:
        """One that is open is where this visitor is by now: the socket has yet to say so."""
        return conversation.closed_at is not None

    async def read_missed(self) -> bool:
        """As for any socket; but where the conversation itself is another by now, start with that one."""
        current = await pool.run(reading.current, self.visitor)
        if current is None:
            return False
        if str(current.public_id) != self.conversation:
            self.follow(str(current.public_id))
            self.tell(frames.welcome(current, [], None, more=False))
        return await super().read_missed()

    async def hello(self, frame: Frame) -> None:
        if frame.get("conversation") is not None:
            frames.uuid_of(frame, "conversation")
        if "after" in frame:
            frames.integer_of(frame, "after")
            frames.integer_of(frame, "epoch")
        if isinstance(language := frame.get("language"), str) and translation.check_for_language(language):
            self.language = language
        await self.greet(frame)
        self.presence = self.place = None
        self.learn(*await pool.run(self._standing))

    def learn(self, now: presence.Presence, places: Mapping[str, int]) -> None:
        """Tell the page whether somebody can answer, and its visitor's place in the queue, if either is another."""
        if not self.greeted:
            return
        if now != self.presence:
            self.presence = now
            self.push(presence.frame(now, self.language))
        place = places.get(self.conversation)
        if place != self.place:
            self.place = place
            self.tell({"type": "place", "conversation": self.conversation, "place": place})

    async def say(self, frame: Frame) -> None:
        client_id = frames.uuid_of(frame, "client_id")
        body = text.body(frames.text_of(frame, "body"))
        rate.spend(self.author.key)
        named = frame.get("conversation") or None
        if named is not None and named != self.conversation:
            theirs = Conversation.objects.filter(public_id=frames.uuid_of(frame, "conversation"), visitor=self.visitor)
            if not await pool.run(theirs.exists):
                raise Refused("not_found")
        self.submit(Entry(self.author, client_id, body, visitor=self.visitor), named)

    async def typing(self, frame: Frame) -> None:
        author = {"kind": "visitor", "name": self.author.name}
        self.type_to({f"c{self._named(frame)}": author, f"v{self.visitor}": author})

    async def read(self, frame: Frame) -> None:
        await self.read_by("visitor", frame)

    async def page(self, frame: Frame) -> None:
        await pool.run(self._saw, {"page": frame})

    async def contact(self, frame: Frame) -> None:
        claims = {field: frames.text_of(frame, field) for field in contact.FIELDS if field in frame}
        try:
            await pool.run(contact.keep, self.visitor, contact.clean(**claims))
        except ValidationError as error:
            self.tell({"type": "refused", "of": "contact", "reason": "invalid", "fields": [*error.message_dict]})

    def _standing(self) -> tuple[presence.Presence, dict[str, int]]:
        return presence.now(), queue.places(self.conversation)

    def _saw(self, frame: Frame) -> None:
        """Remember the page named in ``frame``, and what its browser says of this visit."""
        page = frame.get("page")
        if isinstance(page, dict):
            visits.saw(self.visitor, page.get("url"), page.get("title"), frame.get("visit"), self.user_agent)

    verbs: ClassVar = {
        "hello": hello, "say": say, "typing": typing, "read": read, "page": page,
        "contact": contact, "more": Socket.more, "heartbeat": Socket.heartbeat,
    }  # fmt: skip
