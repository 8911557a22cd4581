"""People at their sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from http.cookies import SimpleCookie
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client, RequestFactory

from consult.chat import identity
from consult.models import Conversation, Token, Visitor
from consult.routing import websocket

HOST = (b"host", b"testserver")
ORIGIN = (b"origin", b"http://testserver")


class Page:
    """One end of a socket, as a browser holds it."""

    def __init__(self, path: str, cookies: SimpleCookie, *headers: tuple[bytes, bytes]) -> None:
        cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
        self.socket = WebsocketCommunicator(
            websocket, path, headers=[HOST, *(headers or (ORIGIN,)), (b"cookie", cookie.encode())]
        )

    async def open(self) -> bool:
        accepted, _ = await self.socket.connect()
        return accepted

    async def tell(self, type_: str, /, **frame: Any) -> None:
        await self.socket.send_to(text_data=json.dumps({"type": type_, **frame}))

    async def say(self, body: str, /, **frame: Any) -> str:
        client_id = frame.pop("client_id", None) or str(uuid4())
        await self.tell("say", client_id=client_id, body=body, **frame)
        return client_id

    async def hear(self, kind: str) -> Any:
        """The next frame of this kind; others that come before it are let pass."""
        while True:
            frame = json.loads(await self.socket.receive_from(timeout=5))
            if frame["type"] == kind:
                return frame

    async def closing(self) -> Any:
        """The code that this socket is closed with."""
        while True:
            event = await self.socket.receive_output(timeout=5)
            if event["type"] == "websocket.close":
                return event["code"]

    async def hello(self, **frame: Any) -> Any:
        await self.tell("hello", v=1, **frame)
        return await self.hear("welcome")


@pytest.fixture
async def tasks_end_with_their_test() -> AsyncIterator[None]:
    """Cancelled again and again: redis-py can take a cancellation for its own timeout, and go on for ever; and what
    ends may begin another to tell of it.
    """
    yield
    while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=1)


@pytest.fixture
async def pages(tasks_end_with_their_test: None) -> AsyncIterator[list[Page]]:
    opened: list[Page] = []
    yield opened
    for page in opened:
        await page.socket.disconnect()


@pytest.fixture
def open_page(pages: list[Page]) -> Callable[..., Any]:
    async def open_page(path: str, cookies: SimpleCookie, *headers: tuple[bytes, bytes]) -> Page:
        page = Page(path, cookies, *headers)
        pages.append(page)
        assert await page.open()
        return page

    return open_page


@pytest.fixture
def visit(open_page: Callable[..., Any]) -> Callable[..., Any]:
    """A visitor opens the panel: ``await visit(visitor)``."""

    async def visit(visitor: Visitor, **hello: Any) -> Any:
        page = await open_page("/ws/consult/visitor/", await sync_to_async(browser_of)(visitor))
        page.welcome = await page.hello(**hello)
        await page.hear("availability")
        return page

    return visit


@pytest.fixture
def sit_down(open_page: Callable[..., Any]) -> Callable[..., Any]:
    """An operator opens the desk: ``await sit_down(operator)``."""

    async def sit_down(operator: User, which: str = "waiting") -> Any:
        page = await open_page("/ws/consult/desk/", await sync_to_async(session_of)(operator))
        await page.tell("hello", v=1, view={"list": which, "page": 1})
        page.rows = await page.hear("rows")
        return page

    return sit_down


def browser_of(visitor: Visitor) -> SimpleCookie:
    """The cookies of a browser that is this visitor's."""
    response = HttpResponse()
    stranger = identity.engage(RequestFactory().post("/"), response)
    Token.objects.filter(visitor=stranger).update(visitor=visitor)
    stranger.delete()
    return response.cookies


def session_of(user: User) -> SimpleCookie:
    client = Client()
    client.force_login(user)
    return client.cookies


@pytest.fixture
def conversation(visitor: Visitor) -> Conversation:
    """The visitor has asked for the size."""
    from consult.chat import log
    from consult.chat.entry import Entry

    return log.say(Entry(visitor.author, uuid4(), "Which size?", visitor=visitor.pk)).conversation
