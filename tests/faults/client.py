"""A person at the other end of the wire, who promises what a browser of ours promises and writes down what happens.

The same client_id for ever, one message under way at a time, `hello` with the last number after every cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.faults.checker import Acked, Event, Heard, Joined, Said

PASSWORD = "consult"
RETRY_SECONDS = 0.05

Frame = dict[str, Any]
Cookies = dict[str, str]


@dataclass
class Answer:
    status: int
    text: str
    cookies: Cookies


def ask(origin: str, method: str, path: str, cookies: Cookies, form: Mapping[str, str] | None = None) -> Answer:
    """One HTTP request, as a page of `origin` would make it. The cookies it was given come back with the new ones."""
    connection = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=30)
    headers = {"Origin": origin, "Referer": f"{origin}/"}
    if cookies:
        headers["Cookie"] = cookie_header(cookies)
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        connection.request(method, path, urlencode(form) if form is not None else None, headers)
        response = connection.getresponse()
        text = response.read().decode()
        given = [value.partition(";")[0].split("=", 1) for value in response.headers.get_all("Set-Cookie", [])]
    finally:
        connection.close()
    return Answer(response.status, text, {**cookies, **dict(given)})


def cookie_header(cookies: Cookies) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def engage(origin: str) -> Cookies:
    """A visitor opens the panel for the first time."""
    answer = ask(origin, "POST", "/consult/engage/", {}, {})
    if answer.status >= 300 or not answer.cookies:
        raise RuntimeError(f"engage: {answer.status} {answer.text[:500]}")
    return answer.cookies


def sign_in(origin: str, name: str) -> Cookies:
    """A member of the staff signs in to the admin."""
    page = ask(origin, "GET", "/admin/login/", {})
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    if token is None:
        raise RuntimeError(f"no sign-in form: {page.status} {page.text[:500]}")
    form = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": token[1], "next": "/admin/"}
    answer = ask(origin, "POST", "/admin/login/", page.cookies, form)
    if answer.status != 302:
        raise RuntimeError(f"{name} cannot sign in: {answer.status}")
    return answer.cookies


def socket_url(origin: str, side: str) -> str:
    return f"ws{origin.removeprefix('http')}/ws/consult/{'visitor' if side == 'visitor' else 'desk'}/"


@dataclass
class Person:
    name: str
    side: str
    origin: str
    cookies: Cookies
    history: list[Event]
    conversation: str | None = None
    after: int = 0
    epoch: int | None = None
    resets: int = 0
    connections: int = 0
    refusals: list[Frame] = field(default_factory=list)
    outbox: deque[Said] = field(default_factory=deque)
    socket: ClientConnection | None = None
    following: str | None = None
    """The conversation this connection was welcomed to."""

    changed: asyncio.Event = field(default_factory=asyncio.Event)
    ready: bool = False
    resuming: bool = False
    under_way: bool = False

    async def live(self) -> None:
        """Stay connected until cancelled."""
        while True:
            with contextlib.suppress(OSError, TimeoutError, WebSocketException):
                await self.stay()
            self.socket, self.ready, self.under_way = None, False, False
            await asyncio.sleep(RETRY_SECONDS)

    async def stay(self) -> None:
        headers = {"Cookie": cookie_header(self.cookies), "Origin": self.origin}
        url = socket_url(self.origin, self.side)
        async with connect(
            url, additional_headers=headers, compression=None, open_timeout=5, close_timeout=0.2, proxy=None
        ) as socket:
            self.socket, self.following = socket, None
            self.connections += 1
            await self.hello()
            async for text in socket:
                await self.receive(json.loads(text))
                self.changed.set()

    async def send(self, frame: Frame) -> None:
        if self.socket is not None:
            await self.socket.send(json.dumps(frame))

    async def hello(self) -> None:
        frame: Frame = {"type": "hello", "v": 1, "page": {"url": "http://127.0.0.1/", "title": "Shop"}}
        if self.conversation is not None:
            frame["conversation"] = self.conversation
        if self.epoch is not None:
            frame |= {"after": self.after, "epoch": self.epoch}
        self.resuming = self.epoch is not None
        await self.send(frame)

    async def say(self, body: str, client_id: str | None = None) -> str:
        said = Said(self.name, client_id or str(uuid4()), body)
        self.history.append(said)
        self.outbox.append(said)
        await self.flush()
        return said.client_id

    async def flush(self) -> None:
        if not self.ready or self.under_way or not self.outbox:
            return
        self.under_way = True
        head = self.outbox[0]
        frame: Frame = {"type": "say", "client_id": head.client_id, "body": head.body}
        if self.conversation is not None:
            frame["conversation"] = self.conversation
        with contextlib.suppress(WebSocketException):  # the next connection sends it again
            await self.send(frame)

    async def receive(self, frame: Frame) -> None:
        match frame["type"]:
            case "welcome":
                await self.welcomed(frame)
            case "reset":
                self.resets += 1
                self.after, self.epoch = 0, None
                await self.hello()
            case "message":
                await self.heard(frame)
            case "heartbeat":
                if frame.get("conversation") == self.conversation and frame.get("last_seq", 0) > self.after:
                    await self.hello()
            case "refused":
                await self.refused(frame)

    async def welcomed(self, frame: Frame) -> None:
        if frame["conversation"] is not None:
            if frame["conversation"] != self.conversation:
                self.after = 0
            self.conversation, self.epoch = frame["conversation"], frame["epoch"]
            if not self.resuming and frame["messages"]:
                self.after = frame["messages"][0]["seq"] - 1
            if self.following != self.conversation:
                self.following = self.conversation
                self.history.append(Joined(self.name, self.connections, self.conversation, self.after))
        for message in frame["messages"]:
            await self.heard(message | {"conversation": frame["conversation"]})
        if frame["more"] and self.resuming:
            await self.hello()
        else:
            self.ready = True
            await self.flush()

    async def heard(self, message: Frame) -> None:
        client_id, body = message["client_id"] or f"line {message['seq']}", message["body"]
        conversation, seq = message["conversation"], message["seq"]
        self.history.append(Heard(self.name, self.connections, conversation, seq, client_id, body, message["kind"]))
        self.after = max(self.after, seq)
        if self.outbox and self.outbox[0].client_id == client_id:
            self.outbox.popleft()
            self.under_way = False
            self.history.append(Acked(self.name, client_id, conversation, seq))
            await self.flush()

    async def refused(self, frame: Frame) -> None:
        self.refusals.append(frame)
        self.under_way = False
        if frame["reason"] in ("try_again", "slow_down"):
            await asyncio.sleep(frame.get("retry_after", 1))
            await self.flush()

    async def until(self, condition: Callable[[], bool], seconds: float = 30) -> None:
        """Wait for something this person can see."""
        async with asyncio.timeout(seconds):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def until_ready(self, seconds: float = 30) -> None:
        await self.until(lambda: self.ready, seconds)

    async def until_all_is_said(self, seconds: float = 30) -> None:
        await self.until(lambda: not self.outbox, seconds)
